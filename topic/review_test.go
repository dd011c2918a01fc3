package topic_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/topic"
)

// TestReview holds what an author is told, and that what is said never to fire does
// not (TRG-03 to TRG-08).
func TestReview(t *testing.T) {
	const path, query = "SubscriptionTopic.resourceTrigger[0].fhirPathCriteria", "SubscriptionTopic.resourceTrigger[0].queryCriteria"
	type one = []topic.Interaction
	for name, c := range map[string]struct {
		trigger topic.ResourceTrigger
		element string
		never   bool
	}{
		"good":                       {trigger: topic.ResourceTrigger{FHIRPath: "%previous.id.empty() or %previous.status != %current.status"}},
		"no criteria":                {trigger: topic.ResourceTrigger{}},
		"update by all interactions": {trigger: topic.ResourceTrigger{FHIRPath: "%previous.status != %current.status"}},
		"create only":                {topic.ResourceTrigger{Interactions: one{topic.Create}, FHIRPath: "%previous.status != 'planned' and %current.status = 'planned'"}, path, true},
		"delete only":                {topic.ResourceTrigger{Interactions: one{topic.Delete}, FHIRPath: "%current.status = 'finished'"}, path, true},
		"create and update":          {topic.ResourceTrigger{Interactions: one{topic.Create, topic.Update}, FHIRPath: "%previous.status != %current.status"}, path, false},
		"union as or":                {topic.ResourceTrigger{FHIRPath: "(%previous.empty() | (%previous.status != 'finished')) and %current.status = 'finished'"}, path, false},
		"query on update":            {trigger: topic.ResourceTrigger{Query: &topic.QueryCriteria{Previous: "status=planned"}}},
		"query, create, previous":    {topic.ResourceTrigger{Interactions: one{topic.Create}, Query: &topic.QueryCriteria{Previous: "status=planned"}}, query, true},
		"query, create, passes":      {trigger: topic.ResourceTrigger{Interactions: one{topic.Create}, Query: &topic.QueryCriteria{Previous: "status=planned", ResultForCreate: topic.TestPasses}}},
		"query, create, fails, both": {topic.ResourceTrigger{Interactions: one{topic.Create}, Query: &topic.QueryCriteria{Previous: "status=planned", Current: "status=finished", ResultForCreate: topic.TestFails, RequireBoth: true}}, query, true},
		"query, create, fails, or":   {trigger: topic.ResourceTrigger{Interactions: one{topic.Create}, Query: &topic.QueryCriteria{Previous: "status=planned", Current: "status=finished", ResultForCreate: topic.TestFails}}},
		"query, delete, current":     {topic.ResourceTrigger{Interactions: one{topic.Delete}, Query: &topic.QueryCriteria{Current: "status=finished"}}, query, true},
		"query, some":                {topic.ResourceTrigger{Interactions: one{topic.Update, topic.Delete}, Query: &topic.QueryCriteria{Current: "status=finished", ResultForDelete: topic.TestFails}}, query, false},
	} {
		t.Run(name, func(t *testing.T) {
			c.trigger.Resource = "Encounter"
			warnings := (&topic.Topic{ResourceTriggers: []topic.ResourceTrigger{c.trigger}}).Review(r4)
			if c.element == "" {
				require.Empty(t, warnings)
				return
			}
			require.Len(t, warnings, 1)
			require.Equal(t, c.element, warnings[0].Element)
			require.Equal(t, c.never, warnings[0].Never)
			p := compile(t, c.trigger)
			for _, states := range [][2]string{{"", "planned"}, {"", "finished"}, {"planned", ""}, {"finished", ""}, {"planned", "finished"}} {
				interaction := topic.Update
				if states[0] == "" {
					interaction = topic.Create
				} else if states[1] == "" {
					interaction = topic.Delete
				}
				if c.never && c.trigger.Interactions[0] == interaction {
					require.False(t, fires(t, p, states[0], states[1]))
				}
			}
		})
	}
}
