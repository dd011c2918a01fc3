package topic_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
)

// Defects that other servers have had, as far as they concern matching.

// lets reports whether filters of a topic about Encounters and Observations let a
// resource through.
func lets(t *testing.T, resource string, filters ...topic.Filter) bool {
	t.Helper()
	about := &topic.Topic{
		ResourceTriggers: []topic.ResourceTrigger{{Resource: "Encounter"}, {Resource: "Observation"}},
		CanFilterBy: []topic.CanFilterBy{
			{FilterParameter: "patient"}, {FilterParameter: "status"}, {FilterParameter: "code", Resource: "Observation"},
			{FilterParameter: "code-value-quantity", Resource: "Observation"},
			{FilterParameter: "value-quantity", Resource: "Observation", Comparators: []string{"gt", "lt", "ge", "le", "ne"}, Modifiers: []string{"missing"}},
		},
	}
	compiled, err := about.CompileFilters(filters, r4)
	require.NoError(t, err)
	doc, err := fhirpath.Parse([]byte(resource))
	require.NoError(t, err)
	matched, err := compiled.Match(t.Context(), doc.Root().Get("resourceType").Text(), doc.Root())
	require.NoError(t, err)
	return matched
}

const (
	plannedP1 = `{"resourceType":"Encounter","id":"e","status":"planned","subject":{"reference":"Patient/p1"}}`
	pressure  = `{"resourceType":"Observation","id":"o","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},
		"subject":{"reference":"Patient/p1"},"valueQuantity":{"value":140,"system":"http://unitsofmeasure.org","code":"mm[Hg]"}}`
)

func TestR1FilterWithoutResourceTypeFilters(t *testing.T) {
	for _, resourceType := range []string{"", "Resource", "Encounter"} {
		require.True(t, lets(t, plannedP1, topic.Filter{ResourceType: resourceType, Parameter: "patient", Value: "Patient/p1"}))
		require.False(t, lets(t, plannedP1, topic.Filter{ResourceType: resourceType, Parameter: "patient", Value: "Patient/p2"}), resourceType)
	}
}

func TestR2UnknownParameterIsRefused(t *testing.T) {
	about := &topic.Topic{ResourceTriggers: []topic.ResourceTrigger{{Resource: "Encounter"}}, CanFilterBy: []topic.CanFilterBy{{FilterParameter: "patient"}}}
	for _, name := range []string{"patent", "status", "_filter", "_query", "_include", "Patient", "", "patient.", "patient\x00"} {
		_, err := about.CompileFilters([]topic.Filter{{Parameter: name, Value: "x"}}, r4)
		require.Error(t, err, name)
	}
}

func TestR3ValueListsStayApart(t *testing.T) {
	require.True(t, lets(t, plannedP1, topic.Filter{Parameter: "patient", Value: "Patient/p2,Patient/p1"}))
	require.False(t, lets(t, plannedP1, topic.Filter{Parameter: "patient", Value: "Patient/p2,Patient/p3"}))
	require.True(t, lets(t, plannedP1, topic.Filter{Parameter: "patient", Value: "Patient/p1"}))
	require.False(t, lets(t, plannedP1, topic.Filter{Parameter: "patient", Value: "Patient/p3"}))
}

func TestR4OneSidedCriteriaAndTheirResults(t *testing.T) {
	p := compile(t, topic.ResourceTrigger{Query: &topic.QueryCriteria{Current: "status=finished", ResultForCreate: topic.TestFails}})
	require.False(t, fires(t, p, "", "finished"))
	p = compile(t, topic.ResourceTrigger{Query: &topic.QueryCriteria{Current: "status=finished", ResultForDelete: topic.TestPasses}})
	require.True(t, fires(t, p, "planned", ""))
}

func TestR5BothKindsOfCriteria(t *testing.T) {
	p := compile(t, topic.ResourceTrigger{Query: &topic.QueryCriteria{Current: "status=finished"}, FHIRPath: "%current.status = 'planned'"})
	require.True(t, fires(t, p, "planned", "finished"), "queryCriteria decide where they can be computed")
	require.False(t, fires(t, p, "finished", "planned"))
}

func TestR6NoInteractionsMeansAll(t *testing.T) {
	p := compile(t, topic.ResourceTrigger{})
	require.True(t, fires(t, p, "", "planned"))
	require.True(t, fires(t, p, "planned", "planned"))
	require.True(t, fires(t, p, "planned", ""))
}

func TestR27MissingAndPrefixes(t *testing.T) {
	require.True(t, lets(t, pressure, topic.Filter{ResourceType: "Observation", Parameter: "value-quantity", Modifier: "missing", Value: "false"}))
	require.False(t, lets(t, pressure, topic.Filter{ResourceType: "Observation", Parameter: "value-quantity", Modifier: "missing", Value: "true"}))
	for value, want := range map[string]bool{"gt139": true, "gt140": false, "ge140": true, "lt141": true, "le139": false, "ne140": false} {
		require.Equal(t, want, lets(t, pressure, topic.Filter{ResourceType: "Observation", Parameter: "value-quantity", Value: value}), value)
	}
}

func TestR31ValuesAreComparedNotPresence(t *testing.T) {
	p := compile(t, topic.ResourceTrigger{Query: &topic.QueryCriteria{Current: "status=finished"}})
	require.False(t, fires(t, p, "planned", "cancelled"))
}

func TestR35OneSideAloneDecidesOnUpdate(t *testing.T) {
	for _, both := range []bool{false, true} {
		current := compile(t, topic.ResourceTrigger{Query: &topic.QueryCriteria{Current: "status=finished", RequireBoth: both}})
		require.True(t, fires(t, current, "finished", "finished"))
		require.False(t, fires(t, current, "finished", "planned"))
		previous := compile(t, topic.ResourceTrigger{Query: &topic.QueryCriteria{Previous: "status=planned", RequireBoth: both}})
		require.True(t, fires(t, previous, "planned", "planned"))
		require.False(t, fires(t, previous, "finished", "planned"))
	}
}

func TestR36CompositeAndAnotherParameter(t *testing.T) {
	composite := topic.Filter{ResourceType: "Observation", Parameter: "code-value-quantity", Value: "http://loinc.org|8480-6$140"}
	require.True(t, lets(t, pressure, composite, topic.Filter{ResourceType: "Observation", Parameter: "status", Value: "final"}))
	require.False(t, lets(t, pressure, composite, topic.Filter{ResourceType: "Observation", Parameter: "status", Value: "amended"}))
	wrong := composite
	wrong.Value = "http://loinc.org|8480-6$120"
	require.False(t, lets(t, pressure, wrong, topic.Filter{ResourceType: "Observation", Parameter: "status", Value: "final"}))
}
