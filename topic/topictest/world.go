package topictest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
)

// secret is in every resource of the suite, and must be in no error.
const secret = "S4711"

// world is an evaluator with the few moves that the clauses are made of. A move that
// fails ends the clause.
type world struct {
	testing.TB
	Harness
	evaluator Evaluator
}

func newWorld(t testing.TB, h Harness) *world {
	return &world{TB: t, Harness: h, evaluator: h.New(t)}
}

// skipUnless skips the clause if the language can't express a criterion.
func (w *world) skipUnless(criterion string) {
	if criterion == "" {
		w.Skip("the language has no such criterion")
	}
}

func (w *world) trigger(resourceType, criterion string) topic.ResourceTrigger {
	if w.Trigger != nil {
		return w.Trigger(resourceType, criterion)
	}
	return topic.ResourceTrigger{
		Resource: resourceType, Expression: &topic.Expression{Language: w.evaluator.Language(), Expression: criterion},
	}
}

// onEncounter returns a topic with a trigger on Encounter for each criterion.
func (w *world) onEncounter(criteria ...string) *topic.Topic {
	t := &topic.Topic{URL: "http://example.org/topic", Status: "active"}
	for _, c := range criteria {
		t.ResourceTriggers = append(t.ResourceTriggers, w.trigger("Encounter", c))
	}
	return t
}

func (w *world) compile(t *topic.Topic) topic.Program {
	p, err := w.evaluator.Compile(t)
	require.NoError(w, err)
	require.NotNil(w, p, "the topic is in the evaluator's language")
	return p
}

// encounterProgram compiles one criterion on Encounter, or skips the clause.
func (w *world) encounterProgram(criterion string) topic.Program {
	w.skipUnless(criterion)
	return w.compile(w.onEncounter(criterion))
}

func (w *world) observationProgram(criterion string) topic.Program {
	w.skipUnless(criterion)
	return w.compile(&topic.Topic{ResourceTriggers: []topic.ResourceTrigger{w.trigger("Observation", criterion)}})
}

func (w *world) node(raw string) fhirpath.Node {
	if raw == "" {
		return fhirpath.Node{}
	}
	doc, err := fhirpath.Parse([]byte(raw))
	require.NoError(w, err)
	return doc.Root()
}

// change is an update, a create or a delete, by which of the states are there.
func (w *world) change(previous, current string) *topic.Change {
	c := &topic.Change{Interaction: topic.Update, Previous: w.node(previous), Current: w.node(current)}
	switch "" {
	case previous:
		c.Interaction = topic.Create
	case current:
		c.Interaction = topic.Delete
	}
	for _, n := range []fhirpath.Node{c.Previous, c.Current} {
		if n.Exists() {
			c.ResourceType = n.Get("resourceType").Text()
		}
	}
	return c
}

func (w *world) fires(p topic.Program, c *topic.Change) bool {
	fired, err := p.Fires(w.Context(), 0, c)
	require.NoError(w, err)
	return fired
}

// refused requires that Compile refuses the topic and names the trigger.
func (w *world) refused(t *topic.Topic, trigger string) {
	p, err := w.evaluator.Compile(t)
	require.ErrorContains(w, err, trigger)
	require.Nil(w, p)
}

// encounter is one with that status and further members.
func encounter(status string, members ...string) string {
	return resource("Encounter", append([]string{`"status":"` + status + `"`}, members...))
}

// observation is one with further members.
func observation(members ...string) string {
	return resource("Observation", append([]string{`"status":"final"`}, members...))
}

func resource(resourceType string, members []string) string {
	return `{"resourceType":"` + resourceType + `","id":"` + secret + `","subject":{"reference":"Patient/` + secret + `"},` +
		strings.Join(members, ",") + `}`
}
