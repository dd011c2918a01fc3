package topictest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/topic"
)

// loops are as many steps as nobody waits for.
func (w *world) loops() (topic.Program, *topic.Change) {
	if w.Criteria.Loops == nil {
		w.Skip("the language has no loops")
	}
	return w.encounterProgram(w.Criteria.Loops(4)),
		w.change(encounter("planned"), encounter("planned", types(make([]string, 1000)...)))
}

// budget: expressions of strangers end.
var budget = []Clause{
	{"LoopsAreStopped", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		p, c := w.loops()
		fired, err := p.Fires(t.Context(), 0, c)
		require.Error(t, err, "what was not evaluated to the end is not the answer no")
		require.False(t, fired)
		require.False(t, errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled),
			"an evaluation that used up its budget would do so again, so it must not look like one that had no time")
	}},
	{"ShortLoopsAreNot", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		if w.Criteria.Loops == nil {
			t.Skip("the language has no loops")
		}
		p := w.encounterProgram(w.Criteria.Loops(3))
		require.True(t, w.fires(p, w.change(encounter("planned"), encounter("planned", types("a", "b", "c")))))
	}},
	{"ContextStopsLoops", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		p, c := w.loops()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		fired, err := p.Fires(ctx, 0, c)
		require.ErrorIs(t, err, context.Canceled)
		require.False(t, fired)

		ctx, cancel = context.WithTimeout(t.Context(), 0)
		defer cancel()
		_, err = p.Fires(ctx, 0, c)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	}},
	{"DeepExpressionsAreRefused", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		if w.Criteria.Deep == nil {
			t.Skip("the language does not nest")
		}
		require.True(t, w.fires(w.encounterProgram(w.Criteria.Deep(8)), w.change(encounter("planned"), encounter("planned"))))
		w.refused(w.onEncounter(w.Criteria.Deep(8), w.Criteria.Deep(2000)), "resourceTrigger[1]")
	}},
	{"LongExpressionsAreRefused", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		w.skipUnless(w.Criteria.Current)
		w.refused(w.onEncounter(w.Criteria.Current, strings.Repeat(" ", 10<<20)+w.Criteria.Current), "resourceTrigger[1]")
	}},
}
