package topic_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/topic"
)

// TestR4 is defect R4: resultForCreate and resultForDelete count.
// spec: TRG-05
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
// spec: TRG-09, AMB-05
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
// spec: TRG-10, TOP-05
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
// spec: TRG-06
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
