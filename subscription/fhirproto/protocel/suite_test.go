package protocel_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/carillon-fhir/carillon/subscription/fhirproto/protocel"
	"github.com/carillon-fhir/carillon/topic/topictest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/golang/glog.(*fileSink).flushDaemon"))
}

func TestSuite(t *testing.T) {
	topictest.Run(t, topictest.Harness{
		New: func(t testing.TB) topictest.Evaluator {
			e, err := protocel.New(protocel.Config{})
			require.NoError(t, err)
			return e
		},
		KnownCodes: true,
		Criteria: topictest.Criteria{
			Finished: `current.status.value == EncounterStatusCode.Value.FINISHED && previous.status.value != EncounterStatusCode.Value.FINISHED`,
			Current:  `current.status.value == EncounterStatusCode.Value.FINISHED`,
			Created:  `!exists(previous)`,
			Deleted:  `!exists(current)`,
			Type:     `current.type.exists(t, t.coding.exists(c, c.system.value == "http://example.org/types" && c.code.value == "b"))`,
			Open:     `!has(current.period.end)`,
			Provider: `current.service_provider.organization_id.value == "o1" || current.service_provider.uri.value == "Organization/o1"`,
			Reason:   `current.reason_code.exists(r, r.text.value == "Übelkeit 🤢")`,
			Early:    `has(current.period.start) && current.period.start.precision >= DateTime.Precision.SECOND && current.period.start.value_us / 1000000 < int(timestamp("2026-03-01T08:00:00Z"))`,

			Value: `has(current.value)`,
			High:  `has(current.value.quantity.value) && double(current.value.quantity.value.value) > 6.3`,
			Risen: `has(current.value.quantity.value) && has(previous.value.quantity.value) && double(current.value.quantity.value.value) > double(previous.value.quantity.value.value)`,

			Failing:    `int(current.id.value) > 0`,
			Unknown:    `current.statuss.value == EncounterStatusCode.Value.FINISHED`,
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
