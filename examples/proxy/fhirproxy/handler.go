package fhirproxy

import (
	"bytes"
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/carillon-fhir/carillon/examples/host"
	"github.com/carillon-fhir/carillon/subscription"
)

// Handler serves the FHIR API under the path of Config.BaseURL: what is about
// Subscriptions and topics itself, all else by the upstream. It may be called while Run
// is not running: changes are recorded then, and delivered later.
func (p *Proxy) Handler() http.Handler { return http.HandlerFunc(p.serve) }

func (p *Proxy) serve(w http.ResponseWriter, r *http.Request) {
	defer func() {
		switch v := recover(); v { // its value may hold what a client sent
		case nil:
		case http.ErrAbortHandler:
			panic(v)
		default:
			p.cfg.Logger.ErrorContext(r.Context(), "a request panicked", "stack", string(debug.Stack()))
			refuse(w, http.StatusInternalServerError, "exception", "the proxy failed; nothing can be said about the outcome")
		}
	}()
	if p.channels.ServeConfirmation(p.engine, w, r) {
		return
	}
	if p.metrics != nil && r.URL.Path == host.MetricsPath {
		p.metrics.ServeHTTP(w, r)
		return
	}
	p.api.ServeHTTP(w, r)
}

func (p *Proxy) serveFHIR(w http.ResponseWriter, r *http.Request) {
	path, ok := p.split(r.URL)
	if !ok {
		refuse(w, http.StatusNotFound, "not-found", "the FHIR API has another base path, or the path is not plain")
		return
	}
	if overridden(r) {
		refuse(w, http.StatusBadRequest, "not-supported", "a header that stands for another method is not supported: use that method")
		return
	}
	switch {
	case r.Method == http.MethodOptions: // preflights: what the upstream allows
	case len(path) == 1 && path[0] == host.SocketPath:
		p.connections.ServeHTTP(w, withCaller(r))
		return
	case p.owns(r, path):
		p.allowOrigin(w, r)
		p.subscriptions.ServeHTTP(w, withCaller(r))
		return
	case len(path) == 1 && path[0] == "metadata" && r.Method == http.MethodGet && r.URL.Query().Get("mode") != "terminology":
		p.allowOrigin(w, r)
		p.capabilities(w, r)
		return
	case len(path) == 0 && r.Method == http.MethodPost:
		p.bundle(w, r)
		return
	}
	if mayWrite(r.Method) && slices.ContainsFunc(path, unclear) {
		refuse(w, http.StatusNotFound, "not-found", "the path of a write is not plain")
		return
	}
	if t, ok := writing(r.Method, path, r.URL.RawQuery); ok && p.wants(t.resourceType, t.interactions()...) {
		p.write(w, r, t)
		return
	}
	p.pass.ServeHTTP(w, r)
}

// overrides are headers by which some servers are told another method than the request's.
var overrides = []string{"X-Http-Method-Override", "X-Http-Method", "X-Method-Override"}

// overridden reports whether the upstream may take a request for one of another method:
// it might write then what nobody looks at here.
func overridden(r *http.Request) bool {
	return slices.ContainsFunc(overrides, func(name string) bool {
		return slices.ContainsFunc(r.Header.Values(name), func(method string) bool { return method != r.Method })
	})
}

// ambiguous are characters of a segment that some servers give a meaning: to them
// Patient%2F1, Patient//1 and Patient;x/1 are all the same, and a write that is not seen as
// one would not be recorded.
const ambiguous = `/\;`

func unclear(segment string) bool { return segment == "" || strings.ContainsAny(segment, ambiguous) }

func mayWrite(method string) bool {
	return method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions
}

// split returns the decoded segments of a path behind the base.
func (p *Proxy) split(u *url.URL) (segments []string, ok bool) {
	rest, ok := strings.CutPrefix(u.EscapedPath(), p.base.EscapedPath())
	if !ok || rest != "" && rest[0] != '/' {
		return nil, false
	}
	rest = strings.Trim(rest, "/")
	if rest == "" {
		return nil, true
	}
	segments = strings.Split(rest, "/")
	for i, segment := range segments {
		decoded, err := url.PathUnescape(segment)
		if err != nil || decoded == "." || decoded == ".." { // which the upstream may understand otherwise
			return nil, false
		}
		segments[i] = decoded
	}
	return segments, true
}

// typesCode is the code by which a Basic is a topic of the Backport guide.
const typesCode = "http://hl7.org/fhir/fhir-types|SubscriptionTopic"

// owns reports whether the engine serves a request. However its path is written:
// a Subscription must never become an ordinary resource of the upstream's.
func (p *Proxy) owns(r *http.Request, path []string) bool {
	if len(path) == 0 {
		return false
	}
	first := path[0]
	if i := strings.IndexAny(first, ambiguous); i >= 0 { // whoever decodes early sees more segments, or less
		first = first[:i]
	}
	switch {
	case first == "Subscription":
		return true
	case first == "SubscriptionTopic":
		return p.cfg.Release != subscription.R4
	case first != "Basic" || p.cfg.Release != subscription.R4:
		return false
	case len(path) == 2 && path[1] == "_search" && r.Method == http.MethodPost:
		return slices.Contains(form(r)["code"], typesCode)
	case len(path) == 1 && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		return slices.Contains(r.URL.Query()["code"], typesCode)
	case len(path) > 1:
		_, err := p.engine.GetTopic(r.Context(), path[1])
		return err == nil
	}
	return false
}

// form reads the form of a search and leaves the body as it was.
func form(r *http.Request) url.Values {
	head, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), r.Body), r.Body}
	if err != nil {
		return nil
	}
	values, _ := url.ParseQuery(string(head))
	return values
}

// reverse makes the way to the upstream for all that passes through.
func (p *Proxy) reverse() *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL = p.upstream.at(strings.TrimPrefix(r.In.URL.EscapedPath(), p.base.EscapedPath()))
			r.Out.URL.RawQuery = r.In.URL.RawQuery
			r.Out.Host = r.Out.URL.Host
			for _, name := range []string{"Forwarded", "X-Forwarded-For"} {
				r.Out.Header[name] = r.In.Header[name]
			}
			r.SetXForwarded()
		},
		ModifyResponse: func(response *http.Response) error {
			p.upstream.noteClock(response.Header)
			p.relocate(response.Header)
			if e, ok := response.Request.Context().Value(exchangeKey{}).(*exchange); ok {
				return e.answered(response)
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, _ error) {
			if e, ok := r.Context().Value(exchangeKey{}).(*exchange); ok {
				e.unanswered(r.Context())
			}
			refuse(w, http.StatusBadGateway, "transient", "the server behind this one did not answer; nothing can be said about the outcome")
		},
		Transport: p.cfg.Transport,
		ErrorLog:  log.New(io.Discard, "", 0), // its texts hold addresses
	}
}

// relocate makes headers that name places at the upstream name them here.
func (p *Proxy) relocate(h http.Header) {
	for _, name := range []string{"Location", "Content-Location"} {
		if rest, ok := strings.CutPrefix(h.Get(name), p.cfg.Upstream+"/"); ok {
			h.Set(name, p.cfg.BaseURL+"/"+rest)
		}
	}
}

type callerKey struct{}

// withCaller lets the Authorizer see the request's headers.
func withCaller(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), callerKey{}, &caller{header: r.Header}))
}
