package fhirserver

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// bundle serves a batch or transaction, POSTed to the base. header is the request's:
// entries for Subscriptions inherit it.
func (s *Server) bundle(ctx context.Context, in *interaction, prefer preference, header http.Header) (*answer, error) {
	root, err := parseTyped(in.body, "Bundle") // entries are judged one by one
	if err != nil {
		return nil, err
	}
	if entries := root.Get("entry"); entries.Exists() && entries.Kind() != fhirpath.Array {
		return nil, refuse(http.StatusBadRequest, "structure", "entry is no array").at("Bundle.entry")
	}
	var answers []*answer
	kind := root.Get("type").Text()
	switch kind {
	case "batch":
		answers = s.batch(ctx, root, in.tenant, prefer, header)
	case "transaction":
		if answers, err = s.transaction(ctx, root, in.tenant, prefer); err != nil {
			return nil, err
		}
	default:
		return nil, refuse(http.StatusBadRequest, "value", "a Bundle that is POSTed to the base is a batch or a transaction").at("Bundle.type")
	}
	b := newBundle(kind+"-response", nil, nil)
	for _, a := range answers {
		b.response(s.cfg.BaseURL, a)
	}
	return &answer{status: http.StatusOK, body: b.bytes()}, nil
}

// batch performs each entry by itself, in the order of the Bundle.
func (s *Server) batch(ctx context.Context, root fhirpath.Node, tenant string, prefer preference, header http.Header) []*answer {
	var answers []*answer
	i := 0
	for entry := range root.Get("entry").Elements() {
		a, err := s.batchEntry(ctx, entry, tenant, prefer, header)
		if err != nil {
			s.report(ctx, err)
			a = refusal(within(i, err))
		}
		answers = append(answers, a)
		i++
	}
	return answers
}

func (s *Server) batchEntry(ctx context.Context, entry fhirpath.Node, tenant string, prefer preference, header http.Header) (*answer, error) {
	in, err := s.entryInteraction(entry, tenant)
	if err != nil {
		return nil, err
	}
	if len(in.path) > 0 && in.path[0] == "Subscription" {
		return s.subscriptionEntry(ctx, in, header), nil
	}
	done, err := s.perform(ctx, in)
	if err != nil {
		return nil, err
	}
	return answerTo(in, done, prefer), nil
}

// within says of a problem in which entry it is.
func within(entry int, err error) error {
	var p *problem
	if !errors.As(err, &p) {
		return err
	}
	place := fmt.Sprintf("Bundle.entry[%d]", entry)
	switch first, rest, nested := strings.Cut(p.expression, "."); {
	case p.expression == "" || first == "http":
		place += ".request.url"
	case first == "request":
		place += "." + p.expression
	case nested:
		place += ".resource." + rest
	default:
		place += ".resource"
	}
	return p.at(place)
}

// entryInteraction reads Bundle.entry.request and Bundle.entry.resource.
func (s *Server) entryInteraction(entry fhirpath.Node, tenant string) (*interaction, error) {
	request := entry.Get("request")
	if request.Kind() != fhirpath.Object {
		return nil, refuse(http.StatusBadRequest, "required", "an entry needs a request").at("request.method")
	}
	if request.Get("ifModifiedSince").Exists() {
		return nil, unsupported("ifModifiedSince is not supported").at("request.ifModifiedSince")
	}
	address, err := url.Parse(strings.TrimPrefix(request.Get("url").Text(), s.cfg.BaseURL+"/"))
	if err != nil || address.IsAbs() || address.Host != "" || address.Fragment != "" || address.Path == "" && address.RawQuery == "" {
		return nil, refuse(http.StatusBadRequest, "value", "an entry's url is relative to the base").at("request.url")
	}
	path, err := splitPath(address.EscapedPath())
	if err != nil || len(path) == 0 {
		return nil, refuse(http.StatusBadRequest, "value", "an entry's url begins with a resource type").at("request.url")
	}
	if len(path) > 1 && path[1] == "_search" {
		return nil, unsupported("an entry searches by GET").at("request.url")
	}
	in := &interaction{
		release: s.cfg.Release, tenant: tenant, method: request.Get("method").Text(), path: path, query: address.RawQuery,
		ifMatch: request.Get("ifMatch").Text(), ifNoneMatch: request.Get("ifNoneMatch").Text(), ifNoneExist: request.Get("ifNoneExist").Text(),
	}
	resource := entry.Get("resource")
	switch in.method {
	case http.MethodGet, http.MethodDelete:
		if resource.Exists() {
			return nil, invalid("an entry that reads or deletes has no resource").at("request.method")
		}
		return in, nil
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		if !resource.Exists() {
			return nil, refuse(http.StatusBadRequest, "required", "an entry that writes needs a resource").at("request.method")
		}
	default:
		return nil, refuse(http.StatusBadRequest, "value", "the method is none of GET, POST, PUT, PATCH and DELETE").at("request.method")
	}
	in.body = resource.Raw()
	if in.method == http.MethodPatch {
		return in, in.unwrapPatch(resource)
	}
	return in, nil
}

// unwrapPatch takes a JSON Patch out of the Binary that carries it in a Bundle.
func (in *interaction) unwrapPatch(binary fhirpath.Node) error {
	data, err := base64.StdEncoding.DecodeString(binary.Get("data").Text())
	if err != nil || !binary.Get("resourceType").Is("Binary") || !binary.Get("contentType").Is(patchContent) {
		return unsupported("an entry that patches has a Binary of contentType " + patchContent).at("Binary.contentType")
	}
	in.body, in.patch = data, true
	return nil
}

// subscriptionEntry has the engine serve an entry that is about Subscriptions.
func (s *Server) subscriptionEntry(ctx context.Context, in *interaction, header http.Header) *answer {
	address := s.cfg.BaseURL + "/" + strings.Join(in.path, "/") + "?" + in.query
	r, err := http.NewRequestWithContext(ctx, in.method, address, bytes.NewReader(in.body))
	if err != nil {
		return refusal(refuse(http.StatusBadRequest, "value", "the url cannot be read").at("request.url"))
	}
	r.Header = header.Clone()
	r.Header.Set("Content-Type", fhirContent)
	r.Header.Del("Content-Length")
	for name, value := range map[string]string{"If-Match": in.ifMatch, "If-None-Match": in.ifNoneMatch, "If-None-Exist": in.ifNoneExist} {
		r.Header.Del(name)
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	w := recorder{header: http.Header{}, status: http.StatusOK}
	s.subscriptions.ServeHTTP(&w, r)
	a := &answer{status: w.status, etag: w.header.Get("ETag"), location: strings.TrimPrefix(w.header.Get("Location"), s.cfg.BaseURL+"/")}
	a.lastModified, _ = time.Parse(http.TimeFormat, w.header.Get("Last-Modified"))
	if w.body.Len() > 0 {
		a.body = w.body.Bytes()
		a.isOutcome = string(fhirpath.ResourceTypeOf(a.body)) == "OperationOutcome"
	}
	return a
}

// recorder is a ResponseWriter that keeps the response.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }
