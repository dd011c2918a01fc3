package topic_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
	"github.com/carillon-fhir/carillon/topic/search"
)

// clinic is a host with two patients, a group and a value set.
type clinic struct{ err error }

func (c clinic) Resolve(_ context.Context, reference string) (*fhirpath.Doc, error) {
	raw, ok := map[string]string{
		"Patient/p1": `{"resourceType":"Patient","id":"p1","gender":"female"}`,
		"Patient/p2": `{"resourceType":"Patient","id":"p2","gender":"male"}`,
		"Group/g":    `{"resourceType":"Group","id":"g","member":[{"entity":{"reference":"Patient/p1"}}]}`,
	}[reference]
	if !ok || c.err != nil {
		return nil, c.err
	}
	return fhirpath.Parse([]byte(raw))
}

func (c clinic) Search(context.Context, string, string, int) ([]*fhirpath.Doc, error) {
	return nil, c.err
}

func (c clinic) MemberOf(_ context.Context, _, code, _ string) (bool, error) {
	return code == "finished" || code == "8480-6", c.err
}

func (c clinic) Subsumes(context.Context, string, string, string) (bool, error) { return false, c.err }

func withHost(c clinic) topic.Options {
	o := r4
	o.Host = search.Host{Resolver: c, Terminology: c}
	return o
}

// TestFiltersAskTheHost: FLT-14, AMB-28.
// spec: FLT-14, AMB-28
func TestFiltersAskTheHost(t *testing.T) {
	about := &topic.Topic{
		ResourceTriggers: []topic.ResourceTrigger{{Resource: "Encounter"}, {Resource: "Observation"}, {Resource: "Organization"}},
		CanFilterBy: []topic.CanFilterBy{
			{FilterParameter: "patient", Modifiers: []string{"in", "not-in"}}, {FilterParameter: "patient.gender", Modifiers: []string{"not"}},
			{FilterParameter: "patient.birthdate", Comparators: []string{"ge"}}, {FilterParameter: "patient._in"},
			{FilterParameter: "code", Modifiers: []string{"in"}},
		},
	}
	o := withHost(clinic{})
	for filter, want := range map[string][2]bool{
		"patient.gender=female": {true, false}, "patient:Patient.gender=female": {true, false}, "Encounter.patient:Patient.gender=male": {false, true},
		"patient.gender:not=female": {false, true}, "patient:Patient.gender:not=female": {false, true}, "patient.gender=female,male": {true, true},
		"patient:in=Group/g": {true, false}, "patient:not-in=Group/g": {false, true}, "patient._in=Group/g": {true, false},
		"Encounter?patient.gender=male&patient:not-in=Group/g": {false, true}, "patient.birthdate=ge1900": {false, false},
	} {
		t.Run(filter, func(t *testing.T) {
			compiled, err := about.CompileFilters(filters(t, filter), o)
			require.NoError(t, err)
			require.Equal(t, want[0], passes(t, compiled, "Encounter", node(t, encounterP1)))
			require.Equal(t, want[1], passes(t, compiled, "Encounter", node(t, encounterP2)))
			require.True(t, passes(t, compiled, "Organization", node(t, `{"resourceType":"Organization"}`)), "no filter applies to it")

			_, err = about.CompileFilters(filters(t, filter), r4)
			var refused *topic.FilterError
			require.ErrorAs(t, err, &refused, "there is no host")

			failing, err := about.CompileFilters(filters(t, filter), withHost(clinic{errors.New("down")}))
			require.NoError(t, err)
			_, err = failing.Match(context.Background(), "Encounter", node(t, encounterP1))
			require.ErrorContains(t, err, "down")
		})
	}
	for _, filter := range []string{
		"patient.name=x", "patient:Group.gender=x", "patient:Nonsense.gender=x", "patient.gender:in=x", "patient.birthdate=gt2000", "patient.birthdate=x",
		"patient:in=Patient/1", "patient.gender:exact=x", "patient:Patient=x", "_has:Observation:patient:code=x", "patient.=x", "code:in=",
	} {
		parsed, err := topic.ParseFilter(filter)
		if err == nil {
			_, err = about.CompileFilters(parsed, o)
		}
		require.Error(t, err, filter)
	}
	chain, err := topic.ParseFilter("Encounter.subject:Patient.name:exact=a")
	require.NoError(t, err)
	require.Equal(t, []topic.Filter{{ResourceType: "Encounter", Parameter: "subject:Patient.name", Modifier: "exact", Value: "a"}}, chain)
	require.Equal(t, "Encounter.subject:Patient.name:exact=a", chain[0].String())
}

// TestCriteriaAskTheHost: a trigger may ask the host, says so, and gives its error on.
func TestCriteriaAskTheHost(t *testing.T) {
	resolves := "%current.subject.resolve().ofType(Patient).gender = 'female'"
	triggers := []topic.ResourceTrigger{
		{Resource: "Encounter", Query: &topic.QueryCriteria{Current: "status=finished"}},
		{Resource: "Encounter", Query: &topic.QueryCriteria{Current: "patient.gender=female"}},
		{Resource: "Encounter", Query: &topic.QueryCriteria{Previous: "status:in=http://vs", Current: "status=planned"}},
		{Resource: "Encounter", FHIRPath: resolves},
		{Resource: "Encounter", FHIRPath: "%current.status = 'finished'"},
		{Resource: "Encounter"},
	}
	needs := []bool{false, true, true, true, false, false}
	current := node(t, `{"resourceType":"Encounter","status":"finished","subject":{"reference":"Patient/p1"}}`)
	for i, trigger := range triggers {
		one := &topic.Topic{ResourceTriggers: []topic.ResourceTrigger{trigger}}
		program, err := topic.Compile(one, withHost(clinic{}))
		require.NoError(t, err)
		require.Equal(t, needs[i], program.NeedsHost(0))
		change := &topic.Change{Interaction: topic.Update, ResourceType: "Encounter", Previous: current, Current: current}
		fired, err := program.Fires(context.Background(), 0, change)
		require.NoError(t, err)
		require.True(t, fired, i)

		_, err = topic.Compile(one, r4)
		require.Equal(t, needs[i], err != nil, "without a host what needs it is refused")
		down := errors.New("down")
		program, err = topic.Compile(one, withHost(clinic{down}))
		require.NoError(t, err)
		_, err = program.Fires(context.Background(), 0, change)
		if needs[i] {
			require.ErrorIs(t, err, down)
		} else {
			require.NoError(t, err)
		}
	}
}

// TestHostsOwnParameters: SearchParameters of the host in triggers and filters.
func TestHostsOwnParameters(t *testing.T) {
	definitions, err := search.NewDefinitions(fhirpath.R4, []byte(`{"resourceType":"SearchParameter","url":"http://example.org/SearchParameter/ward","code":"ward","type":"string",
	"base":["Encounter"],"expression":"Encounter.extension('http://example.org/ward').value.ofType(string)"}`))
	require.NoError(t, err)
	o := r4
	o.Definitions = definitions
	about := &topic.Topic{
		ResourceTriggers: []topic.ResourceTrigger{{Resource: "Encounter", Query: &topic.QueryCriteria{Current: "ward:exact=W3"}}},
		CanFilterBy:      []topic.CanFilterBy{{FilterParameter: "http://example.org/SearchParameter/ward", Modifiers: []string{"exact"}}},
	}
	w3 := node(t, `{"resourceType":"Encounter","extension":[{"url":"http://example.org/ward","valueString":"W3"}]}`)
	program, err := topic.Compile(about, o)
	require.NoError(t, err)
	fired, err := program.Fires(context.Background(), 0, &topic.Change{Interaction: topic.Create, ResourceType: "Encounter", Current: w3})
	require.NoError(t, err)
	require.True(t, fired)
	compiled, err := about.CompileFilters(filters(t, "ward=w"), o)
	require.NoError(t, err)
	require.True(t, passes(t, compiled, "Encounter", w3))
	require.False(t, passes(t, compiled, "Encounter", node(t, encounterP1)))
	_, err = topic.Compile(about, r4)
	require.Error(t, err)
	_, err = about.CompileFilters(filters(t, "ward=w"), r4)
	require.Error(t, err)
}
