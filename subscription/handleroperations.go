package subscription

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/notification"
)

// status serves $status; id is "" at the type level.
func (h *handler) status(w http.ResponseWriter, r *http.Request, id string) (answer, error) {
	e := h.engine
	in, err := h.parameters(w, r)
	if err != nil {
		return answer{}, err
	}
	ids, statuses := in["id"], []Status(nil)
	self := e.location("Subscription", "$status")
	if id != "" {
		if _, err := e.Get(r.Context(), h.tenant(r), id); err != nil {
			return answer{}, err
		}
		ids, self = []string{id}, e.location("Subscription", id, "$status")
	} else {
		for _, s := range in["status"] {
			if !slices.Contains([]Status{StatusRequested, StatusActive, StatusError, StatusOff}, Status(s)) {
				return answer{}, refuse(http.StatusBadRequest, "", "invalid", "status must be requested, active, error or off")
			}
			statuses = append(statuses, Status(s))
		}
		if query := in.Encode(); query != "" {
			self += "?" + query
		}
	}
	bundle, err := e.Status(r.Context(), h.tenant(r), ids, statuses, self)
	return answer{status: http.StatusOK, body: bundle}, err
}

// events serves $events.
func (h *handler) events(w http.ResponseWriter, r *http.Request, id string) (answer, error) {
	in, err := h.parameters(w, r)
	if err != nil {
		return answer{}, err
	}
	since, err := eventNumber("eventsSinceNumber", in.Get("eventsSinceNumber"))
	if err != nil {
		return answer{}, err
	}
	until, err := eventNumber("eventsUntilNumber", in.Get("eventsUntilNumber"))
	if err != nil {
		return answer{}, err
	}
	if until > 0 && since > until {
		return answer{}, refuse(http.StatusBadRequest, "", "invalid", "eventsSinceNumber must not be above eventsUntilNumber")
	}
	bundle, err := h.engine.Events(r.Context(), h.tenant(r), id, since, until, notification.Content(in.Get("content")))
	return answer{status: http.StatusOK, body: bundle}, err
}

// parameters returns an operation's input: the query by GET, a Parameters resource
// by POST. What no operation here knows is refused.
func (h *handler) parameters(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	in, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "", "invalid", "The parameters can't be read")
	}
	switch r.Method {
	case http.MethodGet:
	case http.MethodPost:
		raw, err := h.body(w, r)
		if err != nil {
			return nil, err
		}
		if len(raw) == 0 {
			break
		}
		doc, err := fhirpath.Parse(raw)
		if err != nil || !doc.Root().Get("resourceType").Is("Parameters") {
			return nil, refuse(http.StatusBadRequest, "Parameters", "structure", "The body must be a Parameters resource")
		}
		for p := range doc.Root().Get("parameter").Elements() {
			for name, value := range p.Members() {
				if len(name) > len("value") && name[:len("value")] == "value" {
					in.Add(p.Get("name").Text(), value.Text())
				}
			}
		}
	default:
		return nil, notAllowed()
	}
	delete(in, "_format")
	delete(in, "_pretty")
	for name := range in {
		if !slices.Contains([]string{"id", "status", "eventsSinceNumber", "eventsUntilNumber", "content"}, name) {
			return nil, refuse(http.StatusBadRequest, "Parameters.parameter", "not-supported", "There is no such parameter")
		}
	}
	return in, nil
}
