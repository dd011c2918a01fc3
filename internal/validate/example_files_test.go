package validate

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/shared"
	"github.com/stretchr/testify/require"
)

// errata are the examples of other hands that are wrong, with the elements at fault.
var errata = map[string][]string{
	// integer64 as a JSON number: made before the rule (STS-06); a response, which the
	// profile forbids (AMB-08).
	"core-r5/examples/notification-empty.json":                      {"eventNumber", "eventsSinceSubscriptionStart"},
	"core-r5/examples/notification-error.json":                      {"eventNumber", "eventsSinceSubscriptionStart"},
	"core-r5/examples/notification-full-resource-with-patient.json": {"eventNumber", "eventsSinceSubscriptionStart", "response"},
	"core-r5/examples/notification-full-resource.json":              {"eventNumber", "eventsSinceSubscriptionStart", "response"},
	"core-r5/examples/notification-handshake.json":                  {"eventsSinceSubscriptionStart"},
	"core-r5/examples/notification-heartbeat.json":                  {"eventsSinceSubscriptionStart"},
	"core-r5/examples/notification-id-only-with-patient.json":       {"eventNumber", "eventsSinceSubscriptionStart", "response"},
	"core-r5/examples/notification-id-only.json":                    {"eventNumber", "eventsSinceSubscriptionStart", "response"},
	"core-r5/examples/notification-message-full-resource.json":      {"eventNumber", "eventsSinceSubscriptionStart"},
	"core-r5/examples/notification-query-event.json":                {"eventNumber", "eventsSinceSubscriptionStart", "response"},
	"core-r5/examples/notification-query-status.json":               {"eventsSinceSubscriptionStart"},
	"core-r5/examples/subscriptionstatus-example.json":              {"eventNumber", "eventsSinceSubscriptionStart"},
	// Wrong on purpose: no request and no response.
	"inferno/fixtures/empty_notification_bundle_non_conformant_example.json": {"Bundle"},
	// fhir-candle sends neither request nor response (AMB-04), and the reference to
	// the Subscription as a string; its heartbeat period is an integer.
	"fhir-candle/tests/r4/Bundle-notification-handshake.json":    {"Bundle", "valueString"},
	"fhir-candle/tests/r4/Bundle-notification-id.json":           {"Bundle", "valueString"},
	"fhir-candle/tests/r4/Subscription-encounter-complete.json":  {"valueInteger"},
	"fhir-candle/tests/r4b/Bundle-notification-handshake.json":   {"Bundle"},
	"fhir-candle/tests/r4b/Subscription-encounter-complete.json": {"valueInteger"},
}

// TestExamples validates every example of the specification data: none of ours has an
// issue, others have those that are known.
func TestExamples(t *testing.T) {
	spec := filepath.Join(shared.Dir(t), "spec")
	count, wrong := 0, 0
	for _, pattern := range []string{
		"reference-examples/r*/*.json", "core-r4b/examples/*.json", "core-r5/examples/*.json",
		"backport-json/v1*/Bundle-*.json", "backport-json/v1*/Subscription*.json", "backport-json/v1*/Parameters*.json",
		"inferno/fixtures/*bundle*", "inferno/fixtures/subscription_status_*", "inferno/samples/*.json", "fhir-candle/tests/r*/*.json",
	} {
		files, err := filepath.Glob(filepath.Join(spec, pattern))
		require.NoError(t, err)
		require.NotEmpty(t, files, pattern)
		for _, file := range files {
			raw, err := os.ReadFile(file)
			require.NoError(t, err)
			name := strings.TrimPrefix(file, spec+"/")
			elements := map[string]bool{}
			for _, issue := range issuesOf(t, name, raw) {
				element, _, _ := strings.Cut(issue.Path[strings.LastIndexByte(issue.Path, '.')+1:], "[")
				elements[element] = true
			}
			require.Equal(t, errata[name], slices.Sorted(maps.Keys(elements)), name)
			count++
			if errata[name] != nil {
				wrong++
			}
		}
	}
	require.Equal(t, len(errata), wrong, "an erratum without its file")
	t.Logf("examples=%d errata=%d", count, wrong)
}

func issuesOf(t *testing.T, name string, raw []byte) []Issue {
	d := Load(t, releaseOf(name))
	var head struct{ ResourceType, Type string }
	require.NoError(t, json.Unmarshal(raw, &head))
	switch {
	case head.ResourceType == "Bundle" && head.Type != "message":
		return d.Bundle(raw)
	case head.ResourceType == "Subscription" && strings.Contains(name, "/r4") && !strings.Contains(name, "fhir-candle"):
		return d.Validate(guide+"backport-subscription", raw)
	}
	return d.Validate("", raw)
}

func releaseOf(name string) fhirpath.Release {
	switch {
	case strings.Contains(name, "r4b"), strings.Contains(name, "v1.0.0"):
		return fhirpath.R4B
	case strings.Contains(name, "r5"):
		return fhirpath.R5
	}
	return fhirpath.R4
}
