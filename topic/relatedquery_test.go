package topic_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/shared"
	"github.com/carillon-fhir/carillon/topic"
)

// The guide's own topic, in the form of R4 and of R4B, has a related query (DISC-09).
// spec: DISC-09, EXT-08
func TestRelatedQueriesOfTheGuide(t *testing.T) {
	for _, name := range []string{"Basic-r4-encounter-complete.json", "SubscriptionTopic-r4b-encounter-complete.json"} {
		raw, err := os.ReadFile(filepath.Join(shared.Dir(t), "spec", "backport-json", "v1.2.0-ballot", name))
		require.NoError(t, err)
		require.Equal(t, []topic.RelatedQuery{{
			Type:  topic.Coding{System: "http://example.org/query-types", Code: "prescribed"},
			Query: "http://example.org/fhir/Encounter/e-1/$prescribed-medications",
		}}, parse(t, string(raw)).QueriesAbout("Encounter", "e-1"), name)
	}
}

func TestQueriesAbout(t *testing.T) {
	of := &topic.Topic{NotificationShapes: []topic.NotificationShape{
		{Resource: "Encounter", RelatedQueries: []topic.RelatedQuery{{Query: "Observation?encounter=[id]"}}},
		{Resource: "Patient", RelatedQueries: []topic.RelatedQuery{{Query: "Coverage?patient=[id]"}, {Query: "x"}}},
	}}
	require.Equal(t, []topic.RelatedQuery{{Query: "Observation?encounter=1"}}, of.QueriesAbout("Encounter", "1"))
	require.Equal(t, []topic.RelatedQuery{{Query: "Coverage?patient=2"}, {Query: "x"}}, of.QueriesAbout("Patient", "2"))
	require.Empty(t, of.QueriesAbout("Observation", "3"))
}

func TestRelatedQueriesThatAreRefused(t *testing.T) {
	for name, parts := range map[string]string{
		"no query":            `{"url":"queryType","valueCoding":{"code":"x"}}`,
		"a type without code": `{"url":"queryType","valueCoding":{}},{"url":"query","valueString":"q"}`,
		"something else":      `{"url":"query","valueString":"q"},{"url":"other","valueString":"q"}`,
	} {
		_, err := topic.Parse([]byte(`{"resourceType":"SubscriptionTopic","url":"https://x.example/t","status":"active",
			"resourceTrigger":[{"resource":"Encounter"}],
			"notificationShape":[{"resource":"Encounter","extension":[{"url":"` + topic.RelatedQueryURL + `","extension":[` + parts + `]}]}]}`))
		require.ErrorContains(t, err, "notificationShape[0].extension[0]", name)
	}
}
