package topic

import "github.com/carillon-fhir/carillon/fhirpath"

func (r *reader) eventTrigger(e element) EventTrigger {
	t := EventTrigger{Description: r.text(e, "description"), Resource: r.resourceType(e)}
	known := len(r.problems)
	events := r.find(e, "event", false)
	if len(events) == 0 && len(r.problems) == known {
		r.problem(absent(e, "event"), "is missing")
	}
	for _, event := range events {
		t.Event = append(t.Event, r.codings(event.value())...)
	}
	return t
}

// changeEvent reads the extension EventURL of a resourceTrigger.
func (r *reader) changeEvent(trigger element) (event []Coding) {
	found := r.extensions(trigger, EventURL)
	if len(found) > 1 {
		r.problem(found[1].path, "may occur only once")
	}
	for _, e := range found {
		event = r.codings(e.node.Get("valueCodeableConcept"), e.path+".value")
		if len(event) == 0 {
			r.problem(e.path+".value", "must be a CodeableConcept with a coding")
		}
	}
	return event
}

// codings returns the codings of a CodeableConcept.
func (r *reader) codings(concept fhirpath.Node, path string) (codings []Coding) {
	if concept.Kind() != fhirpath.Object {
		r.problem(path, "must be a CodeableConcept")
		return nil
	}
	for coding := range concept.Get("coding").Elements() {
		codings = append(codings, Coding{System: coding.Get("system").Text(), Code: coding.Get("code").Text()})
	}
	return codings
}
