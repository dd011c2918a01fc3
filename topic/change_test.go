package topic_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/topic"
)

// TestComplete: TRG-03 and TRG-04 say which states there are.
func TestComplete(t *testing.T) {
	state := encounter(t, "planned")
	for _, c := range []struct {
		change        topic.Change
		needsPrevious bool
		want          error
	}{
		{topic.Change{Interaction: topic.Create, Current: state}, true, nil},
		{topic.Change{Interaction: topic.Create}, false, topic.ErrNoState},
		{topic.Change{Interaction: topic.Update, Current: state, Previous: state}, true, nil},
		{topic.Change{Interaction: topic.Update, Current: state}, false, nil},
		{topic.Change{Interaction: topic.Update, Current: state}, true, topic.ErrNoState},
		{topic.Change{Interaction: topic.Update, Previous: state}, false, topic.ErrNoState},
		{topic.Change{Interaction: topic.Delete, Previous: state}, true, nil},
		{topic.Change{Interaction: topic.Delete}, false, nil},
		{topic.Change{Interaction: topic.Delete}, true, topic.ErrNoState},
	} {
		require.Equal(t, c.want, c.change.Complete(c.needsPrevious), "%+v", c)
	}
}

// TestCovers: TOP-04.
// spec: TOP-04
func TestCovers(t *testing.T) {
	for focus, want := range map[string][3]bool{
		"Resource": {true, true, true}, "DomainResource": {true, false, false}, "Patient": {true, false, false}, "Bundle": {false, true, false},
	} {
		for i, resourceType := range []string{"Patient", "Bundle", "Parameters"} {
			require.Equal(t, want[i], (&topic.ResourceTrigger{Resource: focus}).Covers(resourceType), "%s %s", focus, resourceType)
			require.Equal(t, want[i], (&topic.EventTrigger{Resource: focus}).Covers(resourceType), "%s %s", focus, resourceType)
		}
	}
}
