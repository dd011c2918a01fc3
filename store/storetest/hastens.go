package storetest

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var hastens = []Clause{
	{"HastenMakesDue", hastenMakesDue},
	{"HastenDelaysNobody", hastenDelaysNobody},
	{"HastenLeavesClaimsAlone", hastenLeavesClaimsAlone},
}

func hastenMakesDue(t testing.TB, h Harness) {
	w := newWorld(t, h)
	one, two := w.put(dueAt("one", minute(9)), 0), w.put(dueAt("two", minute(8)), 0)
	w.put(dueAt("other", minute(9)), 0)
	require.NoError(t, w.store.Hasten(w.ctx, []int64{one.Key, math.MaxInt64, two.Key}, minute(3)))
	require.Equal(t, minute(3), w.get("one").Due)
	require.Equal(t, minute(9), w.get("other").Due)
	require.Equal(t, one.Revision, w.get("one").Revision)
	require.Empty(t, w.claimed("a", minute(3).Add(-time.Microsecond), 9))
	require.ElementsMatch(t, []string{"one", "two"}, w.claimed("a", minute(3), 9))
	require.NoError(t, w.store.Hasten(w.ctx, nil, start))
}

func hastenDelaysNobody(t testing.TB, h Harness) {
	w := newWorld(t, h)
	sooner, never := w.put(dueAt("sooner", minute(1)), 0), w.put(record("never"), 0)
	w.unchanged(func() {
		require.NoError(t, w.store.Hasten(w.ctx, []int64{sooner.Key, never.Key}, minute(3)))
	})
	require.Equal(t, []string{"sooner"}, w.claimed("a", minute(100), 9))
}

func hastenLeavesClaimsAlone(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r := w.put(dueAt("s", minute(1)), 0)
	c := w.claim("a", minute(1), 1)[0]
	require.NoError(t, w.store.Hasten(w.ctx, []int64{r.Key}, start))
	require.Empty(t, w.claimed("b", minute(2), 1), "it is claimed still")
	w.finish(outcome(c, minute(2)))
	require.Equal(t, []string{"s"}, w.claimed("b", minute(2), 1))
}
