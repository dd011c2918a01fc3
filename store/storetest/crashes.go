package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

var crashes = []Clause{
	{"CrashKeepsChanges", crashKeepsChanges},
	{"CrashKeepsSubscriptions", crashKeepsSubscriptions},
	{"CrashKeepsEvents", crashKeepsEvents},
	{"CrashKeepsLeases", crashKeepsLeases},
	{"CrashKeepsClaims", crashKeepsClaims},
	{"CrashForgetsClaims", crashForgetsClaims},
	{"CrashKeepsBatches", crashKeepsBatches},
	{"CrashUsesNoNumberAgain", crashUsesNoNumberAgain},
	{"CrashEndsHostTransactions", crashEndsHostTransactions},
}

func crashKeepsChanges(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.append(observation("a", start), observation("b", start))
	want := w.log()
	w.reopen()
	requireChanges(t, want, w.log())
	w.append(observation("c", start))
	require.Equal(t, []string{"a", "b", "c"}, resourceIDs(w.log()))
}

func crashKeepsSubscriptions(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.put(full("s"), 0)
	want := w.put(full("s"), 1)
	w.put(full("deleted"), 0)
	require.NoError(t, w.store.DeleteSubscription(w.ctx, tenant, "deleted", 0))
	w.reopen()
	requireRecords(t, []subscription.Record{want}, w.list(subscription.ListQuery{AllTenants: true, Limit: 9}))
	_, err := w.store.PutSubscription(w.ctx, full("s"), 1)
	require.ErrorIs(t, err, subscription.ErrConflict)
}

func crashKeepsEvents(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r := w.put(record("s"), 0)
	w.sequence(start, 3, r)
	w.deliver("s", start, 1)
	want, events := w.get("s"), w.events(r.Key, 1, 9, 9)
	w.reopen()
	requireRecord(t, want, w.get("s"))
	require.Equal(t, events, w.events(r.Key, 1, 9, 9))
	w.sequence(start, 1, r)
	require.Equal(t, []int64{1, 2, 3, 4}, w.numbers(r.Key))
}

func crashKeepsLeases(t testing.TB, h Harness) {
	w := newWorld(t, h)
	read := w.sequence(start, 2)
	old := w.lease
	w.reopen()
	_, err := w.store.Acquire(w.ctx, "sequencer", "b", start, minute(1))
	require.ErrorIs(t, err, subscription.ErrHeld)
	l := w.acquire("sequencer", old.Node, start, minute(1))
	require.Greater(t, l.Token, old.Token)
	require.Equal(t, read[1].Position, l.Cursor)
	w.fenced(old)
}

func crashKeepsClaims(t testing.TB, h Harness) {
	if h.ForgetsClaims {
		t.Skip("this store's claims end with its process")
	}
	w := newWorld(t, h)
	for _, id := range []string{"s", "t"} {
		w.sequence(start, 1, w.put(record(id), 0))
	}
	c := w.claim("a", start, 1)[0]
	w.claim("a", start, 1)
	w.reopen()
	require.Empty(t, w.claimed("a", start, 9))
	require.Equal(t, int64(1), w.get("t").Frozen)
	w.finish(outcome(c, start))
	require.NoError(t, w.store.Release(w.ctx, "a"))
	again := w.claim("a", start, 9)
	require.Len(t, again, 2)
	for _, a := range again {
		require.Greater(t, a.Token, c.Token)
		require.Equal(t, int64(1), a.Frozen)
	}
}

// What was claimed is due again at once, and those who had claimed it are refused.
func crashForgetsClaims(t testing.TB, h Harness) {
	if !h.ForgetsClaims {
		t.Skip("this store's claims outlive its process")
	}
	w := newWorld(t, h)
	for _, id := range []string{"s", "t"} {
		w.sequence(start, 1, w.put(record(id), 0))
	}
	old := w.claim("a", start, 9)
	require.Len(t, old, 2)
	w.reopen()
	lost := func() {
		for _, c := range old {
			w.unchanged(func() { require.ErrorIs(t, w.store.Finish(w.ctx, outcome(c, start)), subscription.ErrLost) })
		}
	}
	lost()
	again := w.claim("b", start, 9)
	require.Len(t, again, 2)
	for _, a := range again {
		require.Greater(t, a.Token, max(old[0].Token, old[1].Token))
	}
	lost()
	for _, a := range again {
		w.finish(outcome(a, start))
	}
}

// Every attempt sends the same events, before and after the crash.
func crashKeepsBatches(t testing.TB, h Harness) {
	for _, c := range []struct {
		maxCount int
		then     int // what MaxCount is set to; 0: it stays
		want     int64
	}{
		{maxCount: 10, want: 2}, {maxCount: 1, want: 1}, {maxCount: 1, then: 10, want: 1}, {maxCount: 10, then: 1, want: 2},
	} {
		w := newWorld(t, h)
		r := record("s")
		r.MaxCount = c.maxCount
		r = w.put(r, 0)
		w.sequence(start, 2, r)
		require.Equal(t, c.want, w.claim("a", start, 1)[0].Frozen)
		w.reopen()
		w.sequence(minute(1), 3, r)
		if c.then > 0 {
			r.MaxCount, r.Due = c.then, minute(2)
			w.put(r, 1)
		}
		require.Equal(t, c.want, w.claim("b", minute(20), 1)[0].Frozen, "%+v", c)
	}
}

func crashUsesNoNumberAgain(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r := w.put(record("s"), 0)
	read := w.sequence(start, 1, r)
	require.NoError(t, w.store.DeleteSubscription(w.ctx, tenant, "s", 0))
	deleted := w.log()
	w.commit(subscription.Commit{Cursor: deleted[len(deleted)-1].Position, At: start})
	w.prune(minute(1), 1000)
	require.Empty(t, w.log())
	w.reopen()
	require.NotEqual(t, r.Key, w.put(record("s"), 0).Key)
	require.Greater(t, w.log()[0].Position, read[0].Position+1)
}

func crashEndsHostTransactions(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.append(observation("a", start))
	tx, _, rollback := w.begin()
	require.NoError(t, tx.Append(w.ctx, []subscription.Change{observation("b", start)}))
	w.reopen()
	require.Equal(t, []string{"a"}, resourceIDs(w.log()))
	w.append(observation("c", start))
	require.Equal(t, []string{"a", "c"}, resourceIDs(w.log()))
	require.NoError(t, rollback())
}
