package topic

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// EventParameter is the filter parameter that is about what happened and not about the
// resource: the events of the triggers that fired, as the US Core patient data feed has
// it (FLT-12, USE-01). A topic offers it by listing it under canFilterBy, for types that
// have no search parameter of that name.
const EventParameter = "trigger"

// EventURL is the extension of a resourceTrigger that says which event a change is that
// fires it. It is ours, occurs once at most, and has a valueCodeableConcept, as
// eventTrigger.event is one:
//
//	"resourceTrigger": [{
//	  "resource": "Observation",
//	  "extension": [{
//	    "url": "https://carillon-fhir.github.io/fhir/StructureDefinition/resourceTrigger-event",
//	    "valueCodeableConcept": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0003", "code": "R01"}]}
//	  }]
//	}]
//
// In the Basic of R4 it stands, with the same url, among the extensions inside the one
// that carries the resourceTrigger.
const EventURL = "https://carillon-fhir.github.io/fhir/StructureDefinition/resourceTrigger-event"

// errNoEvents is a caller's mistake: Options.Events promises what was not given.
var errNoEvents = errors.New("topic: the context of a filter by events does not tell the events")

// eventsKey is where the events travel in a context.
type eventsKey struct{}

// WithEvents returns the context with which Filters and an Index are asked about an
// event, so that filters by EventParameter and a FilterEvaluator learn what happened:
// the events of all the topic's triggers that fired for the change, or those that the
// host raised. There may be none.
func WithEvents(ctx context.Context, events []Coding) context.Context {
	return context.WithValue(ctx, eventsKey{}, &raised{events, sync.OnceValue(func() fhirpath.Node { return basicOf(events) })})
}

// Events returns what WithEvents gave, for a FilterTest.
func Events(ctx context.Context) []Coding {
	if e, ok := ctx.Value(eventsKey{}).(*raised); ok {
		return e.events
	}
	return nil
}

// raised is events, and as the code of a Basic, which is what they are searched as if
// anybody asks.
type raised struct {
	events []Coding
	basic  func() fhirpath.Node
}

// basicOf returns a Basic with the codings as its code.
func basicOf(codings []Coding) fhirpath.Node {
	basic := struct {
		ResourceType string           `json:"resourceType"`
		Code         *codeableConcept `json:"code"`
	}{"Basic", conceptOf(codings)}
	raw, err := json.Marshal(basic)
	if err != nil {
		panic(err) // plain structs of strings: there is nothing that can fail
	}
	doc, err := fhirpath.Parse(raw)
	if err != nil {
		panic(err) // it was just made
	}
	return doc.Root()
}

// eventFilter compiles a filter by EventParameter, whose value and modifiers are those
// of a search by token. named is the type that the filter is for, "" if it names none.
// A filter by an event that no trigger has would never let anything through.
func (t *Topic) eventFilter(f Filter, named string, o Options) (FilterTest, error) {
	name := "code"
	if f.Modifier != "" {
		name += ":" + f.Modifier
	}
	c, err := search.Parse(search.Options{Release: o.Release, Host: o.Host}, "Basic", name, f.Value)
	var problem *search.Error
	switch {
	case f.Comparator != "" && f.Comparator != "eq":
		return nil, &FilterError{f, "has a comparator, which only dates, numbers and quantities have"}
	case errors.As(err, &problem):
		return nil, &FilterError{f, "can't be evaluated: " + problem.Problem}
	case err != nil:
		return nil, err
	case !c.NeedsHost() && !t.mayRaise(c, named):
		return nil, &FilterError{f, "asks for an event that no trigger of the topic has there"}
	}
	return func(ctx context.Context, _ fhirpath.Node) (bool, error) {
		e, ok := ctx.Value(eventsKey{}).(*raised)
		if !ok {
			return false, errNoEvents
		}
		return c.Match(ctx, e.basic(), "")
	}, nil
}

// mayRaise reports whether one of the events of the triggers about the type meets c.
func (t *Topic) mayRaise(c *search.Criterion, named string) bool {
	meets := func(resource string, events []Coding) bool {
		if named != "" && !standsFor(resource, named) {
			return false
		}
		return slices.ContainsFunc(events, func(event Coding) bool {
			ok, err := c.Match(context.Background(), basicOf([]Coding{event}), "")
			return ok && err == nil
		})
	}
	for i := range t.ResourceTriggers {
		if meets(t.ResourceTriggers[i].Resource, t.ResourceTriggers[i].Event) {
			return true
		}
	}
	for i := range t.EventTriggers {
		if meets(t.EventTriggers[i].Resource, t.EventTriggers[i].Event) {
			return true
		}
	}
	return false
}
