package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

var claims = []Clause{
	{"ClaimWhatIsDue", claimWhatIsDue},
	{"ClaimTheLongestDueFirst", claimTheLongestDueFirst},
	{"ClaimLetsTenantsTakeTurns", claimLetsTenantsTakeTurns},
	{"ClaimIsExclusiveUntilItRunsOut", claimIsExclusiveUntilItRunsOut},
	{"ClaimReturnsTheRecord", claimReturnsTheRecord},
	{"ClaimTokensRise", claimTokensRise},
	{"ClaimFreezesTheBatch", claimFreezesTheBatch},
	{"ClaimFreezesOnlyTheActive", claimFreezesOnlyTheActive},
	{"ClaimKeepsAFrozenBatch", claimKeepsAFrozenBatch},
	{"ClaimKeepsABatchOfOne", claimKeepsABatchOfOne},
	{"ClaimTellsWhenNext", claimTellsWhenNext},
	{"ReleaseEndsClaims", releaseEndsClaims},
}

func claimWhatIsDue(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.put(dueAt("before", minute(1)), 0)
	w.put(dueAt("now", minute(2)), 0)
	w.put(dueAt("after", minute(2).Add(time.Microsecond)), 0)
	w.put(record("never"), 0)
	require.Equal(t, []string{"before", "now"}, w.claimed("a", minute(2), 9))
	require.Equal(t, []string{"after"}, w.claimed("a", minute(3), 9))
}

func claimTheLongestDueFirst(t testing.TB, h Harness) {
	w := newWorld(t, h)
	for i, id := range []string{"d", "a", "c", "e", "b"} {
		w.put(dueAt(id, minute([]int{4, 1, 3, 5, 2}[i])), 0)
	}
	require.Empty(t, w.claimed("a", minute(9), 0))
	require.Equal(t, []string{"a", "b"}, w.claimed("a", minute(9), 2))
	require.Equal(t, []string{"c"}, w.claimed("a", minute(10), 1))
	// The first claims run out in minute 19 and 20; what was due first comes first.
	require.Equal(t, []string{"a", "b", "c", "d", "e"}, w.claimed("a", minute(20), 9))
}

// R12 of docs/delivery-rows.md: who has much waiting does not keep the others waiting.
func claimLetsTenantsTakeTurns(t testing.TB, h Harness) {
	w := newWorld(t, h)
	put := func(tenant, id string, due time.Time) {
		r := dueAt(id, due)
		r.Tenant = tenant
		w.put(r, 0)
	}
	for i := range 6 {
		put("much", fmt.Sprint("m", i), minute(i))
	}
	put("some", "s0", minute(7))
	put("some", "s1", minute(8))
	put("", "n0", minute(9))
	put("not due", "later", minute(21))
	for _, want := range [][]string{
		{"m0", "s0"},             // the longest due in each tenant, and of these the two longest due
		{"m1", "s1", "n0", "m2"}, // and after the first of each, the second
	} {
		require.Equal(t, want, w.claimed("a", minute(20), len(want)))
	}
	require.Equal(t, []string{"m3", "m4", "m5"}, w.claimed("a", minute(20), 3))
	require.Empty(t, w.claimed("a", minute(20), 9))
	// As many as are due: the longest due comes first, whoever's it is.
	require.Equal(t, []string{"m0", "m1", "m2", "m3", "m4", "m5", "s0", "s1", "n0"}, w.claimed("b", minute(30).Add(-time.Microsecond+time.Minute), 10)[:9])
}

func claimIsExclusiveUntilItRunsOut(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.put(dueAt("s", start), 0)
	old := w.claim("a", start, 9)[0]
	require.Empty(t, w.claimed("a", start, 9))
	require.Empty(t, w.claimed("b", minute(10).Add(-time.Microsecond), 9))
	taken := w.claim("b", minute(10), 9)
	require.Len(t, taken, 1)
	w.unchanged(func() {
		require.ErrorIs(t, w.store.Finish(w.ctx, outcome(old, minute(11))), subscription.ErrLost)
	})
	w.finish(outcome(taken[0], minute(11)))
}

func claimReturnsTheRecord(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r := w.put(full("s"), 0)
	w.sequence(start, 2, r)
	c := w.claim("a", minute(9), 1)[0]
	requireRecord(t, w.get("s"), c.Record)
	require.Positive(t, c.Token)
}

func claimTokensRise(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.put(dueAt("s", start), 0)
	last := int64(0)
	for i := range 8 {
		c := w.claim("a", minute(20*i), 1)[0]
		require.Greater(t, c.Token, last)
		last = c.Token
		switch i % 4 {
		case 0:
			w.finish(outcome(c, minute(20*i)))
		case 1:
			w.put(dueAt("s", start), c.Revision)
		case 2:
			require.NoError(t, w.store.Release(w.ctx, "a"))
		}
	}
}

func claimFreezesTheBatch(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r := record("s")
	r.MaxCount = 2
	r = w.put(r, 0)
	w.sequence(start, 5, r)
	for i, want := range []int64{2, 4, 5} {
		c := w.claim("a", minute(i), 1)[0]
		require.Equal(t, want, c.Frozen)
		require.Equal(t, want, w.get("s").Frozen)
		require.Equal(t, c.Revision, r.Revision)
		o := outcome(c, minute(i))
		o.Cursor, o.Frozen, o.Due = want, 0, time.Time{}
		w.finish(o)
	}
	require.Empty(t, w.claimed("a", minute(100), 1), "all is delivered and nothing is due")
}

func claimFreezesOnlyTheActive(t testing.TB, h Harness) {
	w := newWorld(t, h)
	var all []subscription.Record
	for _, status := range []subscription.Status{
		subscription.StatusRequested, subscription.StatusError, subscription.StatusOff,
	} {
		r := dueAt(string(status), start)
		r.Status = status
		all = append(all, w.put(r, 0))
	}
	w.sequence(start, 1, all...)
	w.put(dueAt("active without events", start), 0)
	taken := w.claim("a", start, 9)
	require.Len(t, taken, 4)
	for _, c := range taken {
		require.Zero(t, c.Frozen, c.ID)
		require.Zero(t, w.get(c.ID).Frozen, c.ID)
	}
}

func claimKeepsAFrozenBatch(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r := w.put(record("s"), 0)
	w.sequence(start, 2, r)
	require.Equal(t, int64(2), w.claim("a", start, 1)[0].Frozen)
	w.sequence(minute(1), 3, r)
	c := w.claim("b", minute(10), 1)[0]
	require.Equal(t, int64(2), c.Frozen, "after the claim ran out")
	w.finish(outcome(c, minute(10)))
	require.Equal(t, int64(2), w.claim("b", minute(10), 1)[0].Frozen, "after a failed attempt")
}

// Another MaxCount says how large the next batch is, not the one that may have been sent.
func claimKeepsABatchOfOne(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r := record("s")
	r.MaxCount = 1
	r = w.put(r, 0)
	w.sequence(start, 3, r)
	require.Equal(t, int64(1), w.claim("a", start, 1)[0].Frozen)
	r.MaxCount, r.Due = 10, start
	w.put(r, 1)
	c := w.claim("a", start, 1)[0]
	require.Equal(t, int64(1), c.Frozen)
	o := outcome(c, start)
	o.Cursor = 1
	w.finish(o)
	require.Equal(t, int64(3), w.claim("a", start, 1)[0].Frozen)
}

func claimTellsWhenNext(t testing.TB, h Harness) {
	w := newWorld(t, h)
	next := func(node string, now time.Time, limit int) time.Time {
		_, next, err := w.store.Claim(w.ctx, node, now, now.Add(10*time.Minute), limit)
		require.NoError(t, err)
		return next
	}
	require.Zero(t, next("a", start, 9), "nothing there")
	w.put(record("never"), 0)
	require.Zero(t, next("a", start, 9), "nothing due")
	w.put(dueAt("second", minute(5)), 0)
	require.Equal(t, minute(5), next("a", start, 9))
	w.put(dueAt("first", minute(2)), 0)
	require.Equal(t, minute(2), next("a", start, 9))
	require.Equal(t, minute(5), next("a", minute(2), 9), "first is claimed until minute 12")
	require.Equal(t, minute(12), next("b", minute(5), 9), "second is claimed until minute 15")
	require.Equal(t, minute(15), next("b", minute(12), 0), "first is due already")
	w.put(dueAt("third", minute(20)), 0)
	require.Equal(t, minute(20), next("b", minute(15), 0), "all but third are due already")
}

func releaseEndsClaims(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.put(dueAt("s", start), 0)
	w.put(dueAt("t", minute(1)), 0)
	a := w.claim("a", start, 1)[0]
	b := w.claim("b", minute(1), 1)[0]
	require.NoError(t, w.store.Release(w.ctx, "a"))
	w.unchanged(func() {
		require.ErrorIs(t, w.store.Finish(w.ctx, outcome(a, start)), subscription.ErrLost)
	})
	require.Equal(t, []string{"s"}, w.claimed("c", minute(1), 9))
	w.finish(outcome(b, minute(1)))
}
