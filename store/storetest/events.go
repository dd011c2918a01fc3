package storetest

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

var events = []Clause{
	{"CommitWritesEvents", commitWritesEvents},
	{"CommitPutsSpecsInForce", commitPutsSpecsInForce},
	{"CommitOfNothingMovesTheCursor", commitOfNothingMovesTheCursor},
	{"CommitLeavesOutTheGone", commitLeavesOutTheGone},
	{"CommitIsAllOrNothing", commitIsAllOrNothing},
	{"CommitNumbersNothingTwice", commitNumbersNothingTwice},
	{"CommitMakesTheEagerDue", commitMakesTheEagerDue},
	{"CommitLeavesTheClaimAlone", commitLeavesTheClaimAlone},
	{"ReadEventsIncludesBothBounds", readEventsIncludesBothBounds},
	{"ReadEventsOfOneSubscription", readEventsOfOneSubscription},
	{"BigNumbersAreExact", bigNumbersAreExact},
}

func commitWritesEvents(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r := w.put(record("s"), 0)
	first := w.sequence(start, 2, r)
	second := w.sequence(minute(1), 1, r)
	require.Equal(t, int64(3), w.get("s").Count)
	require.Zero(t, w.get("s").Cursor)
	require.Equal(t, r.Revision, w.get("s").Revision)
	require.Equal(t, second[0].Position, w.acquire("sequencer", "sequencing node", start, minute(1)).Cursor)
	got := w.events(r.Key, 1, 3, 9)
	require.Len(t, got, 3)
	for i, change := range append(first, second...) {
		require.Equal(t, int64(i+1), got[i].Number)
		require.False(t, got[i].Redacted)
		requireChanges(t, []subscription.Change{change}, []subscription.Change{got[i].Change})
	}
}

func commitPutsSpecsInForce(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r, other := w.put(record("s"), 0), w.put(record("other"), 0)
	w.lease = w.acquire("sequencer", "a", start, minute(1))
	w.commit(subscription.Commit{Cursor: 1, Sequenced: []subscription.SequencedSpec{{Key: r.Key, Spec: []byte("new")}}})
	require.Equal(t, []byte("new"), w.get("s").Sequenced)
	require.Equal(t, r.Spec, w.get("s").Spec)
	require.Empty(t, w.get("other").Sequenced)
	w.commit(subscription.Commit{Cursor: 2, Sequenced: []subscription.SequencedSpec{
		{Key: r.Key}, {Key: other.Key, Spec: []byte("x")},
	}})
	require.Empty(t, w.get("s").Sequenced)
	require.Equal(t, []byte("x"), w.get("other").Sequenced)
}

func commitOfNothingMovesTheCursor(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.put(record("s"), 0)
	w.lease = w.acquire("sequencer", "a", start, minute(1))
	w.unchanged(func() { w.commit(subscription.Commit{Cursor: 1, At: minute(5)}) })
	require.Equal(t, int64(1), w.acquire("sequencer", "a", start, minute(1)).Cursor)
}

func commitLeavesOutTheGone(t testing.TB, h Harness) {
	w := newWorld(t, h)
	gone, r := w.put(record("gone"), 0), w.put(record("s"), 0)
	w.append(observation("o", start))
	position := w.log()[len(w.log())-1].Position
	w.lease = w.acquire("sequencer", "a", start, minute(1))
	require.NoError(t, w.store.DeleteSubscription(w.ctx, tenant, "gone", 0))
	again := w.put(record("gone"), 0)
	w.commit(subscription.Commit{
		Cursor: position, At: start,
		Events: []subscription.NewEvent{
			{Key: gone.Key, Number: 1, Position: position},
			{Key: r.Key, Number: 1, Position: position},
			{Key: math.MaxInt64, Number: 1, Position: position},
		},
		Sequenced: []subscription.SequencedSpec{
			{Key: gone.Key, Spec: []byte("x")}, {Key: r.Key, Spec: []byte("y")},
		},
	})
	require.Equal(t, []int64{1}, w.numbers(r.Key))
	require.Equal(t, []byte("y"), w.get("s").Sequenced)
	require.Empty(t, w.numbers(gone.Key))
	requireRecord(t, again, w.get("gone"))
	require.Empty(t, w.numbers(again.Key))
}

func commitIsAllOrNothing(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r, other := w.put(record("s"), 0), w.put(record("other"), 0)
	read := w.sequence(start, 1, r)
	w.append(observation("o", start))
	position := w.log()[len(w.log())-1].Position
	w.unchanged(func() {
		err := w.store.CommitEvents(w.ctx, w.lease, subscription.Commit{
			Cursor: position, At: minute(1),
			Events: []subscription.NewEvent{
				{Key: other.Key, Number: 1, Position: position},
				{Key: r.Key, Number: 2, Position: position},
				{Key: r.Key, Number: 3, Position: position + 1000},
			},
		})
		require.Error(t, err)
		require.NotErrorIs(t, err, subscription.ErrFenced)
	})
	require.Empty(t, w.numbers(other.Key))
	require.Equal(t, []int64{1}, w.numbers(r.Key))
	require.Equal(t, read[0].Position, w.acquire("sequencer", w.lease.Node, start, minute(1)).Cursor)
}

func commitNumbersNothingTwice(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r := w.put(record("s"), 0)
	read := w.sequence(start, 2, r)
	w.unchanged(func() {
		for _, numbers := range [][]int64{{2}, {1}, {0}, {3, 3}, {4, 3}} {
			c := subscription.Commit{Cursor: w.lease.Cursor, At: start}
			for _, n := range numbers {
				c.Events = append(c.Events, subscription.NewEvent{Key: r.Key, Number: n, Position: read[0].Position})
			}
			require.Error(t, w.store.CommitEvents(w.ctx, w.lease, c), "%v", numbers)
		}
	})
	require.Equal(t, []int64{1, 2}, w.numbers(r.Key))
}

func commitMakesTheEagerDue(t testing.TB, h Harness) {
	w := newWorld(t, h)
	lazy := record("lazy")
	lazy.Eager = false
	w.put(record("no event"), 0)
	w.sequence(minute(5), 1,
		w.put(record("never due"), 0), w.put(dueAt("due later", minute(9)), 0),
		w.put(dueAt("due earlier", minute(1)), 0), w.put(lazy, 0))
	require.Equal(t, []time.Time{minute(5), minute(5), minute(1), {}, {}}, []time.Time{
		w.get("never due").Due, w.get("due later").Due, w.get("due earlier").Due,
		w.get("lazy").Due, w.get("no event").Due,
	})
	require.Equal(t, []string{"due earlier"}, w.claimed("a", minute(5).Add(-time.Microsecond), 9))
	require.ElementsMatch(t, []string{"never due", "due later"}, w.claimed("a", minute(5), 9))
}

func commitLeavesTheClaimAlone(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r := w.put(dueAt("s", start), 0)
	c := w.claim("a", start, 1)[0]
	w.sequence(minute(1), 3, r)
	require.Empty(t, w.claimed("b", minute(2), 1))
	require.Zero(t, w.get("s").Frozen)
	w.finish(outcome(c, minute(2)))
	require.Equal(t, int64(3), w.get("s").Count)
	require.Equal(t, []string{"s"}, w.claimed("b", minute(2), 1))
}

func readEventsIncludesBothBounds(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r := w.put(record("s"), 0)
	w.sequence(start, 6, r)
	for _, c := range []struct {
		first, last int64
		limit       int
		want        []int64
	}{
		{1, 6, 9, []int64{1, 2, 3, 4, 5, 6}},
		{2, 4, 9, []int64{2, 3, 4}},
		{3, 3, 9, []int64{3}},
		{2, 6, 3, []int64{2, 3, 4}},
		{6, 100, 9, []int64{6}},
		{math.MinInt64, math.MaxInt64, 2, []int64{1, 2}},
		{5, 4, 9, nil},
		{7, 9, 9, nil},
		{1, 6, 0, nil},
	} {
		var got []int64
		for _, e := range w.events(r.Key, c.first, c.last, c.limit) {
			got = append(got, e.Number)
		}
		require.Equal(t, c.want, got, "%v", c)
	}
}

func readEventsOfOneSubscription(t testing.TB, h Harness) {
	w := newWorld(t, h)
	a, b := w.put(record("a"), 0), w.put(record("b"), 0)
	w.append(observation("1", start), observation("2", start))
	all := w.log()
	one, two := all[len(all)-2], all[len(all)-1]
	w.lease = w.acquire("sequencer", "n", start, minute(1))
	w.commit(subscription.Commit{Cursor: two.Position, At: start, Events: []subscription.NewEvent{
		{Key: a.Key, Number: 1, Position: one.Position},
		{Key: b.Key, Number: 1, Position: two.Position, Redacted: true},
		{Key: a.Key, Number: 2, Position: two.Position},
	}})
	ofA, ofB := w.events(a.Key, 1, 9, 9), w.events(b.Key, 1, 9, 9)
	require.Len(t, ofA, 2)
	require.Len(t, ofB, 1)
	require.Equal(t, []string{"1", "2", "2"}, []string{
		ofA[0].Change.ResourceID, ofA[1].Change.ResourceID, ofB[0].Change.ResourceID,
	})
	require.Equal(t, []bool{false, false, true}, []bool{ofA[0].Redacted, ofA[1].Redacted, ofB[0].Redacted})
	ofA[1].Change = subscription.Change{}
	requireChanges(t, []subscription.Change{two}, []subscription.Change{w.events(b.Key, 1, 9, 9)[0].Change})
	require.Empty(t, w.events(math.MaxInt64, 1, 9, 9))
}

func bigNumbersAreExact(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r := w.put(record("s"), 0)
	w.append(observation("o", start))
	position := w.log()[len(w.log())-1].Position
	w.lease = w.acquire("sequencer", "n", start, minute(1))
	for _, n := range []int64{1<<31 - 1, 1 << 31, 1<<53 + 1, math.MaxInt64 - 1} {
		w.commit(subscription.Commit{Cursor: n, At: start, Events: []subscription.NewEvent{
			{Key: r.Key, Number: n, Position: position},
		}})
		require.Equal(t, n, w.get("s").Count)
		require.Equal(t, n, w.events(r.Key, n, n, 1)[0].Number)
		require.Equal(t, n, w.acquire("sequencer", "n", start, minute(1)).Cursor)
		w.lease = w.acquire("sequencer", "n", start, minute(1))

		c := w.claim("a", start, 1)[0]
		o := outcome(c, start)
		o.Cursor, o.Frozen = n-1, 0
		w.finish(o)
		c = w.claim("a", start, 1)[0]
		require.Equal(t, []int64{n, n - 1, n}, []int64{c.Count, c.Cursor, c.Frozen})
		o = outcome(c, start)
		o.Cursor, o.Frozen = n, 0
		w.finish(o)
		require.Equal(t, n, w.get("s").Cursor)
	}
}
