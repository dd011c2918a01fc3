package celtopic_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/celtopic"
	"github.com/carillon-fhir/carillon/topic/topictest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSuite(t *testing.T) {
	topictest.Run(t, topictest.Harness{
		New: func(t testing.TB) topictest.Evaluator {
			e, err := celtopic.New(celtopic.Config{Release: fhirpath.R4})
			require.NoError(t, err)
			return e
		},
		Criteria: topictest.Criteria{
			Finished: `current.status == "finished" && previous.status != "finished"`,
			Current:  `current.status == "finished"`,
			Created:  `!exists(previous)`,
			Deleted:  `!exists(current)`,
			Type:     `current.type.exists(t, t.coding.exists(c, c.system == "http://example.org/types" && c.code == "b"))`,
			Open:     `!has(current.period.end)`,
			Provider: `current.serviceProvider.reference == "Organization/o1"`,
			Reason:   `current.reasonCode.exists(r, r.text == "Übelkeit 🤢")`,
			Early:    `has(current.period.start) && timestamp(current.period.start) < timestamp("2026-03-01T08:00:00Z")`,

			Value: `has(current.value)`,
			High:  `has(current.valueQuantity.value) && current.valueQuantity.value > 6.3`,
			Risen: `has(current.valueQuantity.value) && has(previous.valueQuantity.value) && current.valueQuantity.value > previous.valueQuantity.value`,

			Failing:    `int(current.id) > 0`,
			Unknown:    `current.statuss == "finished"`,
			Mistyped:   `current.status == 3`,
			Malformed:  `current.status ==`,
			NotBoolean: `current.status`,

			Loops: func(depth int) string {
				loops := "true"
				for i := range depth {
					loops = fmt.Sprintf("current.type.all(t%d, %s)", i, loops)
				}
				return loops
			},
			Deep: func(depth int) string { return strings.Repeat("(", depth) + "true" + strings.Repeat(")", depth) },
		},
	})
}
