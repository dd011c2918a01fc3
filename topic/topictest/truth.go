package topictest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// truth: what fires on which interaction.
var truth = []Clause{
	{"TruthOnCreate", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		p := w.encounterProgram(w.Criteria.Finished)
		require.True(t, w.fires(p, w.change("", encounter("finished"))))
		require.False(t, w.fires(p, w.change("", encounter("planned"))))
	}},
	{"TruthOnUpdate", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		p := w.encounterProgram(w.Criteria.Finished)
		for _, c := range []struct {
			previous, current string
			want              bool
		}{
			{"planned", "finished", true}, {"finished", "finished", false}, {"finished", "planned", false},
			{"planned", "planned", false}, {"planned", "Finished", false},
		} {
			if h.KnownCodes && c.current == "Finished" {
				fired, err := p.Fires(t.Context(), 0, w.change(encounter(c.previous), encounter(c.current)))
				require.Error(t, err)
				require.False(t, fired)
				continue
			}
			require.Equal(t, c.want, w.fires(p, w.change(encounter(c.previous), encounter(c.current))), "%s to %s", c.previous, c.current)
		}
	}},
	{"TruthOnDelete", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		p := w.encounterProgram(w.Criteria.Finished)
		require.False(t, w.fires(p, w.change(encounter("planned"), "")))
		require.False(t, w.fires(p, w.change(encounter("finished"), "")))
	}},
	{"PreviousIsAbsentOnCreateOnly", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		p := w.encounterProgram(w.Criteria.Created)
		require.True(t, w.fires(p, w.change("", encounter("planned"))))
		require.False(t, w.fires(p, w.change(encounter("planned"), encounter("planned"))))
		require.False(t, w.fires(p, w.change(encounter("planned"), "")))
	}},
	{"CurrentIsAbsentOnDeleteOnly", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		p := w.encounterProgram(w.Criteria.Deleted)
		require.True(t, w.fires(p, w.change(encounter("planned"), "")))
		require.False(t, w.fires(p, w.change(encounter("planned"), encounter("planned"))))
		require.False(t, w.fires(p, w.change("", encounter("planned"))))
	}},
}
