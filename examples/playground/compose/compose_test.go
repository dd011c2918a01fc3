package compose_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/examples/playground/compose"
	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
)

func Example() {
	resource, err := compose.Subscription(fhirpath.R4, compose.Form{
		Topic: "https://example.org/topics/encounter-start", Channel: "rest-hook", Endpoint: "https://subscriber.example.org/hook",
		Content: "id-only", Filters: []compose.Filter{{Resource: "Encounter", Parameter: "patient", Value: "Patient/17"}},
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(string(resource))
	// Output:
	// {
	//   "resourceType": "Subscription",
	//   "status": "requested",
	//   "reason": "Trying subscriptions out",
	//   "criteria": "https://example.org/topics/encounter-start",
	//   "_criteria": {
	//     "extension": [
	//       {
	//         "url": "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-filter-criteria",
	//         "valueString": "Encounter?patient=Patient/17"
	//       }
	//     ]
	//   },
	//   "channel": {
	//     "type": "rest-hook",
	//     "endpoint": "https://subscriber.example.org/hook",
	//     "_payload": {
	//       "extension": [
	//         {
	//           "url": "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content",
	//           "valueCode": "id-only"
	//         }
	//       ]
	//     }
	//   }
	// }
}

// A filter means the same in both forms, whatever its value holds (FLT-03).
func TestFiltersMeanTheSame(t *testing.T) {
	for _, f := range []compose.Filter{
		{Parameter: "patient", Value: "Patient/17"},
		{Resource: "Encounter", Parameter: "date", Comparator: "ge", Value: "2026-01-01T00:00:00+02:00"},
		{Resource: "Encounter", Parameter: "status", Modifier: "not", Value: "planned"},
		{Parameter: "code", Value: "http://loinc.org|1975-2"},
		{Parameter: "name", Value: "A & B + 100% #1=x"},
	} {
		raw, err := compose.Subscription(fhirpath.R4, compose.Form{Topic: "t", Filters: []compose.Filter{f}})
		require.NoError(t, err)
		var backport struct {
			Criteria struct {
				Extension []struct{ ValueString string }
			} `json:"_criteria"`
		}
		require.NoError(t, json.Unmarshal(raw, &backport))
		read, err := topic.ParseFilter(backport.Criteria.Extension[0].ValueString)
		require.NoError(t, err)
		require.Equal(t, []topic.Filter{{ResourceType: f.Resource, Parameter: f.Parameter, Modifier: f.Modifier, Value: f.Comparator + f.Value}}, read)

		raw, err = compose.Subscription(fhirpath.R5, compose.Form{Topic: "t", Filters: []compose.Filter{f}})
		require.NoError(t, err)
		doc, err := fhirpath.Parse(raw)
		require.NoError(t, err)
		read, err = topic.ParseFilterBy(doc.Root())
		require.NoError(t, err)
		require.Equal(t, []topic.Filter{{ResourceType: f.Resource, Parameter: f.Parameter, Modifier: f.Modifier, Comparator: f.Comparator, Value: f.Value}}, read)
	}
}

func TestClassicIsNotOfR5(t *testing.T) {
	form := compose.Form{Classic: "Observation?code=1975-2", Channel: "rest-hook", Content: "id-only"}
	_, err := compose.Subscription(fhirpath.R5, form)
	require.ErrorIs(t, err, compose.ErrClassic)
	raw, err := compose.Subscription(fhirpath.R4, form)
	require.NoError(t, err)
	require.NotContains(t, string(raw), "extension", "a Subscription as it was before there were topics")
}

// What templates write is a resource of their release, about whom it is told.
func TestTemplates(t *testing.T) {
	for _, template := range compose.Templates() {
		for _, r := range []fhirpath.Release{fhirpath.R4, fhirpath.R4B, fhirpath.R5} {
			raw := template.Resource(r, "17", "Patient/p", time.Now())
			var resource struct{ ResourceType, ID string }
			require.NoError(t, json.Unmarshal(raw, &resource))
			require.Equal(t, "17", resource.ID)
			require.Equal(t, template.Patient, jsonHas(raw, "Patient/p"), template.ID)
		}
		if template.Updates != "" {
			_, ok := compose.Lookup(template.Updates)
			require.True(t, ok, template.ID)
		}
	}
	_, ok := compose.Lookup("war")
	require.False(t, ok)
}

func jsonHas(raw []byte, reference string) bool {
	var r struct{ Subject struct{ Reference string } }
	return json.Unmarshal(raw, &r) == nil && r.Subject.Reference == reference
}
