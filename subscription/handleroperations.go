package subscription

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/notification"
)

// status serves $status; id is "" at the type level.
func (h *handler) status(w http.ResponseWriter, r *http.Request, id string) (answer, error) {
	e := h.engine
	names := []string{"id", "status"}
	if id != "" {
		names = nil
	}
	in, err := h.parameters(w, r, names, nil)
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
			if !slices.Contains(e.form.statuses, Status(s)) {
				return answer{}, refuse(http.StatusBadRequest, "", "invalid", "status must be a status of Subscription in this release")
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
	in, err := h.parameters(w, r, nil, []string{"eventsSinceNumber", "eventsUntilNumber", "content"})
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
// by POST. many may be given several times, once one time at most; what is neither is
// refused.
func (h *handler) parameters(w http.ResponseWriter, r *http.Request, many, once []string) (url.Values, error) {
	in, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "", "invalid", "The parameters can't be read")
	}
	delete(in, "_format")
	delete(in, "_pretty")
	switch r.Method {
	case http.MethodGet:
	case http.MethodPost:
		raw, err := h.body(w, r)
		if err == nil && len(raw) > 0 {
			err = readParameters(in, raw)
		}
		if err != nil {
			return nil, err
		}
	default:
		return nil, notAllowed("GET, HEAD, POST")
	}
	for name, values := range in {
		if !slices.Contains(many, name) && (!slices.Contains(once, name) || len(values) > 1) {
			return nil, refuse(http.StatusBadRequest, "Parameters.parameter", "not-supported", "A parameter is not known here, or given too often")
		}
	}
	return in, nil
}

// readParameters adds what a Parameters resource holds: primitive values only.
func readParameters(in url.Values, raw []byte) error {
	doc, err := fhirpath.Parse(raw)
	if err != nil || !doc.Root().Get("resourceType").Is("Parameters") {
		return refuse(http.StatusBadRequest, "Parameters", "structure", "The body must be a Parameters resource")
	}
	for p := range doc.Root().Get("parameter").Elements() {
		values := 0
		for name, value := range p.Members() {
			if strings.HasPrefix(name, "value") && value.Kind() == fhirpath.String {
				in.Add(p.Get("name").Text(), value.Text())
				values++
			}
		}
		if values != 1 {
			return refuse(http.StatusBadRequest, "Parameters.parameter.value", "value", "A parameter needs one value, a code, id or string")
		}
	}
	return nil
}
