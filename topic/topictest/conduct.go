package topictest

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/topic"
)

// conduct: how a program behaves.
var conduct = []Clause{
	{"NeedsPreviousIsHonest", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		w.skipUnless(w.Criteria.Finished)
		w.skipUnless(w.Criteria.Current)
		p := w.compile(w.onEncounter(w.Criteria.Current, w.Criteria.Finished))
		require.False(t, p.NeedsPrevious(0), "the criterion does not mention the previous state")
		require.True(t, p.NeedsPrevious(1), "the criterion reads the previous state")
		require.True(t, w.fires(p, &topic.Change{
			Interaction: topic.Update, ResourceType: "Encounter", Current: w.node(encounter("finished")),
		}), "where the previous state is not needed, it may be left out")
	}},
	{"NeedsNoHost", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		require.False(t, w.encounterProgram(w.Criteria.Finished).NeedsHost(0), "the criterion reads the change only")
	}},
	{"MissingStateIsAnError", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		p := w.encounterProgram(w.Criteria.Finished)
		for _, c := range []*topic.Change{
			{Interaction: topic.Update, ResourceType: "Encounter", Current: w.node(encounter("finished"))},
			{Interaction: topic.Update, ResourceType: "Encounter", Previous: w.node(encounter("finished"))},
			{Interaction: topic.Create, ResourceType: "Encounter"},
			{Interaction: topic.Delete, ResourceType: "Encounter"},
		} {
			fired, err := p.Fires(t.Context(), 0, c)
			require.ErrorIs(t, err, topic.ErrNoState)
			require.False(t, fired)
		}
	}},
	{"ProgramsAreSafeForConcurrentUse", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		programs := []topic.Program{w.encounterProgram(w.Criteria.Type), w.encounterProgram(w.Criteria.Finished)}
		changes := []*topic.Change{
			w.change(encounter("planned"), encounter("planned", types("a", "b"))),
			w.change(encounter("planned"), encounter("finished", types("a"))),
		}
		again := w.onEncounter(w.Criteria.Current)
		wrong := make([]string, 8)
		var all sync.WaitGroup
		for g := range wrong {
			all.Go(func() {
				for i := range 200 {
					p, c := (g+i)%2, (g+i/2)%2
					fired, err := programs[p].Fires(t.Context(), 0, changes[c])
					if err != nil || fired != (p == c) {
						wrong[g] = fmt.Sprintf("program %d, change %d: fired is %v", p, c, fired)
					}
				}
				if _, err := w.evaluator.Compile(again); err != nil {
					wrong[g] = "Compile failed"
				}
			})
		}
		all.Wait()
		require.Empty(t, strings.Join(wrong, ""))
	}},
	{"ResourcesAreNotChanged", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		p := w.encounterProgram(w.Criteria.Type)
		c := w.change(encounter("planned"), encounter("finished", types("a", "c")))
		was := *c
		previous, current := bytes.Clone(c.Previous.Raw()), bytes.Clone(c.Current.Raw())
		w.fires(p, c)
		require.True(t, was == *c && bytes.Equal(previous, c.Previous.Raw()) && bytes.Equal(current, c.Current.Raw()))
	}},
	{"FailureNeverFires", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		fired, err := w.encounterProgram(w.Criteria.Failing).Fires(t.Context(), 0, w.failing())
		require.Error(t, err, "a failure is not the answer no")
		require.False(t, fired)
	}},
	{"ErrorsHoldNoContent", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		_, err := w.encounterProgram(w.Criteria.Failing).Fires(t.Context(), 0, w.failing())
		if err != nil && strings.Contains(fmt.Sprintf("%v %+v", err, err), secret) {
			t.Error("the error has content of the resource")
		}
	}},
}

// failing is a change that Criteria.Failing can't be evaluated on.
func (w *world) failing() *topic.Change {
	return w.change(encounter("planned"), encounter("planned", types(secret, secret)))
}
