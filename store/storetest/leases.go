package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

var leases = []Clause{
	{"AcquireGivesALease", acquireGivesALease},
	{"AcquireHeldUntilItRunsOut", acquireHeldUntilItRunsOut},
	{"AcquireOwnLeaseAgain", acquireOwnLeaseAgain},
	{"AcquireTokensRise", acquireTokensRise},
	{"AcquireNamesAreApart", acquireNamesAreApart},
	{"AcquireKeepsTheCursor", acquireKeepsTheCursor},
	{"ReleaseEndsLeases", releaseEndsLeases},
	{"ReleaseFencesTheLease", releaseFencesTheLease},
	{"FenceByToken", fenceByToken},
	{"FenceByOwnOlderToken", fenceByOwnOlderToken},
	{"FenceByCursor", fenceByCursor},
	{"FenceWithoutALease", fenceWithoutALease},
}

func acquireGivesALease(t testing.TB, h Harness) {
	w := newWorld(t, h)
	l := w.acquire("s", "a", start, minute(1).In(time.FixedZone("elsewhere", 3600)))
	require.Positive(t, l.Token)
	l.Token = 0
	require.Equal(t, subscription.Lease{Name: "s", Node: "a", Until: minute(1)}, l)
}

func acquireHeldUntilItRunsOut(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.acquire("s", "a", start, minute(1))
	_, err := w.store.Acquire(w.ctx, "s", "b", minute(1).Add(-time.Microsecond), minute(2))
	require.ErrorIs(t, err, subscription.ErrHeld)
	require.Equal(t, "b", w.acquire("s", "b", minute(1), minute(3)).Node)
	_, err = w.store.Acquire(w.ctx, "s", "a", minute(2), minute(4))
	require.ErrorIs(t, err, subscription.ErrHeld)
}

func acquireOwnLeaseAgain(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.acquire("s", "a", start, minute(1))
	require.Equal(t, minute(3), w.acquire("s", "a", start, minute(3)).Until)
	_, err := w.store.Acquire(w.ctx, "s", "b", minute(2), minute(4))
	require.ErrorIs(t, err, subscription.ErrHeld)
}

func acquireTokensRise(t testing.TB, h Harness) {
	w := newWorld(t, h)
	last := int64(0)
	for i := range 8 {
		node := []string{"a", "a", "b", "a"}[i%4]
		l := w.acquire("s", node, minute(i), minute(i+1))
		require.Greater(t, l.Token, last)
		last = l.Token
		if i == 5 {
			require.NoError(t, w.store.Release(w.ctx, node))
		}
	}
}

func acquireNamesAreApart(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.sequence(start, 1)
	other := w.acquire("other", "b", start, minute(1))
	require.Zero(t, other.Cursor)
	require.NoError(t, w.store.CommitEvents(w.ctx, other, subscription.Commit{Cursor: 5, At: start}))
	w.sequence(start, 1)
}

func acquireKeepsTheCursor(t testing.TB, h Harness) {
	w := newWorld(t, h)
	read := w.sequence(start, 3)
	l := w.acquire("sequencer", "b", minute(1000), minute(2000))
	require.Equal(t, read[2].Position, l.Cursor)
	require.Equal(t, l.Cursor, w.acquire("sequencer", "b", minute(1001), minute(2000)).Cursor)
}

func releaseEndsLeases(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.acquire("s", "a", start, minute(10))
	w.acquire("s2", "a", start, minute(10))
	w.acquire("s3", "c", start, minute(10))
	require.NoError(t, w.store.Release(w.ctx, "b"))
	_, err := w.store.Acquire(w.ctx, "s", "b", start, minute(1))
	require.ErrorIs(t, err, subscription.ErrHeld)
	require.NoError(t, w.store.Release(w.ctx, "a"))
	w.acquire("s", "b", start, minute(1))
	w.acquire("s2", "b", start, minute(1))
	_, err = w.store.Acquire(w.ctx, "s3", "b", start, minute(1))
	require.ErrorIs(t, err, subscription.ErrHeld)
}

func releaseFencesTheLease(t testing.TB, h Harness) {
	w := newWorld(t, h)
	read := w.sequence(start, 1)
	require.NoError(t, w.store.Release(w.ctx, w.lease.Node))
	require.ErrorIs(t, w.store.CommitEvents(w.ctx, w.lease, subscription.Commit{Cursor: 99}), subscription.ErrFenced)
	require.Equal(t, read[0].Position, w.acquire("sequencer", "b", start, minute(1)).Cursor)
}

// fenced requires that l can't commit an event, and that it leaves no trace.
func (w *world) fenced(l subscription.Lease) {
	w.Helper()
	w.fencedAs("fenced", l)
}

// fencedAs is fenced with a subscription of the given id.
func (w *world) fencedAs(id string, l subscription.Lease) {
	w.Helper()
	r := w.put(record(id), 0)
	w.append(observation("o", start))
	all := w.log()
	position := all[len(all)-1].Position
	w.unchanged(func() {
		require.ErrorIs(w, w.store.CommitEvents(w.ctx, l, subscription.Commit{
			Cursor: position, At: start,
			Events:    []subscription.NewEvent{{Key: r.Key, Number: 1, Position: position}},
			Sequenced: []subscription.SequencedSpec{{Key: r.Key, Spec: []byte("x")}},
		}), subscription.ErrFenced)
	})
	require.Empty(w, w.numbers(r.Key))
}

func fenceByToken(t testing.TB, h Harness) {
	w := newWorld(t, h)
	old := w.acquire("s", "a", start, minute(1))
	l := w.acquire("s", "b", minute(1), minute(2))
	w.fenced(old)
	require.Equal(t, l.Cursor, w.acquire("s", "b", minute(1), minute(2)).Cursor)
}

func fenceByOwnOlderToken(t testing.TB, h Harness) {
	w := newWorld(t, h)
	old := w.acquire("s", "a", start, minute(1))
	w.acquire("s", "a", start, minute(1))
	w.fenced(old)
}

func fenceByCursor(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.sequence(start, 2)
	stale := w.lease
	stale.Cursor--
	w.fenced(stale)
	require.Equal(t, w.lease.Cursor, w.acquire("sequencer", w.lease.Node, start, minute(1)).Cursor)
}

func fenceWithoutALease(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.fenced(subscription.Lease{})
	w.acquire("s", "a", start, minute(1))
	require.ErrorIs(t, w.store.CommitEvents(w.ctx, subscription.Lease{Name: "other", Token: 1},
		subscription.Commit{Cursor: 1}), subscription.ErrFenced)
}
