package notification

import (
	"strconv"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// status reads a status resource into n.
type status struct {
	n      *Notification
	inR4   bool     // its form is that of R4
	path   string   // of the resource, for errors
	since  int64    // eventsSinceSubscriptionStart; -1: not seen
	count  int64    // of events in this notification, where a draft's form tells; 0: it does not
	events []string // the paths of n.Events
}

func (s *status) addEvent(e Event, path string) {
	s.n.Events = append(s.n.Events, e)
	s.events = append(s.events, path)
}

// complete checks what either form requires and adds what follows from the rest.
func (s *status) complete() error {
	if s.n.Subscription == "" {
		return invalid(s.path, "has no reference to a Subscription")
	}
	switch s.n.Type {
	case Handshake, Heartbeat, EventNotification, QueryStatus, QueryEvent:
	case "query-events": // so an official example of R5 spells it (OP-17)
		s.n.Type = QueryEvent
		s.n.tolerate(s.path, "type query-events is spelt query-event (OP-17)")
	case "":
		return invalid(s.path, "has no type")
	default:
		return invalid(s.path, "unknown type")
	}
	if s.since >= 0 {
		s.n.EventsSinceSubscriptionStart = s.since
		return nil
	}
	for _, e := range s.n.Events {
		s.n.EventsSinceSubscriptionStart = max(s.n.EventsSinceSubscriptionStart, e.Number)
	}
	return nil
}

func (s *status) setSince(v fhirpath.Node, path string) (err error) {
	if s.since >= 0 {
		return invalid(path, "appears twice")
	}
	s.since, err = s.n.number(v, path)
	return err
}

func (s *status) setCount(v fhirpath.Node, path string) (err error) {
	s.n.tolerate(path, "only a draft had this element (STS-07)")
	s.count, err = s.n.number(v, path)
	return err
}

// numberEntries makes events of a status that only counts them: the last one has the
// number of eventsSinceSubscriptionStart. It tells which entries they are about if it
// is one event, with its context, or one for each entry.
func (s *status) numberEntries(entries []fhirpath.Node) {
	if s.since < s.count || s.count > 1 && s.count != int64(len(entries)) {
		return
	}
	for i := range s.count {
		e := Event{Number: s.since - s.count + 1 + i}
		if len(entries) > 0 {
			e.Focus.FullURL = entryURL(entries[i])
		}
		s.addEvent(e, s.path)
	}
	if s.count == 1 && len(entries) > 1 {
		for _, entry := range entries[1:] {
			s.n.Events[0].addContext(entryURL(entry))
		}
	}
}

// errors adds the codes of one CodeableConcept.
func (s *status) errors(concept fhirpath.Node) {
	for coding := range concept.Get("coding").Elements() {
		if code := coding.Get("code").Text(); code != "" {
			s.n.Errors = append(s.n.Errors, Coding{System: coding.Get("system").Text(), Code: code})
		}
	}
}

func (e *Event) addContext(reference string) {
	if reference != "" {
		e.Context = append(e.Context, Entry{FullURL: reference})
	}
}

func (e *Event) addTrigger(v fhirpath.Node) {
	if c := coding(v); c.Code != "" {
		e.Triggers = append(e.Triggers, c)
	}
}

func (e *Event) addQuery(kind, query fhirpath.Node) {
	if query.Text() != "" {
		e.Queries = append(e.Queries, RelatedQuery{Type: coding(kind), Query: query.Text()})
	}
}

func coding(v fhirpath.Node) Coding {
	return Coding{System: v.Get("system").Text(), Code: v.Get("code").Text()}
}

// reference returns the literal reference of a Reference, or a string that stands
// for one, as fhir-candle writes it.
func reference(v fhirpath.Node) string {
	if v.Kind() == fhirpath.Object {
		v = v.Get("reference")
	}
	if v.Kind() != fhirpath.String {
		return ""
	}
	return v.Text()
}

func setOnce(field *string, text, path string) error {
	if *field != "" {
		return invalid(path, "appears twice")
	}
	*field = text
	return nil
}

// number reads a counter, a JSON string or number (STS-06).
func (n *Notification) number(v fhirpath.Node, path string) (int64, error) {
	if v.Kind() == fhirpath.String || v.Kind() == fhirpath.Number {
		if number, err := strconv.ParseInt(v.Text(), 10, 64); err == nil && number >= 0 {
			if v.Kind() == fhirpath.Number {
				n.tolerate(path, "want a string: a JSON number is not exact beyond 2^53 (STS-06)")
			}
			return number, nil
		}
	}
	return 0, invalid(path, "want a whole number, 0 or more, that fits 64 bits")
}

// time reads an instant. A date alone is the start of its day in UTC: some servers
// write the time of an event so. A missing value is the zero time.
func (n *Notification) time(v fhirpath.Node, path string) (time.Time, error) {
	if !v.Exists() {
		return time.Time{}, nil
	}
	if v.Kind() == fhirpath.String {
		text := v.Text()
		if t, err := time.Parse(time.RFC3339, text); err == nil {
			return t.UTC(), nil
		}
		if t, err := time.Parse(time.DateOnly, text); err == nil {
			n.tolerate(path, "want an instant, not a date")
			return t.UTC(), nil
		}
	}
	return time.Time{}, invalid(path, "want an instant such as 2026-03-02T08:15:30Z")
}
