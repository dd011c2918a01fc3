package fhirserver

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"unicode/utf8"

	"github.com/carillon-fhir/carillon/examples/host"
)

// Handler serves the FHIR API under the path of Config.BaseURL, the websocket at ws below
// it and, if Config says so, metrics at /metrics. Unless there are tenants, the operators'
// console stands beside the base, at console. It may be called while Run is not running:
// changes are recorded then, and delivered later.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serve) }

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	defer func() {
		if p := recover(); p != nil { // its value may hold what a client sent
			s.cfg.Logger.ErrorContext(r.Context(), "a request panicked", "stack", string(debug.Stack()))
			refusal(errUnavailable).write(w, s.cfg.BaseURL)
		}
	}()
	if s.channels.ServeConfirmation(s.engine, w, r) {
		return
	}
	if s.metrics != nil && r.URL.Path == host.MetricsPath {
		s.metrics.ServeHTTP(w, r)
		return
	}
	if s.console != nil && (r.URL.Path == s.consolePath || strings.HasPrefix(r.URL.Path, s.consolePath+"/")) {
		http.StripPrefix(s.consolePath, s.console).ServeHTTP(w, r)
		return
	}
	s.api.ServeHTTP(w, r)
}

func (s *Server) serveFHIR(w http.ResponseWriter, r *http.Request) {
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), s.basePath)
	if !ok || rest != "" && rest[0] != '/' {
		refusal(refuse(http.StatusNotFound, "not-found", "the FHIR API has another base path")).write(w, s.cfg.BaseURL)
		return
	}
	if rest == "/"+host.SocketPath && s.tenantMissing(r) == nil {
		s.connections.ServeHTTP(w, r)
		return
	}
	if isSubscription(rest) && s.tenantMissing(r) == nil {
		s.subscriptions.ServeHTTP(w, r)
		return
	}
	a, err := s.answer(w, r, rest)
	if err != nil {
		s.report(r.Context(), err)
		a = refusal(err)
	}
	a.write(w, s.cfg.BaseURL)
}

// isSubscription reports whether the engine serves what lies behind the base, however
// the path is written: what it does not accept must not become an ordinary resource.
func isSubscription(path string) bool {
	segments, err := splitPath(path)
	return err == nil && len(segments) > 0 && segments[0] == "Subscription" && !isExplain(segments)
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, rest string) (*answer, error) {
	in, err := s.interaction(w, r, rest)
	if err != nil {
		return nil, err
	}
	ctx := r.Context()
	if err := s.offerTopics(ctx, in.tenant); err != nil {
		return nil, err
	}
	prefer := readPreference(r.Header.Values("Prefer"))
	if in.method == http.MethodPost && len(in.path) == 0 {
		return s.bundle(ctx, in, prefer, r.Header)
	}
	if isExplain(in.path) {
		done, err := s.explain(ctx, in)
		if err != nil {
			return nil, err
		}
		return answerTo(in, done, prefer), nil
	}
	done, err := s.perform(ctx, in)
	if err != nil {
		return nil, err
	}
	return answerTo(in, done, prefer), nil
}

// interaction reads a request.
func (s *Server) interaction(w http.ResponseWriter, r *http.Request, rest string) (*interaction, error) {
	if err := s.acceptable(r); err != nil {
		return nil, err
	}
	if r.Header.Get("If-Unmodified-Since") != "" {
		return nil, unsupported("If-Unmodified-Since is not supported; use If-Match")
	}
	path, err := splitPath(rest)
	if err != nil {
		return nil, err
	}
	in := &interaction{
		release: s.cfg.Release, method: r.Method, path: path, query: r.URL.RawQuery,
		ifMatch: r.Header.Get("If-Match"), ifNoneMatch: r.Header.Get("If-None-Match"), ifNoneExist: r.Header.Get("If-None-Exist"),
	}
	if in.method == http.MethodHead {
		in.method = http.MethodGet // net/http leaves the body out
	}
	if len(path) != 1 || path[0] != "metadata" {
		if err := s.tenantMissing(r); err != nil {
			return nil, err
		}
		in.tenant = s.tenant(r)
	}
	switch in.method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
	default:
		return in, nil
	}
	kind, err := s.contentType(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(s.cfg.MaxBytes)))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, errTooLarge
	case err != nil:
		return nil, refuse(http.StatusBadRequest, "incomplete", "the body did not arrive whole")
	}
	search := in.method == http.MethodPost && len(path) == 2 && path[1] == "_search"
	switch {
	case search && kind == formContent:
		in.form, err = formQuery(body)
		return in, err
	case search && len(body) == 0:
		return in, nil
	case search:
		return nil, refuse(http.StatusUnsupportedMediaType, "not-supported", "the body of _search must be application/x-www-form-urlencoded")
	case kind == formContent:
		return nil, refuse(http.StatusUnsupportedMediaType, "not-supported", "the body must be application/fhir+json, not a form")
	case kind == patchContent && in.method != http.MethodPatch:
		return nil, refuse(http.StatusUnsupportedMediaType, "not-supported", "a JSON Patch goes by the method PATCH")
	}
	in.body, in.patch = body, kind == patchContent
	return in, nil
}

// splitPath returns the decoded segments of a path.
func splitPath(path string) ([]string, error) {
	path = strings.Trim(path, "/")
	if path == "" {
		return nil, nil
	}
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		decoded, err := url.PathUnescape(segment)
		if err != nil {
			return nil, invalid("the path is not percent-encoded")
		}
		segments[i] = decoded
	}
	return segments, nil
}

// tenantMissing refuses a request that does not say whose resources it is about.
func (s *Server) tenantMissing(r *http.Request) error {
	switch tenant := s.tenant(r); {
	case s.cfg.TenantHeader != "" && tenant == "":
		return refuse(http.StatusBadRequest, "required", "the header %s is missing", s.cfg.TenantHeader)
	case !utf8.ValidString(tenant):
		return invalid("the header %s is not UTF-8", s.cfg.TenantHeader)
	}
	return nil
}

func (s *Server) tenant(r *http.Request) string {
	if s.cfg.TenantHeader == "" {
		return ""
	}
	return r.Header.Get(s.cfg.TenantHeader)
}

// report logs what is the server's own fault.
func (s *Server) report(ctx context.Context, err error) {
	if problemOf(err) == errUnavailable && ctx.Err() == nil {
		s.cfg.Logger.ErrorContext(ctx, "a request failed", "error", err)
	}
}
