package fhirproxy

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/subscription"
)

// write serves a request that writes a resource which a topic wants. Its body passes
// through as it is, once it is here: others wait for the resource, and not for a client.
func (p *Proxy) write(w http.ResponseWriter, r *http.Request, t target) {
	if _, ok := whole(w, r); !ok {
		return
	}
	t.ifNoneExist = r.Header.Get("If-None-Exist") != ""
	p.send(w, r, false, &unit{target: t})
}

// largestBody is the most that a write may have, in bytes.
const largestBody = 64 << 20

// whole reads a body, which still goes to the upstream; if it can't, it has answered.
func whole(w http.ResponseWriter, r *http.Request) (body []byte, ok bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestBody))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "too-long", "the body is too large, or did not arrive whole; nothing was written")
		return nil, false
	}
	r.Body = http.NoBody
	if len(body) > 0 {
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	r.ContentLength, r.TransferEncoding = int64(len(body)), nil
	return body, true
}

// bundle serves a batch or transaction.
func (p *Proxy) bundle(w http.ResponseWriter, r *http.Request) {
	if len(p.wanted) == 0 {
		p.pass.ServeHTTP(w, r)
		return
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || !strings.HasSuffix(kind, "json") || r.Header.Get("Content-Encoding") != "" {
		refuse(w, http.StatusUnsupportedMediaType, "not-supported", "a batch or transaction must be application/fhir+json, without Content-Encoding")
		return
	}
	body, ok := whole(w, r)
	if !ok {
		return
	}
	doc, err := fhirpath.Parse(body)
	if err != nil { // the upstream may be less strict, and would write what nobody has looked at
		refuse(w, http.StatusBadRequest, "invalid", "a batch or transaction must be JSON, in UTF-8 and without a name twice in an object")
		return
	}
	units, problem := p.units(doc.Root())
	switch {
	case problem != "":
		refuse(w, http.StatusUnprocessableEntity, "not-supported", problem)
	case len(units) == 0:
		p.pass.ServeHTTP(w, r)
	default:
		p.send(w, r, true, units...)
	}
}

// units returns the entries that write what a topic wants.
func (p *Proxy) units(bundle fhirpath.Node) (units []*unit, problem string) {
	i := -1
	for entry := range bundle.Get("entry").Elements() {
		i++
		request := entry.Get("request")
		place := request.Get("url").Text()
		for _, base := range []string{p.cfg.BaseURL, p.cfg.Upstream} {
			place = strings.TrimPrefix(place, base+"/")
		}
		address, err := url.Parse(place)
		if err != nil || address.IsAbs() || address.Host != "" || strings.ContainsAny(address.Path, `\;`) || place != strings.TrimSpace(place) {
			return nil, "Bundle.entry.request.url must be relative to the base, and plain" // the upstream may understand it otherwise
		}
		path := strings.Split(path.Clean("/" + address.Path)[1:], "/")
		if path[0] == "Subscription" || path[0] == "SubscriptionTopic" && p.cfg.Release != subscription.R4 {
			return nil, "Subscriptions and topics have no place in a Bundle here: write and read them by themselves"
		}
		if t, ok := writing(strings.ToUpper(request.Get("method").Text()), path, address.RawQuery); ok && p.wants(t.resourceType, t.interactions()...) {
			t.ifNoneExist = request.Get("ifNoneExist").Exists()
			units = append(units, &unit{target: t, index: i})
		}
	}
	return units, ""
}
