package notification

import (
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// parameters reads the form of R4 (STS-01, STS-02). Parts of other names
// are ignored: guides add their own (STS-03, STS-11).
func (s *status) parameters(resource fhirpath.Node) (err error) {
	i := 0
	for p := range resource.Get("parameter").Elements() {
		path := at(s.path+".parameter", i)
		i++
		switch p.Get("name").Text() {
		case "subscription":
			err = setOnce(&s.n.Subscription, reference(s.value(p, path, "valueReference")), path)
		case "topic":
			err = setOnce(&s.n.Topic, s.value(p, path, "valueCanonical").Text(), path)
		case "status":
			err = setOnce(&s.n.Status, s.value(p, path, "valueCode").Text(), path)
		case "type":
			err = setOnce((*string)(&s.n.Type), s.value(p, path, "valueCode").Text(), path)
		case "events-since-subscription-start":
			err = s.setSince(s.value(p, path, "valueString"), path)
		case "events-in-notification":
			err = s.setCount(value(p), path)
		case "notification-event":
			err = s.eventParts(p, path)
		case "error":
			s.errors(s.value(p, path, "valueCodeableConcept"))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *status) eventParts(parameter fhirpath.Node, path string) (err error) {
	var e Event
	numbered := false
	i := 0
	for p := range parameter.Get("part").Elements() {
		path := at(path+".part", i)
		i++
		switch p.Get("name").Text() {
		case "event-number":
			if numbered {
				return invalid(path, "appears twice")
			}
			e.Number, err = s.n.number(s.value(p, path, "valueString"), path)
			numbered = true
		case "timestamp":
			e.Timestamp, err = s.n.time(s.value(p, path, "valueInstant"), path)
		case "focus":
			err = setOnce(&e.Focus.FullURL, reference(s.value(p, path, "valueReference")), path)
		case "additional-context":
			e.addContext(reference(s.value(p, path, "valueReference")))
		case "trigger":
			e.addTrigger(s.value(p, path, "valueCoding"))
		case "related-query":
			e.addQuery(named(p.Get("part"), "name", "query-type"), named(p.Get("part"), "name", "query"))
		case "authorization-type":
			e.Authorization.Type = coding(s.value(p, path, "valueCoding"))
		case "authorization-value":
			err = setOnce(&e.Authorization.Value, s.value(p, path, "valueString").Text(), path)
		}
		if err != nil {
			return err
		}
	}
	if !numbered {
		return invalid(path, "has no event-number")
	}
	s.addEvent(e, path)
	return nil
}

// value returns the value of a parameter, of whatever type: servers differ
// (CLI-07, STS-07).
func (s *status) value(parameter fhirpath.Node, path, want string) fhirpath.Node {
	for name, v := range parameter.Members() {
		if isValue(name) {
			if name != want {
				s.n.tolerate(path, "want "+want)
			}
			return v
		}
	}
	return fhirpath.Node{}
}

// value returns the value[x] of a parameter or an extension.
func value(n fhirpath.Node) fhirpath.Node {
	for name, v := range n.Members() {
		if isValue(name) {
			return v
		}
	}
	return fhirpath.Node{}
}

func isValue(name string) bool {
	x, ok := strings.CutPrefix(name, "value")
	return ok && x != ""
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
