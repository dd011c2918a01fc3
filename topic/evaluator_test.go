package topic_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
)

var r4 = topic.Options{Release: fhirpath.R4, BaseURL: "https://fhir.example.org/r4"}

func node(t testing.TB, raw string) fhirpath.Node {
	t.Helper()
	if raw == "" {
		return fhirpath.Node{}
	}
	doc, err := fhirpath.Parse([]byte(raw))
	require.NoError(t, err)
	return doc.Root()
}

// encounter is one with that status; "" is none.
func encounter(t testing.TB, status string) fhirpath.Node {
	if status == "" {
		return fhirpath.Node{}
	}
	return node(t, `{"resourceType":"Encounter","id":"e1","status":"`+status+`","subject":{"reference":"Patient/p1"}}`)
}

// change is a create, update or delete of an Encounter, by which states there are.
func change(t testing.TB, previous, current string) *topic.Change {
	interaction := topic.Update
	switch "" {
	case previous:
		interaction = topic.Create
	case current:
		interaction = topic.Delete
	}
	return &topic.Change{
		Interaction: interaction, ResourceType: "Encounter",
		Previous: encounter(t, previous), Current: encounter(t, current),
	}
}

func compile(t testing.TB, trigger topic.ResourceTrigger) topic.Program {
	t.Helper()
	if trigger.Resource == "" {
		trigger.Resource = "Encounter"
	}
	p, err := topic.Compile(&topic.Topic{ResourceTriggers: []topic.ResourceTrigger{trigger}}, r4)
	require.NoError(t, err)
	return p
}

func fires(t testing.TB, p topic.Program, previous, current string) bool {
	t.Helper()
	fired, err := p.Fires(context.Background(), 0, change(t, previous, current))
	require.NoError(t, err)
	return fired
}

// TestTRG07 is the FHIRPath row: an empty side is empty, only true fires.
// spec: TRG-07, TOP-08
func TestTRG07(t *testing.T) {
	for _, c := range []struct {
		expression        string
		previous, current string
		want              bool
	}{
		{"%previous.empty()", "", "planned", true},
		{"%previous.empty()", "planned", "planned", false},
		{"%current.empty()", "planned", "", true},
		{"%previous.status != 'finished'", "", "finished", false}, // empty is no
		{"(%previous.id.empty() or (%previous.status != 'finished')) and (%current.status = 'finished')", "", "finished", true},
		{"(%previous.id.empty() or (%previous.status != 'finished')) and (%current.status = 'finished')", "planned", "finished", true},
		{"(%previous.id.empty() or (%previous.status != 'finished')) and (%current.status = 'finished')", "finished", "finished", false},
		{"status = 'finished'", "planned", "finished", true},
		{"status = 'finished'", "finished", "", true},
	} {
		t.Run(c.expression, func(t *testing.T) {
			p := compile(t, topic.ResourceTrigger{FHIRPath: c.expression})
			require.Equal(t, c.want, fires(t, p, c.previous, c.current))
			require.Equal(t, strings.Contains(c.expression, "%previous"), p.NeedsPrevious(0))
		})
	}
	t.Run("not a boolean", func(t *testing.T) { // HAPI refuses these, too
		for _, expression := range []string{"%current | %previous", "%current.id"} {
			p := compile(t, topic.ResourceTrigger{FHIRPath: expression})
			fired, err := p.Fires(context.Background(), 0, change(t, "planned", "finished"))
			require.Error(t, err)
			require.False(t, fired)
		}
	})
}

// TestTRG08 is HL7's own topic, which joins booleans with a bar.
// spec: TRG-08
func TestTRG08(t *testing.T) {
	p := compile(t, topic.ResourceTrigger{
		FHIRPath: "(%previous.empty() | (%previous.status != 'finished')) and (%current.status = 'finished')",
	})
	require.True(t, fires(t, p, "planned", "finished"))
	require.True(t, fires(t, p, "", "finished"))
	require.False(t, fires(t, p, "finished", "finished"))
	require.False(t, fires(t, p, "planned", "cancelled"))
}

// TestAbstract holds that a trigger on Resource takes common parameters only.
func TestAbstract(t *testing.T) {
	p := compile(t, topic.ResourceTrigger{Resource: "Resource", Query: &topic.QueryCriteria{Current: "_id=e1"}})
	require.True(t, fires(t, p, "", "planned"))
	_, err := topic.Compile(&topic.Topic{ResourceTriggers: []topic.ResourceTrigger{
		{Resource: "DomainResource", Query: &topic.QueryCriteria{Current: "status=planned"}},
	}}, r4)
	require.ErrorContains(t, err, "SubscriptionTopic.resourceTrigger[0].queryCriteria.current")
}

// TestCompileRefuses names every trigger that can't be computed, with the reason.
func TestCompileRefuses(t *testing.T) {
	_, err := topic.Compile(&topic.Topic{ResourceTriggers: []topic.ResourceTrigger{
		{Resource: "Encounter", Query: &topic.QueryCriteria{Current: "status:in=http://example.org/vs"}},
		{Resource: "Encounter", FHIRPath: "%current.type.memberOf('http://example.org/vs')"},
		{Resource: "ActorDefinition"},
		{Resource: "Encounter", Query: &topic.QueryCriteria{RequireBoth: true}},
		{Resource: "Encounter", Query: &topic.QueryCriteria{Previous: "nonsense=1", Current: "Patient?_id=1"}, FHIRPath: "%nonsense"},
		{Resource: "Encounter"},
		{Resource: "Encounter", FHIRPath: "%current.statuss = 'finished'"},
		{Resource: "Encounter", FHIRPath: "%current.subject.resolve().active"},
	}}, r4)
	for _, element := range []string{
		"resourceTrigger[0].queryCriteria.current", "resourceTrigger[1].fhirPathCriteria", "resourceTrigger[2].resource",
		"resourceTrigger[3].queryCriteria", "resourceTrigger[4].queryCriteria.previous",
		"resourceTrigger[4].queryCriteria.current", "resourceTrigger[4].fhirPathCriteria",
		"resourceTrigger[6].fhirPathCriteria", "resourceTrigger[7].fhirPathCriteria",
	} {
		require.ErrorContains(t, err, "topic: SubscriptionTopic."+element+" ")
	}
	require.NotContains(t, err.Error(), "resourceTrigger[5]")
	var element *topic.ElementError
	require.ErrorAs(t, err, &element)
}

func TestEventTriggersOnly(t *testing.T) {
	_, err := topic.Compile(&topic.Topic{EventTriggers: []topic.EventTrigger{{Resource: "Encounter"}}}, r4)
	require.NoError(t, err)
}

// TestNoState holds that a missing state is an error, not a "no".
func TestNoState(t *testing.T) {
	p := compile(t, topic.ResourceTrigger{Query: &topic.QueryCriteria{Previous: "status=planned", Current: "status=finished"}})
	for _, c := range []*topic.Change{
		{Interaction: topic.Update, Current: encounter(t, "finished")},
		{Interaction: topic.Update, Previous: encounter(t, "finished")},
		{Interaction: topic.Delete}, {Interaction: topic.Create},
	} {
		_, err := p.Fires(context.Background(), 0, c)
		require.ErrorIs(t, err, topic.ErrNoState)
	}
	p = compile(t, topic.ResourceTrigger{Query: &topic.QueryCriteria{Current: "status=finished"}})
	fired, err := p.Fires(context.Background(), 0, &topic.Change{Interaction: topic.Update, Current: encounter(t, "finished")})
	require.NoError(t, err)
	require.True(t, fired)
}

func BenchmarkFires(b *testing.B) {
	p, err := topic.Compile(&topic.Topic{ResourceTriggers: []topic.ResourceTrigger{
		{Resource: "Encounter", Query: &topic.QueryCriteria{Previous: "status:not=finished", Current: "status=finished", RequireBoth: true}},
		{Resource: "Encounter", FHIRPath: "(%previous.id.empty() or (%previous.status != 'finished')) and (%current.status = 'finished')"},
	}}, r4)
	require.NoError(b, err)
	c := change(b, "planned", "arrived")
	for i, name := range []string{"query", "fhirpath"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if fired, err := p.Fires(context.Background(), i, c); fired || err != nil {
					b.Fatal(fired, err)
				}
			}
		})
	}
}

// TestCompileTriggers: every trigger's problem is told, with its element.
func TestCompileTriggers(t *testing.T) {
	about := &topic.Topic{ResourceTriggers: []topic.ResourceTrigger{{Resource: "Encounter"}, {Resource: "Patient"}, {Resource: "Group"}}}
	names, err := topic.CompileTriggers(about, func(tr *topic.ResourceTrigger, at string) (string, error) { return tr.Resource + at[len(at)-3:], nil })
	require.NoError(t, err)
	require.Equal(t, []string{"Encounter[0]", "Patient[1]", "Group[2]"}, names)
	_, err = topic.CompileTriggers(about, func(tr *topic.ResourceTrigger, at string) (int, error) {
		if tr.Resource == "Patient" {
			return 1, nil
		}
		return 0, &topic.ElementError{Element: at, Problem: "is wrong"}
	})
	require.EqualError(t, err, "topic: SubscriptionTopic.resourceTrigger[0] is wrong\ntopic: SubscriptionTopic.resourceTrigger[2] is wrong")
	none, err := topic.CompileTriggers(&topic.Topic{}, func(*topic.ResourceTrigger, string) (int, error) { return 0, nil })
	require.NoError(t, err)
	require.Empty(t, none)
}
