package topic_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/topic"
)

// The truth tables of docs/conformance.md, Triggers have a cell for each result, requireBoth
// and outcome of the side that is tested.
type outcome uint8

const (
	never outcome = iota
	ifMatches
	always
)

var createAndDelete = []struct {
	result      topic.CriteriaNotExistsBehavior
	requireBoth bool
	want        outcome
}{
	{topic.TestPasses, true, ifMatches}, {topic.TestPasses, false, always},
	{topic.TestFails, true, never}, {topic.TestFails, false, ifMatches},
	{topic.BehaviorAbsent, true, ifMatches}, {topic.BehaviorAbsent, false, ifMatches},
}

// spec: TRG-03, TRG-05
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

// spec: TRG-04, TRG-05
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

// spec: TRG-02
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
// spec: TRG-02, TRG-03, TRG-04
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

// TestQueryForms are criteria as published topics write them (TOP-07).
// spec: TOP-07
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
