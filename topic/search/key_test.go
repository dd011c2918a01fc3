package search_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// TestKeys holds that a matching resource has a key of the criterion, and that
// what is no equality has none.
func TestKeys(t *testing.T) {
	resource := node(t, observation)
	for _, query := range []string{
		"code=8480-6", "code=http://loinc.org|8480-6", "code=|local", "code=http://loinc.org|", "code=LOCAL",
		"status=final", "status=http://hl7.org/fhir/observation-status|final", "_id=o1", "code=x,8480-6",
		"subject=Patient/p1", "subject=p1", "subject:Patient=p1", "subject=https://fhir.example.org/r4/Patient/p1",
		"encounter=Encounter/e1", "encounter=e1", "performer=https://other.example.org/fhir/Practitioner/x1",
		"_source=http://source.example.org/a/b", "_profile=http://example.org/StructureDefinition/vital",
		"_profile=http://example.org/StructureDefinition/vital|2.0",
	} {
		t.Run(query, func(t *testing.T) {
			criteria, err := search.ParseQuery(search.Options{Release: fhirpath.R4}, "Observation", query)
			require.NoError(t, err)
			require.True(t, matches(t, criteria, resource))
			keys, ok := criteria[0].Keys()
			require.True(t, ok)
			have, err := search.NewView(resource, base).AppendKeys(t.Context(), nil, criteria[0])
			require.NoError(t, err)
			require.True(t, slices.ContainsFunc(keys, func(k uint64) bool { return slices.Contains(have, k) }))
		})
	}
	for _, query := range []string{
		"code:not=x", "code:text=x", "code:missing=true", "date=2026", "value-quantity=1", "value-string=x", "_source:below=http://x",
		"subject:identifier=x", "code-value-quantity=a$1",
	} {
		criteria, err := search.ParseQuery(search.Options{Release: fhirpath.R4}, "Observation", query)
		require.NoError(t, err)
		_, ok := criteria[0].Keys()
		require.False(t, ok, query)
	}
	criteria, err := search.ParseQuery(search.Options{Release: fhirpath.R4}, "Patient", "family:exact=Stra%C3%9Fe")
	require.NoError(t, err)
	keys, ok := criteria[0].Keys()
	require.True(t, ok)
	have, err := search.NewView(node(t, patient), base).AppendKeys(t.Context(), nil, criteria[0])
	require.NoError(t, err)
	require.Contains(t, have, keys[0])
}
