package extend_test

import (
	"context"
	"strings"
	"testing"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
	"github.com/carillon-fhir/carillon/topic/topictest"
)

// Becomes is a language with one sentence: "ELEMENT becomes VALUE", for elements on top of
// a resource.
type Becomes struct{}

var _ subscription.TopicEvaluator = Becomes{}

// Language is what a topic's criteria say that they are in.
func (Becomes) Language() string { return "text/x-becomes" }

// Compile answers nil for a topic of another language, and all that is wrong with its own.
func (b Becomes) Compile(t *topic.Topic) (topic.Program, error) {
	if ours, err := t.WrittenIn(b.Language()); !ours || err != nil {
		return nil, err
	}
	triggers, err := topic.CompileTriggers(t, func(tr *topic.ResourceTrigger, at string) (sentence, error) {
		element, value, ok := strings.Cut(tr.Expression.Expression, " becomes ")
		if !ok || !isName(element) || value == "" {
			return sentence{}, &topic.ElementError{Element: at, Problem: "can't be evaluated: want ELEMENT becomes VALUE"}
		}
		return sentence{element, value}, nil
	})
	if err != nil {
		return nil, err
	}
	return program(triggers), nil
}

func isName(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

type sentence struct{ element, value string }

// program is one for all triggers of a topic. Many goroutines ask it at once.
type program []sentence

// Fires looks at the changed resource only; what is not there, such as previous on a
// create, is a Node that exists not and equals nothing.
func (p program) Fires(_ context.Context, trigger int, c *topic.Change) (bool, error) {
	if err := c.Complete(p.NeedsPrevious(trigger)); err != nil {
		return false, err // a state that there must be is missing: not "no"
	}
	s := p[trigger]
	return is(c.Current, s) && !is(c.Previous, s), nil
}

func is(n fhirpath.Node, s sentence) bool { return n.Get(s.element).Is(s.value) }

func (program) NeedsPrevious(int) bool { return true }
func (program) NeedsHost(int) bool     { return false }

// TestBecomes runs the suite that every evaluator must pass. What the language can't say
// is left out, and the suite says so.
func TestBecomes(t *testing.T) {
	topictest.Run(t, topictest.Harness{
		New: func(testing.TB) topictest.Evaluator { return Becomes{} },
		Criteria: topictest.Criteria{
			Finished:  "status becomes finished",
			Malformed: "status becomes",
		},
	})
}
