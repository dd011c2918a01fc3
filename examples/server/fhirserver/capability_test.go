package fhirserver

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// spec: CAP-03, DISC-02
func TestCapabilityStatement(t *testing.T) {
	s := open(t)
	r := send(t, s, "GET", "/metadata", "")
	require.Equal(t, http.StatusOK, r.status)
	var statement struct {
		ResourceType, FHIRVersion, Kind, Status string
		Instantiates, PatchFormat               []string
		Implementation                          struct{ URL string }
		Rest                                    []struct {
			Mode        string
			Interaction []coded
			Resource    []struct {
				Type        string
				Extension   []struct{ URL, ValueCanonical string }
				Interaction []coded
				SearchParam []searchParam
				Operation   []struct{ Name, Definition string }
			}
		}
	}
	require.NoError(t, json.Unmarshal(r.raw, &statement))
	require.Equal(t, "CapabilityStatement", statement.ResourceType)
	require.Equal(t, "4.0.1", statement.FHIRVersion)
	require.Equal(t, base, statement.Implementation.URL)
	require.Contains(t, statement.Instantiates, "http://hl7.org/fhir/uv/subscriptions-backport/CapabilityStatement/backport-subscription-server-r4", "CAP-03")
	require.Len(t, statement.Rest, 1)
	rest := statement.Rest[0]
	require.Equal(t, "server", rest.Mode)
	require.Contains(t, rest.Interaction, coded{"transaction"})

	seen := map[string]int{}
	for i, resource := range rest.Resource {
		require.NotContains(t, seen, resource.Type, "each type once")
		seen[resource.Type] = i
	}
	require.Len(t, seen, len(resourceTypes(fhirpath.R4)))
	subscription := rest.Resource[seen["Subscription"]]
	require.Len(t, subscription.Extension, 5, "DISC-02: one for each topic")
	require.Equal(t, "https://carillon-fhir.github.io/topics/bilirubin-high", subscription.Extension[0].ValueCanonical)
	require.NotEmpty(t, subscription.Operation)

	observation := rest.Resource[seen["Observation"]]
	require.Contains(t, observation.Interaction, coded{"history-type"})
	for _, name := range []string{"_id", "_lastUpdated", "code", "patient", "value-quantity"} {
		require.True(t, slices.ContainsFunc(observation.SearchParam, func(p searchParam) bool { return p.Name == name }), name)
	}
	// What is stated is served: none of the parameters is unknown to the search.
	for _, p := range observation.SearchParam {
		if p.Type == "composite" {
			continue // has no :missing
		}
		r := send(t, s, "GET", "/Observation?"+p.Name+":missing=true", "")
		require.Equal(t, http.StatusOK, r.status, p.Name)
	}
}
