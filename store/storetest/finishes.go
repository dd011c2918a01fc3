package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

var finishes = []Clause{
	{"FinishWritesTheOutcome", finishWritesTheOutcome},
	{"FinishEndsTheClaim", finishEndsTheClaim},
	{"FinishLost", finishLost},
	{"FinishAfterItRanOut", finishAfterItRanOut},
	{"FinishRaisesTheRevision", finishRaisesTheRevision},
	{"FinishAppendsAChangedSpec", finishAppendsAChangedSpec},
	{"FinishLeavesTheEagerDue", finishLeavesTheEagerDue},
	{"FinishKeepsNoSlice", finishKeepsNoSlice},
}

func finishWritesTheOutcome(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r := w.put(record("s"), 0)
	w.sequence(start, 5, r)
	w.commit(subscription.Commit{
		Cursor: w.lease.Cursor, Sequenced: []subscription.SequencedSpec{{Key: r.Key, Spec: []byte("in force")}},
	})
	for i, o := range []subscription.Outcome{
		{
			Status: subscription.StatusError, Error: "gone", Spec: []byte("new spec"), Cursor: 2, Frozen: 4,
			Attempt: 6, FailingSince: minute(7), SentAt: minute(8), Due: minute(1), Announce: true,
		},
		{Status: subscription.StatusOff, Cursor: 5},
	} {
		c := w.claim("a", minute(i+1), 1)[0]
		o.Key, o.Token, o.At = c.Key, c.Token, minute(i+1)
		w.finish(o)
		want := c.Record
		want.Revision++
		want.UpdatedAt, want.Status, want.Error, want.Spec = o.At, o.Status, o.Error, o.Spec
		want.Cursor, want.Frozen, want.Attempt = o.Cursor, o.Frozen, o.Attempt
		want.FailingSince, want.SentAt, want.Due = o.FailingSince, o.SentAt, o.Due
		want.Eager, want.Announce = o.Eager, o.Announce
		requireRecord(t, want, w.get("s"))
		require.Equal(t, []byte("in force"), w.get("s").Sequenced)
		require.Equal(t, int64(5), w.get("s").Count)
	}
}

func finishEndsTheClaim(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.put(dueAt("s", start), 0)
	c := w.claim("a", start, 1)[0]
	o := outcome(c, start)
	o.Due = minute(2)
	w.finish(o)
	w.unchanged(func() {
		o.Status = subscription.StatusOff
		require.ErrorIs(t, w.store.Finish(w.ctx, o), subscription.ErrLost)
	})
	require.Empty(t, w.claimed("b", minute(1), 1))
	require.Equal(t, []string{"s"}, w.claimed("b", minute(2), 1))
}

func finishLost(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.put(dueAt("claimed", start), 0)
	c := w.claim("a", start, 1)[0]
	never := w.put(dueAt("never claimed", start), 0)
	lost := outcome(c, minute(1))
	lost.Status, lost.Spec = subscription.StatusOff, []byte("other")
	for _, edit := range []func(o *subscription.Outcome){
		func(o *subscription.Outcome) { o.Token++ },
		func(o *subscription.Outcome) { o.Token-- },
		func(o *subscription.Outcome) { o.Token = 0 },
		func(o *subscription.Outcome) { o.Key = never.Key },
		func(o *subscription.Outcome) { o.Key, o.Token = never.Key, 0 },
		func(o *subscription.Outcome) { o.Key += 1000 },
	} {
		o := lost
		edit(&o)
		w.unchanged(func() { require.ErrorIs(t, w.store.Finish(w.ctx, o), subscription.ErrLost) })
	}
	w.finish(outcome(c, minute(1)))
}

func finishAfterItRanOut(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.put(dueAt("s", minute(2)), 0)
	w.put(dueAt("t", minute(1)), 0)
	mine := w.claim("a", minute(2), 2)
	require.Len(t, mine, 2)
	// Another node looks when both have run out, and takes the one that it can.
	require.Equal(t, []string{"t"}, w.claimed("b", minute(50), 1))
	require.ErrorIs(t, w.store.Finish(w.ctx, outcome(mine[0], minute(51))), subscription.ErrLost)
	w.finish(outcome(mine[1], minute(51)))
}

func finishRaisesTheRevision(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.put(dueAt("s", start), 0)
	for i, step := range []struct {
		edit   func(o *subscription.Outcome)
		raises bool
	}{
		{func(o *subscription.Outcome) {}, false},
		{func(o *subscription.Outcome) { o.Status = subscription.StatusError }, true},
		{func(o *subscription.Outcome) { o.Error = "timeout" }, true},
		{func(o *subscription.Outcome) { o.Attempt, o.SentAt, o.Announce = 3, minute(1), true }, false},
		{func(o *subscription.Outcome) { o.Spec = []byte("new") }, false},
		{func(o *subscription.Outcome) { o.Status, o.Error = subscription.StatusActive, "" }, true},
	} {
		c := w.claim("a", minute(i), 1)[0]
		o := outcome(c, minute(i+1))
		step.edit(&o)
		w.finish(o)
		got := w.get("s")
		if step.raises {
			require.Equal(t, c.Revision+1, got.Revision, "step %d", i)
			require.Equal(t, minute(i+1), got.UpdatedAt, "step %d", i)
		} else {
			require.Equal(t, c.Revision, got.Revision, "step %d", i)
			require.Equal(t, c.UpdatedAt, got.UpdatedAt, "step %d", i)
		}
	}
}

func finishAppendsAChangedSpec(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r := w.put(dueAt("s", start), 0)
	for i, step := range []struct {
		spec    string
		appends bool
	}{
		{string(r.Spec), false}, {"two", true}, {"two", false}, {"", true}, {"", false},
	} {
		before := len(w.controls())
		o := outcome(w.claim("a", minute(i), 1)[0], minute(i+1))
		o.Spec = []byte(step.spec)
		w.finish(o)
		after := w.controls()
		if !step.appends {
			require.Len(t, after, before, "step %d", i)
			continue
		}
		require.Len(t, after, before+1, "step %d", i)
		got := after[before]
		requireChanges(t, []subscription.Change{{
			Position: got.Position, Tenant: tenant, Subscription: r.Key, Spec: []byte(step.spec),
		}}, []subscription.Change{got})
	}
}

func finishLeavesTheEagerDue(t testing.TB, h Harness) {
	for _, c := range []struct {
		name       string
		eager      bool
		cursor     int64
		due        time.Time
		wantDue    time.Time
		newInClaim bool
	}{
		{"more events, due later", true, 1, minute(60), minute(1), false},
		{"more events, never due", true, 1, time.Time{}, minute(1), false},
		{"no more events", true, 2, minute(60), minute(60), false},
		{"events came while it was claimed", true, 2, minute(60), minute(1), true},
		{"not eager", false, 1, minute(60), minute(60), false},
		{"not eager, never due", false, 1, time.Time{}, time.Time{}, false},
	} {
		w := newWorld(t, h)
		r := w.put(record("s"), 0)
		w.sequence(start, 2, r)
		o := outcome(w.claim("a", start, 1)[0], minute(1))
		if c.newInClaim {
			w.sequence(start, 1, r)
		}
		o.Cursor, o.Frozen, o.Due, o.Eager = c.cursor, 0, c.due, c.eager
		w.finish(o)
		require.Equal(t, c.wantDue, w.get("s").Due, c.name)
		_, next, err := w.store.Claim(w.ctx, "a", start, minute(2), 9)
		require.NoError(t, err)
		require.Equal(t, c.wantDue, next, c.name)
	}
}

func finishKeepsNoSlice(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.put(dueAt("s", start), 0)
	o := outcome(w.claim("a", start, 1)[0], start)
	o.Spec = []byte("new spec")
	w.finish(o)
	clear(o.Spec)
	require.Equal(t, []byte("new spec"), w.get("s").Spec)
	require.Equal(t, []byte("new spec"), w.controls()[1].Spec)
}
