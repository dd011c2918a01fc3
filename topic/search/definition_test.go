package search_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

func TestLookup(t *testing.T) {
	p, ok := search.Lookup(fhirpath.R4, "Observation", "patient")
	require.True(t, ok)
	require.Equal(t, search.Parameter{
		ResourceType: "Observation", Code: "patient", Kind: search.KindReference,
		URL:        "http://hl7.org/fhir/SearchParameter/clinical-patient",
		Expression: "Observation.subject.where(resolve() is Patient)", // no other type's
		Targets:    []string{"Patient", "Group"},
	}, p)
	p, ok = search.Lookup(fhirpath.R4, "Observation", "_id")
	require.True(t, ok)
	require.Equal(t, "Resource", p.ResourceType)
	p, ok = search.Lookup(fhirpath.R4, "Observation", "code-value-quantity")
	require.True(t, ok)
	require.Equal(t, []search.Component{{"token", "code"}, {"quantity", "value.as(Quantity)"}}, p.Components)
	for _, c := range [][2]string{{"Observation", "nonsense"}, {"Nonsense", "_id"}, {"Resource", "status"}, {"SubscriptionTopic", "url"}, {"", ""}} {
		_, ok = search.Lookup(fhirpath.R4, c[0], c[1])
		require.False(t, ok, c)
	}
	_, ok = search.Lookup(fhirpath.R5, "SubscriptionTopic", "url") // SP-04
	require.True(t, ok)
	_, ok = search.Lookup(0, "Patient", "_id")
	require.False(t, ok)
	p, ok = r4.LookupURL("Observation", "http://hl7.org/fhir/SearchParameter/clinical-patient")
	require.True(t, ok)
	require.Equal(t, "patient", p.Code)
	p, ok = r4.LookupURL("Observation", "http://hl7.org/fhir/SearchParameter/Resource-id")
	require.True(t, ok)
	require.Equal(t, "_id", p.Code)
	for _, url := range []string{"", "patient", "http://hl7.org/fhir/SearchParameter/Patient-name", "http://hl7.org/fhir/SearchParameter/clinical-patient|4.0.1"} {
		_, ok = r4.LookupURL("Observation", url)
		require.False(t, ok, url)
	}
}

func TestResourceTypes(t *testing.T) {
	require.True(t, search.IsResourceType(fhirpath.R4, "Patient"))
	require.True(t, search.IsResourceType(fhirpath.R4, "Binary"))
	require.True(t, search.IsResourceType(fhirpath.R4, "Parameters"))
	require.False(t, search.IsResourceType(fhirpath.R4, "SubscriptionTopic"))
	require.True(t, search.IsResourceType(fhirpath.R5, "SubscriptionTopic"))
	require.False(t, search.IsResourceType(fhirpath.R4, "Resource"))
	types := search.ResourceTypes(fhirpath.R4)
	require.True(t, slices.IsSorted(types))
	require.Greater(t, len(types), 140)
}

// TestDefinitions compiles every definition of every release.
func TestDefinitions(t *testing.T) {
	for _, r := range []fhirpath.Release{fhirpath.R4, fhirpath.R4B, fhirpath.R5} {
		t.Run(r.String(), func(t *testing.T) {
			count := 0
			for _, name := range search.ResourceTypes(r) {
				for _, p := range search.Parameters(r, name) {
					_, err := search.Parse(search.Options{Release: r}, name, p.Code, sample(p))
					require.NoError(t, err, "%s %s: %s %v", name, p.Code, p.Expression, p.Components)
					count++
				}
			}
			t.Logf("%d parameters in %d types compile", count, len(search.ResourceTypes(r)))
		})
	}
}

// sample is a value that a parameter can have.
func sample(p search.Parameter) string {
	byKind := map[string]string{
		search.KindDate: "2026", search.KindNumber: "1", search.KindQuantity: "1", search.KindReference: "a",
		search.KindString: "a", search.KindToken: "a", search.KindURI: "a",
	}
	if len(p.Components) == 0 {
		return byKind[p.Kind]
	}
	var parts []string
	for _, c := range p.Components {
		parts = append(parts, byKind[c.Kind])
	}
	return strings.Join(parts, "$")
}

// TestConcurrent uses one criterion from several goroutines, its first use among
// them.
func TestConcurrent(t *testing.T) {
	resource := node(t, observation)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			criteria, err := search.ParseQuery(search.Options{Release: fhirpath.R4}, "Observation", "code=8480-6&combo-code-value-quantity=B$2&date=ge2026")
			if err != nil || !matches(t, criteria, resource) {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
