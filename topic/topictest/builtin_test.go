package topictest_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
	"github.com/carillon-fhir/carillon/topic/topictest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// builtin is the evaluator that every engine has, as if it had to be configured.
type builtin struct{}

func (builtin) Language() string { return "text/fhirpath" }

func (builtin) Compile(t *topic.Topic) (topic.Program, error) {
	written := false
	for _, tr := range t.ResourceTriggers {
		written = written || tr.FHIRPath != ""
	}
	if !written {
		return nil, nil
	}
	var problems []error
	for i, tr := range t.ResourceTriggers {
		if tr.Expression != nil || tr.Query != nil {
			problems = append(problems, &topic.ElementError{
				Element: fmt.Sprintf("SubscriptionTopic.resourceTrigger[%d]", i), Problem: "has criteria that are not in FHIRPath",
			})
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return topic.Compile(t, topic.Options{Release: fhirpath.R4})
}

// nested writes open depth times, then inner, then end as often.
func nested(open, inner, end string, depth int) string {
	return strings.Repeat(open, depth) + inner + strings.Repeat(end, depth)
}

// harness tests evaluators that take criteria in FHIRPath.
func harness(e topictest.Evaluator) topictest.Harness {
	return topictest.Harness{
		New: func(testing.TB) topictest.Evaluator { return e },
		Trigger: func(resourceType, criterion string) topic.ResourceTrigger {
			return topic.ResourceTrigger{Resource: resourceType, FHIRPath: criterion}
		},
		ExactDecimals: true,
		Criteria: topictest.Criteria{
			Finished: "%current.status = 'finished' and (%previous.empty() or %previous.status != 'finished')",
			Current:  "%current.status = 'finished'",
			Created:  "%previous.empty()",
			Deleted:  "%current.empty()",
			Type:     "%current.type.coding.exists(system = 'http://example.org/types' and code = 'b')",
			Open:     "%current.period.end.empty()",
			Provider: "%current.serviceProvider.reference = 'Organization/o1'",
			Reason:   "%current.reasonCode.exists(text = 'Übelkeit 🤢')",
			Early:    "%current.period.start < @2026-03-01T08:00:00Z",

			Value: "%current.value.exists()",
			High:  "%current.value.ofType(Quantity).value > 6.3",
			Risen: "%current.value.ofType(Quantity).value > %previous.value.ofType(Quantity).value",

			Failing:    "%current.type.single().text = 'x'",
			Unknown:    "%current.statuss = 'finished'",
			Mistyped:   "%current.status > 3",
			Malformed:  "%current.status =",
			NotBoolean: "%current.status",

			Loops: func(depth int) string { return nested("%current.type.all(", "true", ")", depth) },
			Deep:  func(depth int) string { return nested("(", "true", ")", depth) },
		},
	}
}

// The built-in evaluator is held to the same contract.
func TestBuiltin(t *testing.T) { topictest.Run(t, harness(builtin{})) }
