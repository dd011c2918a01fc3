package subscription

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// HandlerConfig says how Handler reads requests.
type HandlerConfig struct {
	// Tenant tells whose Subscriptions a request is about; nil: a host without tenants.
	Tenant func(*http.Request) string
}

// Handler serves the FHIR REST API for Subscriptions below Config.BaseURL:
//
//	GET, POST              [base]/Subscription            search, create (If-None-Exist)
//	POST                   [base]/Subscription/_search
//	DELETE                 [base]/Subscription?[criteria] conditional delete
//	GET, PUT, DELETE       [base]/Subscription/[id]       If-Match is obeyed
//	GET, POST              [base]/Subscription/$status
//	GET, POST              [base]/Subscription/[id]/$status
//	GET, POST              [base]/Subscription/[id]/$events
//	GET, POST              [base]/Subscription/$get-ws-binding-token
//	GET, POST              [base]/Subscription/[id]/$get-ws-binding-token
//
// The host mounts it under both [base]/Subscription and [base]/Subscription/, behind
// its own authentication; what its middleware puts into a request's context reaches
// the Authorizer. Every failure is an OperationOutcome. JSON only.
func (e *Engine) Handler(cfg HandlerConfig) http.Handler {
	if cfg.Tenant == nil {
		cfg.Tenant = func(*http.Request) string { return "" }
	}
	return &handler{engine: e, tenant: cfg.Tenant}
}

type handler struct {
	engine *Engine
	tenant func(*http.Request) string
}

// answer is what a request gets, if it isn't refused.
type answer struct {
	status int
	body   json.RawMessage
	stored *Stored // sets ETag, Last-Modified and, for status 201, Location
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead { // net/http leaves the body out
		r = r.WithContext(r.Context())
		r.Method = http.MethodGet
	}
	a, err := h.serve(w, r)
	if err != nil {
		refusal := asRefusal(err)
		if refusal.Status == http.StatusInternalServerError {
			h.engine.cfg.Logger.ErrorContext(r.Context(), "a request about subscriptions failed", "error", err)
		}
		a = answer{status: refusal.Status, body: refusal.OperationOutcome()}
		if refusal.allow != "" {
			w.Header().Set("Allow", refusal.allow)
		}
	}
	header := w.Header()
	header.Set("Content-Type", "application/fhir+json; charset=utf-8")
	header.Set("X-Content-Type-Options", "nosniff")
	if s := a.stored; s != nil {
		header.Set("ETag", `W/"`+s.VersionID+`"`)
		header.Set("Last-Modified", s.LastUpdated.UTC().Format(http.TimeFormat))
		if a.status == http.StatusCreated {
			header.Set("Location", h.engine.location("Subscription", s.ID, "_history", s.VersionID))
		}
		a.body = representation(r.Header.Get("Prefer"), r.Method, s)
	}
	if len(a.body) == 0 {
		header.Del("Content-Type")
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // a client that went away is no failure of ours
}

// representation is the body that the header Prefer asks for.
func representation(prefer, method string, s *Stored) json.RawMessage {
	switch {
	case method == http.MethodGet:
		return s.Resource
	case strings.Contains(prefer, "return=minimal"):
		return nil
	case strings.Contains(prefer, "return=OperationOutcome"):
		return json.RawMessage(`{"resourceType":"OperationOutcome","issue":[{"severity":"information","code":"informational","details":{"text":"The Subscription is stored"}}]}`)
	}
	return s.Resource
}

func (h *handler) serve(w http.ResponseWriter, r *http.Request) (answer, error) {
	if !h.engine.acceptsJSON(r) {
		return answer{}, refuse(http.StatusNotAcceptable, "", "not-supported", "Only JSON is available")
	}
	if err := preconditions(r); err != nil {
		return answer{}, err
	}
	path := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, h.engine.base.Path), "/")
	switch parts := strings.Split(strings.TrimSuffix(path, "/"), "/"); {
	case parts[0] != "Subscription":
	case len(parts) == 1:
		return h.collection(w, r)
	case len(parts) == 2 && parts[1] == "_search" && r.Method == http.MethodPost:
		return h.search(w, r)
	case len(parts) == 2 && parts[1] == "$status":
		return h.status(w, r, "")
	case len(parts) == 2 && parts[1] == "$get-ws-binding-token":
		return h.bindingToken(w, r, "")
	case len(parts) == 2 && !strings.HasPrefix(parts[1], "$") && !strings.HasPrefix(parts[1], "_"):
		return h.instance(w, r, parts[1])
	case len(parts) == 3 && parts[2] == "$status":
		return h.status(w, r, parts[1])
	case len(parts) == 3 && parts[2] == "$events":
		return h.events(w, r, parts[1])
	case len(parts) == 3 && parts[2] == "$get-ws-binding-token":
		return h.bindingToken(w, r, parts[1])
	}
	return answer{}, refuse(http.StatusNotFound, "", "not-supported", "There is no such interaction or operation on Subscriptions")
}

// notAllowed refuses a method where only the given ones are served.
func notAllowed(allow string) error {
	r := refuse(http.StatusMethodNotAllowed, "", "not-supported", "The method is not supported here")
	r.allow = allow
	return r
}

// collection serves [base]/Subscription.
func (h *handler) collection(w http.ResponseWriter, r *http.Request) (answer, error) {
	e, ctx, tenant := h.engine, r.Context(), h.tenant(r)
	switch r.Method {
	case http.MethodGet:
		return h.search(w, r)
	case http.MethodPost:
		raw, err := h.body(w, r)
		if err != nil {
			return answer{}, err
		}
		if condition := r.Header.Get("If-None-Exist"); condition != "" {
			c, err := conditionOf(tenant, condition)
			if err != nil {
				return answer{}, err
			}
			s, created, err := e.createIfNoneExist(ctx, c, raw)
			if created {
				return answer{status: http.StatusCreated, stored: &s}, err
			}
			return answer{status: http.StatusOK, stored: &s}, err
		}
		s, err := e.Create(ctx, tenant, raw)
		return answer{status: http.StatusCreated, stored: &s}, err
	case http.MethodDelete:
		c, err := conditionOf(tenant, r.URL.RawQuery)
		if err != nil {
			return answer{}, err
		}
		found, err := e.matches(ctx, c)
		if err != nil {
			return answer{}, err
		}
		for _, s := range found {
			if err := e.Delete(ctx, tenant, s.ID, ""); err != nil && !errors.Is(err, ErrNotFound) {
				return answer{}, err
			}
		}
		return answer{status: http.StatusNoContent}, nil
	}
	return answer{}, notAllowed("GET, HEAD, POST, DELETE")
}

// instance serves [base]/Subscription/[id].
func (h *handler) instance(w http.ResponseWriter, r *http.Request, id string) (answer, error) {
	e, ctx, tenant := h.engine, r.Context(), h.tenant(r)
	version, err := ifMatch(r)
	if err != nil {
		return answer{}, err
	}
	switch r.Method {
	case http.MethodGet:
		s, err := e.Get(ctx, tenant, id)
		return answer{status: http.StatusOK, stored: &s}, err
	case http.MethodPut:
		raw, err := h.body(w, r)
		if err != nil {
			return answer{}, err
		}
		s, created, err := e.Update(ctx, tenant, id, raw, version)
		if created {
			return answer{status: http.StatusCreated, stored: &s}, err
		}
		return answer{status: http.StatusOK, stored: &s}, err
	case http.MethodDelete:
		return answer{status: http.StatusNoContent}, e.Delete(ctx, tenant, id, version)
	}
	return answer{}, notAllowed("GET, HEAD, PUT, DELETE")
}

// search serves the search by GET and POST.
func (h *handler) search(w http.ResponseWriter, r *http.Request) (answer, error) {
	query, err := h.query(w, r)
	if err != nil {
		return answer{}, err
	}
	found, err := h.engine.Search(r.Context(), h.tenant(r), query)
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, body: h.searchset(query, found)}, nil
}
