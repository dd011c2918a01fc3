package notification

import (
	"strconv"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// status reads a status resource into n.
type status struct {
	n     *Notification
	path  string // of the resource, for errors
	since int64  // eventsSinceSubscriptionStart; -1: not seen
}

// parameters reads the form of R4 (spec.md STS-01, STS-02). Parts of other names
// are ignored: guides add their own (STS-03, STS-11).
func (s *status) parameters(resource fhirpath.Node) error {
	i := 0
	for p := range resource.Get("parameter").Elements() {
		path := at(s.path+".parameter", i)
		i++
		name := p.Get("name").Text()
		v := value(p)
		var err error
		switch name {
		case "subscription":
			err = setOnce(&s.n.Subscription, reference(v), path)
		case "topic":
			err = setOnce(&s.n.Topic, v.Text(), path)
		case "status":
			err = setOnce(&s.n.Status, v.Text(), path)
		case "type":
			err = setOnce((*string)(&s.n.Type), v.Text(), path)
		case "events-since-subscription-start":
			err = s.setSince(v, path)
		case "notification-event":
			err = s.eventParts(p, path)
		case "error":
			s.errors(v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *status) eventParts(parameter fhirpath.Node, path string) error {
	var e Event
	numbered := false
	i := 0
	for p := range parameter.Get("part").Elements() {
		path := at(path+".part", i)
		i++
		name := p.Get("name").Text()
		v := value(p)
		var err error
		switch name {
		case "event-number":
			if numbered {
				return invalid(path, "appears twice")
			}
			e.Number, err = parseNumber(v, path)
			numbered = true
		case "timestamp":
			e.Timestamp, err = parseTime(v, path)
		case "focus":
			err = setOnce(&e.Focus.FullURL, reference(v), path)
		case "additional-context":
			e.addContext(reference(v))
		case "trigger":
			e.addTrigger(v)
		case "related-query":
			e.addQuery(parts(p, "query-type", "query"))
		case "authorization-type":
			e.Authorization.Type = coding(v)
		case "authorization-value":
			e.Authorization.Value = v.Text()
		}
		if err != nil {
			return err
		}
	}
	if !numbered {
		return invalid(path, "has no event-number")
	}
	s.n.Events = append(s.n.Events, e)
	return nil
}

// elements reads a SubscriptionStatus of R4B or R5 (spec.md STS-04, STS-05).
func (s *status) elements(resource fhirpath.Node) error {
	s.n.Subscription = reference(resource.Get("subscription"))
	s.n.Topic = resource.Get("topic").Text()
	s.n.Status = resource.Get("status").Text()
	s.n.Type = Type(resource.Get("type").Text())
	if since := resource.Get("eventsSinceSubscriptionStart"); since.Exists() {
		if err := s.setSince(since, s.path+".eventsSinceSubscriptionStart"); err != nil {
			return err
		}
	}
	i := 0
	for node := range resource.Get("notificationEvent").Elements() {
		path := at(s.path+".notificationEvent", i)
		i++
		var e Event
		var err error
		if e.Number, err = parseNumber(node.Get("eventNumber"), path+".eventNumber"); err != nil {
			return err
		}
		if e.Timestamp, err = parseTime(node.Get("timestamp"), path+".timestamp"); err != nil {
			return err
		}
		e.Focus.FullURL = reference(node.Get("focus"))
		for context := range node.Get("additionalContext").Elements() {
			e.addContext(reference(context))
		}
		e.extensions(node)
		s.n.Events = append(s.n.Events, e)
	}
	for concept := range resource.Get("error").Elements() {
		s.errors(concept)
	}
	return nil
}

// extensions reads those of a notificationEvent that the guide defines (EXT-08, EXT-09).
func (e *Event) extensions(node fhirpath.Node) {
	for extension := range node.Get("extension").Elements() {
		switch extension.Get("url").Text() {
		case relatedQueryURL:
			e.addQuery(children(extension, "queryType", "query"))
		case authorizationURL:
			kind, v := children(extension, "type", "value")
			e.Authorization = Authorization{Type: coding(kind), Value: v.Text()}
		}
	}
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
	s.since, err = parseNumber(v, path)
	return err
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

// parts returns the values of two parts of a parameter, children those of two
// extensions inside one.
func parts(parameter fhirpath.Node, first, second string) (a, b fhirpath.Node) {
	return named(parameter.Get("part"), "name", first), named(parameter.Get("part"), "name", second)
}

func children(extension fhirpath.Node, first, second string) (a, b fhirpath.Node) {
	return named(extension.Get("extension"), "url", first), named(extension.Get("extension"), "url", second)
}

// named returns the value of the first element of list whose member key is name.
func named(list fhirpath.Node, key, name string) fhirpath.Node {
	for element := range list.Elements() {
		if element.Get(key).Is(name) {
			return value(element)
		}
	}
	return fhirpath.Node{}
}

func coding(v fhirpath.Node) Coding {
	return Coding{System: v.Get("system").Text(), Code: v.Get("code").Text()}
}

// value returns the value[x] of a parameter, whatever its type: servers differ
// (spec.md CLI-07, STS-07).
func value(parameter fhirpath.Node) fhirpath.Node {
	for name, v := range parameter.Members() {
		if x, ok := strings.CutPrefix(name, "value"); ok && x != "" {
			return v
		}
	}
	return fhirpath.Node{}
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

// parseNumber reads a counter, a JSON string or number (spec.md STS-06).
func parseNumber(v fhirpath.Node, path string) (int64, error) {
	if v.Kind() == fhirpath.String || v.Kind() == fhirpath.Number {
		if number, err := strconv.ParseInt(v.Text(), 10, 64); err == nil && number >= 0 {
			return number, nil
		}
	}
	return 0, invalid(path, "want a whole number, 0 or more, that fits 64 bits")
}

// parseTime reads an instant. A date alone is the start of its day in UTC: some
// servers write the time of an event so. A missing value is the zero time.
func parseTime(v fhirpath.Node, path string) (time.Time, error) {
	if !v.Exists() {
		return time.Time{}, nil
	}
	if v.Kind() == fhirpath.String {
		text := v.Text()
		for _, layout := range []string{time.RFC3339, time.DateOnly} {
			if t, err := time.Parse(layout, text); err == nil {
				return t.UTC(), nil
			}
		}
	}
	return time.Time{}, invalid(path, "want an instant such as 2026-03-02T08:15:30Z")
}
