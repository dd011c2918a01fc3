package topic_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
)

// filterable is a topic about Encounters and Observations.
var filterable = &topic.Topic{
	ResourceTriggers: []topic.ResourceTrigger{{Resource: "Encounter"}, {Resource: "Observation"}},
	EventTriggers:    []topic.EventTrigger{{Resource: "Appointment"}},
	CanFilterBy: []topic.CanFilterBy{
		{FilterParameter: "patient"},
		{Resource: "Encounter", FilterParameter: "status", Modifiers: []string{"not"}},
		{Resource: "Observation", FilterParameter: "date", Comparators: []string{"gt", "ge"}},
		{Resource: "Encounter", FilterParameter: "subject", Modifiers: []string{"type", "identifier", "in"}},
		{Resource: "Encounter", FilterParameter: "http://hl7.org/fhir/SearchParameter/Encounter-class"},
		{Resource: "Observation", FilterParameter: "code", FilterDefinition: "http://hl7.org/fhir/SearchParameter/clinical-code"},
		{Resource: "Observation", FilterParameter: "orgIdentifier"},
		{FilterParameter: "trigger"},
		{FilterParameter: "_in"},
		{FilterParameter: "_id"},
		{FilterParameter: "patient.gender"},
	},
}

func filters(t testing.TB, s ...string) []topic.Filter {
	t.Helper()
	var all []topic.Filter
	for _, s := range s {
		parsed, err := topic.ParseFilter(s)
		require.NoError(t, err)
		all = append(all, parsed...)
	}
	return all
}

const (
	encounterP1   = `{"resourceType":"Encounter","id":"e1","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/p1"}}`
	encounterP2   = `{"resourceType":"Encounter","id":"e2","status":"planned","class":{"code":"IMP"},"subject":{"reference":"https://fhir.example.org/r4/Patient/p2"}}`
	observationP1 = `{"resourceType":"Observation","id":"o1","code":{"coding":[{"system":"http://loinc.org","code":"1-8"}]},"subject":{"reference":"Patient/p1"},"effectiveDateTime":"2026-02-01"}`
	observationP2 = `{"resourceType":"Observation","id":"o2","code":{"coding":[{"system":"http://loinc.org","code":"2-6"}]},"subject":{"reference":"Patient/p2"},"effectiveDateTime":"2025-02-01"}`
)

func passes(t testing.TB, f *topic.Filters, resourceType string, resource fhirpath.Node) bool {
	t.Helper()
	ok, err := f.Match(context.Background(), resourceType, resource)
	require.NoError(t, err)
	return ok
}

// spec: FLT-01, FLT-06, FLT-09, FLT-14, TOP-16, AMB-07
func TestFiltersMatch(t *testing.T) {
	resources := []string{encounterP1, encounterP2, observationP1, observationP2}
	for _, c := range []struct {
		name    string
		filters []string
		want    []bool // of the resources above
	}{
		{"none", nil, []bool{true, true, true, true}},
		{"every type that has it", []string{"patient=Patient/p1"}, []bool{true, false, true, false}},
		{"bare id, FLT-14", []string{"patient=p2"}, []bool{false, true, false, true}},
		{"own address, FLT-14", []string{"patient=https://fhir.example.org/r4/Patient/p2"}, []bool{false, true, false, true}},
		{"one type; the other passes, AMB-07", []string{"Encounter?patient=p1"}, []bool{true, false, true, true}},
		{"AND, FLT-01", []string{"patient=p1", "Encounter?status=finished", "Observation.date=ge2026"}, []bool{true, false, true, false}},
		{"AND in one string", []string{"Encounter?patient=p2&status:not=finished"}, []bool{false, true, true, true}},
		{"only one type has it", []string{"status=planned"}, []bool{false, true, true, true}},
		{"OR", []string{"patient=p1,p2"}, []bool{true, true, true, true}},
		{"by code where the topic has the canonical, TOP-16", []string{"class=AMB"}, []bool{true, false, true, true}},
		{"R1: Resource filters", []string{"Resource?patient=p1"}, []bool{true, false, true, false}},
		{"type modifier", []string{"Encounter?subject:Patient=p1"}, []bool{true, false, true, true}},
		{"common", []string{"_id=e1,o1"}, []bool{true, false, true, false}},
	} {
		t.Run(c.name, func(t *testing.T) {
			compiled, err := filterable.CompileFilters(filters(t, c.filters...), r4)
			require.NoError(t, err)
			for i, raw := range resources {
				resource := node(t, raw)
				require.Equal(t, c.want[i], passes(t, compiled, resource.Get("resourceType").Text(), resource), raw)
			}
			require.False(t, passes(t, compiled, "Patient", node(t, `{"resourceType":"Patient"}`)))
		})
	}
	t.Run("R5 filterBy with addresses", func(t *testing.T) {
		compiled, err := filterable.CompileFilters([]topic.Filter{
			{ResourceType: "http://hl7.org/fhir/StructureDefinition/Encounter",
				Parameter: "http://hl7.org/fhir/SearchParameter/Encounter-class", Value: "AMB"},
			{ResourceType: "Observation", Parameter: "http://hl7.org/fhir/SearchParameter/clinical-code", Value: "http://loinc.org|1-8"},
		}, r4)
		require.NoError(t, err)
		require.True(t, passes(t, compiled, "Encounter", node(t, encounterP1)))
		require.False(t, passes(t, compiled, "Encounter", node(t, encounterP2)))
		require.True(t, passes(t, compiled, "Observation", node(t, observationP1)))
		require.False(t, passes(t, compiled, "Observation", node(t, observationP2)))
	})
}

func TestFiltersAbstract(t *testing.T) {
	everything := &topic.Topic{
		ResourceTriggers: []topic.ResourceTrigger{{Resource: "Resource"}},
		CanFilterBy:      []topic.CanFilterBy{{FilterParameter: "_id"}, {Resource: "Encounter", FilterParameter: "status"}},
	}
	compiled, err := everything.CompileFilters(filters(t, "_id=e1,e2,o1", "Encounter?status=planned"), r4)
	require.NoError(t, err)
	require.False(t, passes(t, compiled, "Encounter", node(t, encounterP1)))
	require.True(t, passes(t, compiled, "Encounter", node(t, encounterP2)))
	require.True(t, passes(t, compiled, "Observation", node(t, observationP1)))
	require.False(t, passes(t, compiled, "Observation", node(t, observationP2)))
	_, err = everything.CompileFilters(filters(t, "Observation?status=final"), r4)
	require.Error(t, err)
}

// TestFiltersRefuse is ACC-02, ACC-08, FLT-11, FLT-14 and defect R2.
// spec: ACC-02, ACC-08, FLT-11, FLT-14, TOP-12
func TestFiltersRefuse(t *testing.T) {
	for _, c := range []struct{ filter, problem string }{
		{"nonsense=Secret", "is not among those"},
		{"encounter=Secret", "is not among those"}, // a search parameter, but the topic does not list it
		{"Patient?_id=Secret", "that the topic is not about"},
		{"Observation?status=Secret", "is not among those"},
		{"Encounter?date=2026", "is not among those"},
		{"status:missing=true", "has a modifier"},
		{"status:in=Secret", "has a modifier"},
		{"patient:Patient=Secret", "has a modifier"},
		{"patient:identifier=Secret", "has a modifier"},
		{"date=lt2026", "has a comparator"},
		{"date=gt2026,lt2026", "has a comparator"},
		{"date=Secret", "can't be evaluated"},
		{"Encounter?subject:in=Secret", "can't be evaluated"},
		{"subject:Nonsense=Secret", "has a modifier"},
		{"orgIdentifier=Secret", "is no search parameter"},
		{"trigger=Secret", "is no search parameter"},
		{"_in=Group/Secret", "can't be evaluated"},
		{"patient.gender=Secret", "can't be evaluated"},
		{"patient=Secret/1", "can't be evaluated"},
	} {
		t.Run(c.filter, func(t *testing.T) {
			_, err := filterable.CompileFilters(filters(t, c.filter), r4)
			var refused *topic.FilterError
			require.ErrorAs(t, err, &refused)
			require.ErrorContains(t, err, c.problem)
			require.NotContains(t, err.Error(), "Secret")
			require.Equal(t, filters(t, c.filter)[0], refused.Filter)
		})
	}
	_, err := filterable.CompileFilters(filters(t, "nonsense=1", "date=lt2026", "patient=p1"), r4)
	require.ErrorContains(t, err, "nonsense")
	require.ErrorContains(t, err, "date", "all problems at once")
	_, err = filterable.CompileFilters(filters(t, "Observation?date=eq2026"), r4)
	require.NoError(t, err, "equality is always allowed")
	_, err = filterable.CompileFilters([]topic.Filter{{ResourceType: "http://example.org/Encounter", Parameter: "patient", Value: "1"}}, r4)
	require.Error(t, err)
	_, err = filterable.CompileFilters([]topic.Filter{{ResourceType: "ActorDefinition", Parameter: "patient", Value: "1"}}, r4)
	require.Error(t, err)
}

// TestR3 is defect R3: a list of values stays with its own subscription.
func TestR3(t *testing.T) {
	_, err := filterable.CompileFilters(filters(t, "patient=p1,p2"), r4)
	require.NoError(t, err)
	next, err := filterable.CompileFilters(filters(t, "Encounter?status=finished"), r4)
	require.NoError(t, err)
	require.False(t, passes(t, next, "Encounter", node(t, encounterP2)))
	require.True(t, passes(t, next, "Encounter", node(t, encounterP1)))
	require.Len(t, filterable.CanFilterBy, 11)
	none, err := filterable.CompileFilters(nil, topic.Options{Release: fhirpath.R5})
	require.NoError(t, err)
	require.True(t, passes(t, none, "Appointment", node(t, `{"resourceType":"Appointment"}`)))
}
