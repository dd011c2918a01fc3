package topic_test

import (
	"context"
	"fmt"
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

// The truth tables of spec.md section 4 have a cell for each result, requireBoth
// and outcome of the side that is tested.
type outcome uint8

const (
	never outcome = iota
	ifMatches
	always
)

var createAndDelete = []struct {
	result      topic.Result
	requireBoth bool
	want        outcome
}{
	{topic.TestPasses, true, ifMatches}, {topic.TestPasses, false, always},
	{topic.TestFails, true, never}, {topic.TestFails, false, ifMatches},
	{topic.ResultAbsent, true, ifMatches}, {topic.ResultAbsent, false, ifMatches},
}

func TestTRG03Create(t *testing.T) {
	for _, cell := range createAndDelete {
		t.Run(fmt.Sprintf("resultForCreate %q requireBoth %v", cell.result, cell.requireBoth), func(t *testing.T) {
			p := compile(t, topic.ResourceTrigger{Query: &topic.QueryCriteria{
				Previous: "status=planned", Current: "status=finished",
				ResultForCreate: cell.result, RequireBoth: cell.requireBoth,
			}})
			require.Equal(t, cell.want >= ifMatches, fires(t, p, "", "finished"))
			require.Equal(t, cell.want == always, fires(t, p, "", "arrived"))
		})
	}
}

func TestTRG04Delete(t *testing.T) {
	for _, cell := range createAndDelete {
		t.Run(fmt.Sprintf("resultForDelete %q requireBoth %v", cell.result, cell.requireBoth), func(t *testing.T) {
			p := compile(t, topic.ResourceTrigger{Query: &topic.QueryCriteria{
				Previous: "status=planned", Current: "status=finished",
				ResultForDelete: cell.result, RequireBoth: cell.requireBoth,
			}})
			require.Equal(t, cell.want >= ifMatches, fires(t, p, "planned", ""))
			require.Equal(t, cell.want == always, fires(t, p, "arrived", ""))
		})
	}
}

func TestTRG02Update(t *testing.T) {
	for _, requireBoth := range []bool{true, false} {
		p := compile(t, topic.ResourceTrigger{Query: &topic.QueryCriteria{
			Previous: "status=planned", Current: "status=finished", RequireBoth: requireBoth,
			ResultForCreate: topic.TestFails, ResultForDelete: topic.TestFails,
		}})
		for _, previous := range []string{"planned", "arrived"} {
			for _, current := range []string{"finished", "arrived"} {
				t.Run(fmt.Sprintf("requireBoth %v %s to %s", requireBoth, previous, current), func(t *testing.T) {
					was, is := previous == "planned", current == "finished"
					want := was || is
					if requireBoth {
						want = was && is
					}
					require.Equal(t, want, fires(t, p, previous, current))
				})
			}
		}
	}
}

// TestWorkedExample is the example below the tables.
func TestWorkedExample(t *testing.T) {
	p := compile(t, topic.ResourceTrigger{Query: &topic.QueryCriteria{
		Previous: "status:not=finished", Current: "status=finished", RequireBoth: true,
		ResultForCreate: topic.TestPasses, ResultForDelete: topic.TestFails,
	}})
	require.True(t, p.NeedsPrevious(0))
	for _, c := range []struct {
		previous, current string
		want              bool
	}{
		{"", "finished", true}, {"", "planned", false},
		{"planned", "finished", true}, {"finished", "finished", false}, {"finished", "cancelled", false},
		{"finished", "", false}, {"planned", "", false},
	} {
		require.Equal(t, c.want, fires(t, p, c.previous, c.current), "%q to %q", c.previous, c.current)
	}
}

// TestR4 is defect R4: resultForCreate and resultForDelete count.
func TestR4(t *testing.T) {
	for _, requireBoth := range []bool{true, false} {
		p := compile(t, topic.ResourceTrigger{Query: &topic.QueryCriteria{
			Current: "status=finished", RequireBoth: requireBoth,
			ResultForCreate: topic.TestFails, ResultForDelete: topic.TestPasses,
		}})
		require.False(t, p.NeedsPrevious(0))
		require.False(t, fires(t, p, "", "finished"))
		require.False(t, fires(t, p, "", "planned"))
		require.True(t, fires(t, p, "planned", ""))
		require.True(t, fires(t, p, "planned", "finished"))
	}
	t.Run("previous only", func(t *testing.T) {
		p := compile(t, topic.ResourceTrigger{Query: &topic.QueryCriteria{
			Previous: "status=planned", ResultForCreate: topic.TestPasses, ResultForDelete: topic.TestFails,
		}})
		require.True(t, fires(t, p, "", "finished"))
		require.False(t, fires(t, p, "planned", ""))
	})
	t.Run("nothing decides", func(t *testing.T) {
		p := compile(t, topic.ResourceTrigger{Query: &topic.QueryCriteria{Previous: "status=planned"}})
		require.False(t, fires(t, p, "", "planned"))
		p = compile(t, topic.ResourceTrigger{Query: &topic.QueryCriteria{Current: "status=planned"}})
		require.False(t, fires(t, p, "planned", ""))
		require.True(t, fires(t, p, "", "planned"))
	})
}

// TestR5 is defect R5 with AMB-05: query criteria decide where they can be
// computed, otherwise FHIRPath does.
func TestR5(t *testing.T) {
	p := compile(t, topic.ResourceTrigger{
		Query: &topic.QueryCriteria{Current: "status=finished"}, FHIRPath: "%current.status = 'planned'",
	})
	require.True(t, fires(t, p, "", "finished"))
	require.False(t, fires(t, p, "", "planned"))
	p = compile(t, topic.ResourceTrigger{
		Query: &topic.QueryCriteria{Current: "status:in=http://example.org/vs"}, FHIRPath: "%current.status = 'planned'",
	})
	require.False(t, fires(t, p, "", "finished"))
	require.True(t, fires(t, p, "", "planned"))
	p = compile(t, topic.ResourceTrigger{
		Query: &topic.QueryCriteria{Current: "status=finished"}, FHIRPath: "not FHIRPath",
	})
	require.True(t, fires(t, p, "", "finished"))
}

// TestR6 is TRG-10: no criteria, every interaction fires. Which interactions are
// listed is the caller's to check.
func TestR6(t *testing.T) {
	p := compile(t, topic.ResourceTrigger{})
	require.False(t, p.NeedsPrevious(0))
	for _, c := range [][2]string{{"", "planned"}, {"planned", "planned"}, {"planned", ""}} {
		require.True(t, fires(t, p, c[0], c[1]))
	}
}

// TestR31 is defect R31: values are compared, not only the presence of the path.
func TestR31(t *testing.T) {
	p := compile(t, topic.ResourceTrigger{Query: &topic.QueryCriteria{Current: "status=finished&subject=Patient/p1"}})
	require.True(t, fires(t, p, "", "finished"))
	require.False(t, fires(t, p, "", "planned"))
	p = compile(t, topic.ResourceTrigger{Query: &topic.QueryCriteria{Current: "status=finished&subject=Patient/p2"}})
	require.False(t, fires(t, p, "", "finished"))
}

// TestR35 is defect R35 with TRG-06: only one side given, the other takes no part.
func TestR35(t *testing.T) {
	for _, requireBoth := range []bool{true, false} {
		p := compile(t, topic.ResourceTrigger{Query: &topic.QueryCriteria{Current: "status=finished", RequireBoth: requireBoth}})
		require.True(t, fires(t, p, "planned", "finished"))
		require.False(t, fires(t, p, "finished", "planned"))
		p = compile(t, topic.ResourceTrigger{Query: &topic.QueryCriteria{Previous: "status=finished", RequireBoth: requireBoth}})
		require.False(t, fires(t, p, "planned", "finished"))
		require.True(t, fires(t, p, "finished", "planned"))
	}
}

// TestR36 is defect R36 in a topic: a parameter after a composite one.
func TestR36(t *testing.T) {
	p := compile(t, topic.ResourceTrigger{Resource: "Observation", Query: &topic.QueryCriteria{
		Current: "code-value-quantity=8480-6$gt120&status=final",
	}})
	for status, want := range map[string]bool{"final": true, "preliminary": false} {
		fired, err := p.Fires(context.Background(), 0, &topic.Change{
			Interaction: topic.Create, ResourceType: "Observation",
			Current: node(t, `{"resourceType":"Observation","status":"`+status+`","code":{"coding":[{"code":"8480-6"}]},"valueQuantity":{"value":130}}`),
		})
		require.NoError(t, err)
		require.Equal(t, want, fired)
	}
}

// TestQueryForms are criteria as published topics write them (TOP-07).
func TestQueryForms(t *testing.T) {
	for criteria, want := range map[string]bool{
		"status=planned": true, "Encounter?status=planned": true, "/Encounter?status=planned": true,
		"status=planned&subject=Patient/p1": true, "status=planned,finished": true, "status:not=planned": false,
		"status=finished,arrived": false,
	} {
		p := compile(t, topic.ResourceTrigger{Query: &topic.QueryCriteria{Current: criteria}})
		require.Equal(t, want, fires(t, p, "", "planned"), criteria)
	}
}

// TestTRG07 is the FHIRPath row: an empty side is empty, only true fires.
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
