package subscription

import (
	"encoding/json"
	"errors"
	"net/http"
)

// collection serves [base]/Subscription.
func (h *handler) collection(w http.ResponseWriter, r *http.Request) (answer, error) {
	switch r.Method {
	case http.MethodGet:
		return h.search(w, r)
	case http.MethodPost:
		return h.create(w, r)
	case http.MethodPut:
		return h.conditionalUpdate(w, r)
	case http.MethodPatch:
		return h.conditionalPatch(w, r)
	case http.MethodDelete:
		return h.conditionalDelete(r)
	}
	return answer{}, notAllowed("GET, HEAD, POST, PUT, PATCH, DELETE")
}

// create serves the create, conditional by If-None-Exist.
func (h *handler) create(w http.ResponseWriter, r *http.Request) (answer, error) {
	raw, err := h.body(w, r)
	if err != nil {
		return answer{}, err
	}
	if condition := r.Header.Get("If-None-Exist"); condition != "" {
		c, err := conditionOf(h.tenant(r), condition)
		if err != nil {
			return answer{}, err
		}
		s, created, err := h.engine.createIfNoneExist(r.Context(), c, raw)
		if created {
			return answer{status: http.StatusCreated, stored: &s}, err
		}
		return answer{status: http.StatusOK, stored: &s}, err
	}
	s, err := h.engine.Create(r.Context(), h.tenant(r), raw)
	return answer{status: http.StatusCreated, stored: &s}, err
}

// conditionalUpdate replaces what the criteria find, or creates it.
func (h *handler) conditionalUpdate(w http.ResponseWriter, r *http.Request) (answer, error) {
	version, err := ifMatch(r)
	if err != nil {
		return answer{}, err
	}
	raw, err := h.body(w, r)
	if err != nil {
		return answer{}, err
	}
	e, ctx, tenant := h.engine, r.Context(), h.tenant(r)
	c, err := conditionOf(tenant, r.URL.RawQuery)
	if err != nil {
		return answer{}, err
	}
	found, err := e.matches(ctx, c)
	if err != nil {
		return answer{}, err
	}
	resource := members(parsed(raw))
	id := parsed(resource["id"]).Text()
	if len(found) == 0 && id == "" && version == "" {
		s, created, err := e.createIfNoneExist(ctx, c, raw)
		if err != nil || created {
			return answer{status: http.StatusCreated, stored: &s}, err
		}
		found = append(found, s) // somebody else came first
	}
	switch {
	case len(found) > 1:
		return answer{}, refuseMultiple()
	case len(found) == 0 && version != "":
		return answer{}, refuseVersion()
	case len(found) == 0:
		if _, err := e.Get(ctx, tenant, id); !errors.Is(err, ErrNotFound) {
			return answer{}, refuse(http.StatusConflict, "Subscription.id", "duplicate", "The criteria find nothing, but there is a Subscription of that id")
		}
	case id == "":
		if id = found[0].ID; resource != nil {
			resource["id"] = quote(id)
			raw = resource.raw()
		}
	case id != found[0].ID:
		return answer{}, refuse(http.StatusBadRequest, "Subscription.id", "invalid", "The resource's id is not that of what the criteria find")
	}
	s, created, err := e.Update(ctx, tenant, id, raw, version)
	if created {
		return answer{status: http.StatusCreated, stored: &s}, err
	}
	return answer{status: http.StatusOK, stored: &s}, err
}

// conditionalPatch patches the one that the criteria find.
func (h *handler) conditionalPatch(w http.ResponseWriter, r *http.Request) (answer, error) {
	version, err := ifMatch(r)
	if err != nil {
		return answer{}, err
	}
	raw, err := h.patchBody(w, r)
	if err != nil {
		return answer{}, err
	}
	c, err := conditionOf(h.tenant(r), r.URL.RawQuery)
	if err != nil {
		return answer{}, err
	}
	found, err := h.engine.matches(r.Context(), c)
	switch {
	case err != nil:
		return answer{}, err
	case len(found) == 0:
		return answer{}, ErrNotFound
	case len(found) > 1:
		return answer{}, refuseMultiple()
	}
	s, err := h.engine.Patch(r.Context(), h.tenant(r), found[0].ID, raw, version)
	return answer{status: http.StatusOK, stored: &s}, err
}

// conditionalDelete deletes all that the criteria find (SP-02).
func (h *handler) conditionalDelete(r *http.Request) (answer, error) {
	if r.Header.Get("If-Match") != "" {
		return answer{}, refuse(http.StatusBadRequest, "", "not-supported", "If-Match is not supported where several may be deleted")
	}
	c, err := conditionOf(h.tenant(r), r.URL.RawQuery)
	if err != nil {
		return answer{}, err
	}
	found, err := h.engine.matches(r.Context(), c)
	if err != nil {
		return answer{}, err
	}
	for _, s := range found {
		if err := h.engine.Delete(r.Context(), h.tenant(r), s.ID, ""); err != nil && !errors.Is(err, ErrNotFound) {
			return answer{}, err
		}
	}
	return answer{status: http.StatusNoContent}, nil
}

func refuseMultiple() error {
	return refuse(http.StatusPreconditionFailed, "", "multiple-matches", "The criteria match several Subscriptions")
}

// patchBody reads a JSON Patch.
func (h *handler) patchBody(w http.ResponseWriter, r *http.Request) (json.RawMessage, error) {
	if !isPatch(r.Header.Get("Content-Type")) {
		return nil, refuse(http.StatusUnsupportedMediaType, "", "not-supported", "A patch must be a JSON Patch, application/json-patch+json; FHIRPath Patch is not supported")
	}
	return h.rawBody(w, r)
}
