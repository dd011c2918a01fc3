package storetest

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// positions are about subscriptions whose subscribers are connected to nodes, which
// follow them without claims.
var positions = []Clause{
	{"PositionsInTheOrderOfKeys", positionsInTheOrderOfKeys},
	{"PositionsAreOfNow", positionsAreOfNow},
	{"AdvanceRaisesTheCursor", advanceRaisesTheCursor},
	{"AdvanceNeverGoesBack", advanceNeverGoesBack},
	{"AdvanceStopsAtTheCount", advanceStopsAtTheCount},
	{"AdvanceTakesTheHighest", advanceTakesTheHighest},
	{"AdvanceEndsAPassedBatch", advanceEndsAPassedBatch},
	{"AdvancePassesOverTheGone", advancePassesOverTheGone},
	{"AdvanceLeavesClaimsAlone", advanceLeavesClaimsAlone},
	{"AdvanceIsDelivery", advanceIsDelivery},
	{"FinishNeverLowersTheCursor", finishNeverLowersTheCursor},
	{"ConcurrentAdvancesKeepTheHighest", concurrentAdvancesKeepTheHighest},
	{"CrashKeepsProgress", crashKeepsProgress},
	{"HandlesSharePositions", handlesSharePositions},
}

func (w *world) positions(keys ...int64) []subscription.Position {
	got, err := w.store.Positions(w.ctx, keys)
	require.NoError(w, err)
	return got
}

// position is where r is, as Positions says it.
func position(r subscription.Record) subscription.Position {
	return subscription.Position{Key: r.Key, Revision: r.Revision, Status: r.Status, Count: r.Count, Cursor: r.Cursor}
}

func (w *world) advance(progress ...subscription.Progress) {
	require.NoError(w, w.store.Advance(w.ctx, progress))
}

func positionsInTheOrderOfKeys(t testing.TB, h Harness) {
	w := newWorld(t, h)
	var keys []int64
	var want []subscription.Position
	for i := range 20 {
		r := w.put(record(fmt.Sprint(i)), 0)
		keys, want = append(keys, r.Key), append(want, position(r))
	}
	require.NoError(t, w.store.DeleteSubscription(w.ctx, tenant, "7", 0))
	want = slices.Delete(want, 7, 8)
	slices.Reverse(keys)
	require.Equal(t, want, w.positions(keys...))
	require.Equal(t, want[:2], w.positions(keys[19], keys[18], keys[18], math.MaxInt64, 0, -1, keys[19]))
	require.Empty(t, w.positions())
	require.Empty(t, w.positions(keys[12]), "it is gone")
}

func positionsAreOfNow(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r, other := w.put(record("s"), 0), w.put(record("other"), 0)
	is := func(want subscription.Position) {
		require.Equal(t, position(w.get("s")), want)
		require.Equal(t, []subscription.Position{want, position(w.get("other"))}, w.positions(r.Key, other.Key))
	}
	is(subscription.Position{Key: r.Key, Revision: 1, Status: subscription.StatusActive})
	w.sequence(start, 3, r)
	is(subscription.Position{Key: r.Key, Revision: 1, Status: subscription.StatusActive, Count: 3})
	w.advance(subscription.Progress{Key: r.Key, Cursor: 1, At: start})
	is(subscription.Position{Key: r.Key, Revision: 1, Status: subscription.StatusActive, Count: 3, Cursor: 1})
	o := outcome(w.claim("a", start, 1)[0], start)
	o.Cursor, o.Frozen, o.Status = 2, 0, subscription.StatusError
	w.finish(o)
	is(subscription.Position{Key: r.Key, Revision: 2, Status: subscription.StatusError, Count: 3, Cursor: 2})
	off := record("s")
	off.Status = subscription.StatusOff
	w.put(off, 2)
	is(subscription.Position{Key: r.Key, Revision: 3, Status: subscription.StatusOff, Count: 3, Cursor: 2})
}

func advanceRaisesTheCursor(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r, other, third := w.put(full("s"), 0), w.put(full("other"), 0), w.put(full("third"), 0)
	w.sequence(start, 5, r, other, third)
	want, wantOther, untouched := w.get("s"), w.get("other"), w.get("third")
	w.advance(subscription.Progress{Key: other.Key, Cursor: 5, At: minute(8)}, subscription.Progress{Key: r.Key, Cursor: 3, At: minute(7)})
	want.Cursor, want.SentAt = 3, minute(7)
	wantOther.Cursor, wantOther.SentAt = 5, minute(8)
	requireRecord(t, want, w.get("s"))
	requireRecord(t, wantOther, w.get("other"))
	requireRecord(t, untouched, w.get("third"))
	w.unchanged(func() { w.advance() })
}

func advanceNeverGoesBack(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r := w.put(record("s"), 0)
	w.sequence(start, 5, r)
	w.advance(subscription.Progress{Key: r.Key, Cursor: 3, At: minute(7)})
	w.unchanged(func() {
		w.advance(subscription.Progress{Key: r.Key, Cursor: 2, At: minute(6)})
		w.advance(subscription.Progress{Key: r.Key, Cursor: -1})
		w.advance(subscription.Progress{Key: r.Key, Cursor: 3, At: minute(7)})
	})
	for i, step := range []struct {
		cursor, want int64
		at, wantAt   time.Time
	}{
		{2, 3, minute(9), minute(9)}, // a notification without events
		{4, 4, minute(8), minute(9)},
	} {
		w.advance(subscription.Progress{Key: r.Key, Cursor: step.cursor, At: step.at})
		require.Equal(t, step.want, w.get("s").Cursor, "step %d", i)
		require.Equal(t, step.wantAt, w.get("s").SentAt, "step %d", i)
	}
}

func advanceStopsAtTheCount(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r := w.put(record("s"), 0)
	w.advance(subscription.Progress{Key: r.Key, Cursor: 1, At: start})
	require.Zero(t, w.get("s").Cursor)
	w.sequence(start, 2, r)
	w.advance(subscription.Progress{Key: r.Key, Cursor: math.MaxInt64, At: start})
	require.Equal(t, int64(2), w.get("s").Cursor)
}

func advanceTakesTheHighest(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r := w.put(record("s"), 0)
	w.sequence(start, 5, r)
	w.advance(
		subscription.Progress{Key: r.Key, Cursor: 2, At: minute(1)}, subscription.Progress{Key: r.Key, Cursor: 4, At: minute(2)},
		subscription.Progress{Key: r.Key, Cursor: 3, At: minute(3)}, subscription.Progress{Key: r.Key, Cursor: 1, At: minute(1)},
	)
	require.Equal(t, int64(4), w.get("s").Cursor)
	require.Equal(t, minute(3), w.get("s").SentAt)
}

func advanceEndsAPassedBatch(t testing.TB, h Harness) {
	w := newWorld(t, h)
	s := record("s")
	s.MaxCount = 3
	r := w.put(s, 0)
	w.sequence(start, 5, r)
	c := w.claim("a", start, 1)[0]
	require.Equal(t, int64(3), c.Frozen)
	o := outcome(c, start)
	o.Due = minute(1)
	w.finish(o) // the attempt failed
	for i, want := range []int64{3, 3, 0, 0} {
		w.advance(subscription.Progress{Key: r.Key, Cursor: int64(i + 1), At: start})
		require.Equal(t, want, w.get("s").Frozen, "cursor %d", i+1)
	}
	again := w.claim("a", minute(1), 1)[0]
	require.Equal(t, []int64{4, 5}, []int64{again.Cursor, again.Frozen})
}

func advancePassesOverTheGone(t testing.TB, h Harness) {
	w := newWorld(t, h)
	gone, r := w.put(record("gone"), 0), w.put(record("s"), 0)
	w.sequence(start, 2, gone, r)
	require.NoError(t, w.store.DeleteSubscription(w.ctx, tenant, "gone", 0))
	w.unchanged(func() {
		w.advance(subscription.Progress{Key: gone.Key, Cursor: 1, At: start}, subscription.Progress{Key: math.MaxInt64, Cursor: 1, At: start})
	})
	w.advance(subscription.Progress{Key: gone.Key, Cursor: 1, At: start}, subscription.Progress{Key: r.Key, Cursor: 1, At: start})
	require.Equal(t, int64(1), w.get("s").Cursor)
}

func advanceLeavesClaimsAlone(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r := w.put(record("s"), 0)
	w.sequence(start, 5, r)
	due := w.put(dueAt("due", minute(1)), 0)
	w.sequence(start, 1, due)
	c := w.claim("a", start, 1)[0]
	require.Equal(t, "s", c.ID)
	w.advance(subscription.Progress{Key: r.Key, Cursor: 2, At: start}, subscription.Progress{Key: due.Key, Cursor: 1, At: start})
	require.Equal(t, start, w.get("due").Due, "as it was")
	require.Equal(t, []string{"due"}, w.claimed("b", minute(2), 9), "the other is claimed still")
	w.finish(outcome(c, minute(2)))
}

// What was advanced need not be claimed for it, and may be pruned.
func advanceIsDelivery(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r := w.put(record("s"), 0)
	w.sequence(start, 4, r)
	w.advance(subscription.Progress{Key: r.Key, Cursor: 3, At: start})
	require.Equal(t, 7, w.prune(minute(1), 1000), "three events, their changes, and the creation")
	require.Equal(t, []int64{4}, w.numbers(r.Key))
	c := w.claim("a", start, 1)[0]
	require.Equal(t, []int64{3, 4}, []int64{c.Cursor, c.Frozen})
}

func finishNeverLowersTheCursor(t testing.TB, h Harness) {
	for _, c := range []struct {
		name                   string
		advanced               int64
		cursor, frozen         int64 // of the outcome
		eager                  bool
		status                 subscription.Status
		wantCursor, wantFrozen int64
		wantDue                time.Time
	}{
		{"it is behind", 4, 3, 0, true, subscription.StatusActive, 4, 0, minute(1)},
		{"its batch was passed", 3, 0, 3, false, subscription.StatusActive, 3, 0, minute(9)},
		{"its batch was passed in part", 2, 0, 3, false, subscription.StatusActive, 2, 3, minute(9)},
		{"all was passed", 5, 3, 0, true, subscription.StatusActive, 5, 0, minute(9)},
		{"it is ahead", 1, 3, 0, true, subscription.StatusActive, 3, 0, minute(1)},
		{"it also changes the status", 4, 0, 3, true, subscription.StatusError, 4, 0, minute(1)},
		{"it changes the status when all was passed", 5, 3, 0, true, subscription.StatusError, 5, 0, minute(9)},
	} {
		w := newWorld(t, h)
		s := record("s")
		s.MaxCount = 3
		r := w.put(s, 0)
		w.sequence(start, 5, r)
		o := outcome(w.claim("a", start, 1)[0], minute(1))
		w.advance(subscription.Progress{Key: r.Key, Cursor: c.advanced, At: start})
		o.Cursor, o.Frozen, o.Eager, o.Status, o.Due = c.cursor, c.frozen, c.eager, c.status, minute(9)
		w.finish(o)
		got := w.get("s")
		require.Equal(t, []int64{c.wantCursor, c.wantFrozen}, []int64{got.Cursor, got.Frozen}, c.name)
		require.Equal(t, c.wantDue, got.Due, c.name)
	}
}

// Nodes tell in any order, and of overlapping subscriptions, while claims are finished.
func concurrentAdvancesKeepTheHighest(t testing.TB, h Harness) {
	w := newWorld(t, h)
	const events = 40
	all := make([]subscription.Record, 6)
	for i := range all {
		all[i] = w.put(record(fmt.Sprint(i)), 0)
	}
	w.sequence(start, events, all...)
	var working sync.WaitGroup
	for worker := range 4 {
		working.Go(func() {
			for n := range int64(events / 4) {
				progress := make([]subscription.Progress, len(all))
				for i := range all {
					at := (i*(worker+1) + worker) % len(all) // each in an order of its own, some twice
					progress[i] = subscription.Progress{Key: all[at].Key, Cursor: 4*n + int64(worker) + 1, At: minute(int(n))}
				}
				assert.NoError(t, w.store.Advance(w.ctx, progress))
			}
		})
	}
	working.Go(func() {
		for range 20 {
			claims, _, err := w.store.Claim(w.ctx, "a", start, minute(1), 2)
			assert.NoError(t, err)
			for _, c := range claims {
				o := outcome(c, start)
				o.Frozen = 0
				assert.NoError(t, w.store.Finish(w.ctx, o))
			}
		}
	})
	working.Wait()
	// The first worker named all, the third 2 and 5, the others 1, 3 and 5.
	for i, want := range []int64{events - 3, events, events - 1, events, events - 3, events} {
		require.Equal(t, want, w.get(all[i].ID).Cursor)
	}
}

func crashKeepsProgress(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r := w.put(record("s"), 0)
	w.sequence(start, 3, r)
	w.advance(subscription.Progress{Key: r.Key, Cursor: 2, At: minute(1)})
	want := w.get("s")
	require.Equal(t, int64(2), want.Cursor)
	w.reopen()
	requireRecord(t, want, w.get("s"))
	require.Equal(t, []subscription.Position{position(want)}, w.positions(r.Key))
}

func handlesSharePositions(t testing.TB, h Harness) {
	a := newWorld(t, h)
	b := a.another()
	r := a.put(record("s"), 0)
	require.Len(t, b.positions(r.Key), 1)
	a.sequence(start, 3, r)
	b.advance(subscription.Progress{Key: r.Key, Cursor: 2, At: start})
	a.advance(subscription.Progress{Key: r.Key, Cursor: 1, At: start})
	for _, w := range []*world{a, b} {
		require.Equal(t, []subscription.Position{{Key: r.Key, Revision: 1, Status: subscription.StatusActive, Count: 3, Cursor: 2}}, w.positions(r.Key))
	}
	require.NoError(t, a.store.DeleteSubscription(a.ctx, tenant, "s", 0))
	require.Empty(t, b.positions(r.Key))
}
