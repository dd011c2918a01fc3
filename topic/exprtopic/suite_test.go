package exprtopic_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/exprtopic"
	"github.com/carillon-fhir/carillon/topic/topictest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSuite(t *testing.T) {
	topictest.Run(t, topictest.Harness{
		New: func(t testing.TB) topictest.Evaluator {
			e, err := exprtopic.New(exprtopic.Config{Release: fhirpath.R4})
			require.NoError(t, err)
			return e
		},
		Criteria: topictest.Criteria{
			Finished: `current.status == "finished" and previous.status != "finished"`,
			Current:  `current.status == "finished"`,
			Created:  `not exists(previous)`,
			Deleted:  `not exists(current)`,
			Type:     `any(current.type, any(.coding, .system == "http://example.org/types" and .code == "b"))`,
			Open:     `current.period.end == nil`,
			Provider: `current.serviceProvider.reference == "Organization/o1"`,
			Reason:   `any(current.reasonCode, .text == "Übelkeit 🤢")`,
			Early:    `exists(current.period.start) and date(current.period.start) < date("2026-03-01T08:00:00Z")`,

			Value: `exists(current.value)`,
			High:  `exists(current.valueQuantity.value) and current.valueQuantity.value > 6.3`,
			Risen: `exists(current.valueQuantity.value) and exists(previous.valueQuantity.value) and current.valueQuantity.value > previous.valueQuantity.value`,

			Failing:    `int(current.id) > 0`,
			Unknown:    `current.statuss == "finished"`,
			Mistyped:   `current.status == 3`,
			Malformed:  `current.status ==`,
			NotBoolean: `current.status`,

			Loops: func(depth int) string {
				return strings.Repeat("all(current.type, ", depth) + "true" + strings.Repeat(")", depth)
			},
			Deep: func(depth int) string { return strings.Repeat("!", depth) + "true" },
		},
	})
}
