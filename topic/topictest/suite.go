package topictest

import (
	"testing"

	"github.com/carillon-fhir/carillon/topic"
)

// Evaluator is subscription.TopicEvaluator.
type Evaluator interface {
	// Language names the language, as a MIME type.
	Language() string
	// Compile makes a Program of a topic's triggers, nil for a topic without any in this
	// language.
	Compile(t *topic.Topic) (topic.Program, error)
}

// Harness says how to make an evaluator and how to ask it.
type Harness struct {
	// New returns an evaluator for resources of FHIR R4. Required.
	New func(t testing.TB) Evaluator

	// Criteria in the evaluator's language.
	Criteria Criteria

	// Trigger returns a trigger on that type with that criterion. nil: it is an
	// Expression in the evaluator's language.
	Trigger func(resourceType, criterion string) topic.ResourceTrigger

	// ExactDecimals says that every digit of a decimal counts, not only those of a
	// binary floating-point number.
	ExactDecimals bool

	// KnownCodes says that the evaluator's form of resources has no place for a code which
	// R4 does not define: then such a resource is an error of Fires.
	KnownCodes bool
}

// Clause is one clause of the contract.
type Clause struct {
	Name string                        // what it promises, as the name of a subtest
	Test func(t testing.TB, h Harness) // fails or skips t, and ends what it began
}

// Run tests all Clauses, in parallel.
func Run(t *testing.T, h Harness) {
	for _, c := range Clauses() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			c.Test(t, h)
		})
	}
}

// Clauses returns the clauses of the contract.
func Clauses() []Clause {
	var all []Clause
	for _, theme := range [][]Clause{languages, truth, elements, conduct, budget, refusals} {
		all = append(all, theme...)
	}
	return all
}
