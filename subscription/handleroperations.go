package subscription

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

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
	ids, statuses := split(in["id"]), []Status(nil)
	self := e.location("Subscription", "$status")
	if id != "" {
		if _, err := e.Get(r.Context(), h.tenant(r), id); err != nil {
			return answer{}, err
		}
		ids, self = []string{id}, e.location("Subscription", id, "$status")
	} else {
		for _, s := range split(in["status"]) {
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
	since, until, err := bounds(in)
	if err != nil {
		return answer{}, err
	}
	bundle, err := h.engine.Events(r.Context(), h.tenant(r), id, since, until, notification.Content(in.Get("content")))
	return answer{status: http.StatusOK, body: bundle}, err
}

// resend serves $resend.
func (h *handler) resend(w http.ResponseWriter, r *http.Request, id string) (answer, error) {
	in, err := h.parameters(w, r, nil, []string{"eventsSinceNumber", "eventsUntilNumber", "eventsSinceInstant", "eventsUntilInstant"})
	if err != nil {
		return answer{}, err
	}
	var q ResendRequest
	if q.Since, q.Until, err = bounds(in); err != nil {
		return answer{}, err
	}
	for name, instant := range map[string]*time.Time{"eventsSinceInstant": &q.SinceInstant, "eventsUntilInstant": &q.UntilInstant} {
		if text := in.Get(name); text != "" {
			if *instant, err = time.Parse(time.RFC3339Nano, text); err != nil {
				return answer{}, refuse(http.StatusBadRequest, "", "invalid", name+" must be an instant")
			}
		}
	}
	if !q.UntilInstant.IsZero() && q.UntilInstant.Before(q.SinceInstant) {
		return answer{}, refuse(http.StatusBadRequest, "", "invalid", "eventsSinceInstant must not be after eventsUntilInstant")
	}
	sent, err := h.engine.Resend(r.Context(), h.tenant(r), id, q)
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, body: sent.operationOutcome()}, nil
}

// operationOutcome is the answer of $resend.
func (s Resent) operationOutcome() json.RawMessage {
	text := "No events were sent again"
	if s.Events > 0 {
		text = fmt.Sprintf("%d events (%d-%d) were sent again", s.Events, s.First, s.Last)
	}
	if s.More {
		text += "; there are more"
	}
	return object{"resourceType": quote("OperationOutcome"), "issue": array([][]byte{
		[]byte(`{"severity":"information","code":"informational","details":{"text":` + string(quote(text)) + `}}`)})}.raw()
}

// split parts what some clients join by commas (OP-19), and takes references for
// ids.
func split(values []string) (list []string) {
	for _, value := range values {
		for one := range strings.SplitSeq(value, ",") {
			list = append(list, strings.TrimPrefix(strings.TrimSpace(one), "Subscription/"))
		}
	}
	return list
}

// bounds reads the numbers that bound $events and $resend.
func bounds(in url.Values) (since, until int64, err error) {
	if since, err = eventNumber("eventsSinceNumber", in.Get("eventsSinceNumber")); err != nil {
		return 0, 0, err
	}
	if until, err = eventNumber("eventsUntilNumber", in.Get("eventsUntilNumber")); err != nil {
		return 0, 0, err
	}
	if until > 0 && since > until {
		return 0, 0, refuse(http.StatusBadRequest, "", "invalid", "eventsSinceNumber must not be above eventsUntilNumber")
	}
	return since, until, nil
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
			if strings.HasPrefix(name, "value") && (value.Kind() == fhirpath.String || value.Kind() == fhirpath.Number) {
				in.Add(p.Get("name").Text(), value.Text())
				values++
			}
		}
		if values != 1 {
			return refuse(http.StatusBadRequest, "Parameters.parameter.value", "value", "A parameter needs one primitive value")
		}
	}
	return nil
}
