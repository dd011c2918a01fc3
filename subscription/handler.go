package subscription

import (
	"encoding/json"
	"net/http"
	"strings"
)

// HandlerConfig says how Handler reads requests.
type HandlerConfig struct {
	// Tenant tells whose Subscriptions a request is about; nil: a host without tenants.
	Tenant func(*http.Request) string

	// TopicList also serves [base]/Subscription/$topic-list, which only the first draft of
	// the Backport guide has (DISC-10).
	TopicList bool
}

// Handler serves the FHIR REST API for Subscriptions and topics below Config.BaseURL:
//
//	GET, POST                [base]/Subscription            search, create (If-None-Exist)
//	POST                     [base]/Subscription/_search
//	PUT, PATCH, DELETE       [base]/Subscription?[criteria] conditional update, patch and delete
//	GET, PUT, PATCH, DELETE  [base]/Subscription/[id]       If-Match and If-None-Match are obeyed
//	GET                      [base]/Subscription/[id]/_history, and /_history/[version]
//	GET, POST                [base]/Subscription/$status, and [id]/$status
//	GET, POST                [base]/Subscription/[id]/$events
//	GET, POST                [base]/Subscription/[id]/$resend
//	GET, POST                [base]/Subscription/$get-ws-binding-token, and [id]/$get-ws-binding-token
//	GET                      [base]/SubscriptionTopic, and SubscriptionTopic/[id]; in R4 Basic for both
//	POST                     [base]/SubscriptionTopic/_search
//
// The host mounts it at [base]/Subscription and [base]/Subscription/, and if it has no
// such resources itself, at those of topics, behind its own authentication; what its
// middleware puts into a request's context reaches the Authorizer, which is not asked
// about topics. Every failure is an OperationOutcome. JSON only; patches are JSON
// Patches. Only the current version of a Subscription is kept: its history is that one,
// and former versions are not found, as CapabilityFragment says (readHistory).
func (e *Engine) Handler(cfg HandlerConfig) http.Handler {
	if cfg.Tenant == nil {
		cfg.Tenant = func(*http.Request) string { return "" }
	}
	return &handler{engine: e, tenant: cfg.Tenant, topicList: cfg.TopicList}
}

type handler struct {
	engine    *Engine
	tenant    func(*http.Request) string
	topicList bool
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
		if s.VersionID == "" { // a topic
			header.Del("ETag")
			header.Del("Last-Modified")
		}
		if a.status == http.StatusCreated {
			header.Set("Location", h.engine.location("Subscription", s.ID, "_history", s.VersionID))
		}
		if a.status != http.StatusNotModified {
			a.body = representation(r.Header.Get("Prefer"), r.Method, s)
		}
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
	parts := strings.Split(strings.TrimSuffix(path, "/"), "/")
	switch {
	case parts[0] == topicType(h.engine.cfg.Release):
		return h.topics(w, r, parts[1:])
	case parts[0] != "Subscription":
	case len(parts) == 1:
		return h.collection(w, r)
	case len(parts) == 2 && parts[1] == "_search" && r.Method == http.MethodPost:
		return h.search(w, r)
	case len(parts) == 2 && strings.HasPrefix(parts[1], "$"):
		return h.operation(w, r, "", parts[1])
	case len(parts) == 2 && !strings.HasPrefix(parts[1], "_"):
		return h.instance(w, r, parts[1])
	case len(parts) == 3 && parts[2] == "_history":
		return h.history(r, parts[1])
	case len(parts) == 4 && parts[2] == "_history":
		return h.vread(r, parts[1], parts[3])
	case len(parts) == 3:
		return h.operation(w, r, parts[1], parts[2])
	}
	return answer{}, refuseUnknown()
}

func refuseUnknown() error {
	return refuse(http.StatusNotFound, "", "not-supported", "There is no such interaction or operation here")
}

// operation serves the operations; id is "" at the type level.
func (h *handler) operation(w http.ResponseWriter, r *http.Request, id, name string) (answer, error) {
	switch {
	case name == "$status":
		return h.status(w, r, id)
	case name == "$get-ws-binding-token":
		return h.bindingToken(w, r, id)
	case name == "$events" && id != "":
		return h.events(w, r, id)
	case name == "$resend" && id != "":
		return h.resend(w, r, id)
	case name == "$topic-list" && id == "" && h.topicList:
		return h.listTopics(w, r)
	}
	return answer{}, refuseUnknown()
}

// notAllowed refuses a method where only the given ones are served.
func notAllowed(allow string) error {
	r := refuse(http.StatusMethodNotAllowed, "", "not-supported", "The method is not supported here")
	r.allow = allow
	return r
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
		return h.read(r, id)
	case http.MethodPatch:
		raw, err := h.patchBody(w, r)
		if err != nil {
			return answer{}, err
		}
		s, err := e.Patch(ctx, tenant, id, raw, version)
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
	return answer{}, notAllowed("GET, HEAD, PUT, PATCH, DELETE")
}

// search serves the search by GET and POST.
func (h *handler) search(w http.ResponseWriter, r *http.Request) (answer, error) {
	query, err := h.query(w, r)
	if err != nil {
		return answer{}, err
	}
	if lenient(r) {
		query = h.engine.ignoring("Subscription", query)
	}
	found, err := h.engine.Search(r.Context(), h.tenant(r), query)
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, body: h.searchset("Subscription", query, found)}, nil
}
