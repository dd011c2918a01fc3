package storetest

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

var tokens = []Clause{
	{"TokenComesBackWhole", tokenComesBackWhole},
	{"TokenIsTakenOnce", tokenIsTakenOnce},
	{"TokenRunsOut", tokenRunsOut},
	{"TokenIsReplaced", tokenIsReplaced},
	{"TokenKeepsNoSlice", tokenKeepsNoSlice},
	{"CountOfUnusedTokens", countOfUnusedTokens},
	{"CountOfTokensStopsAtTheLimit", countOfTokensStopsAtTheLimit},
	{"PruneRemovesTokensThatRanOut", pruneRemovesTokensThatRanOut},
	{"TenantsShareNoToken", tenantsShareNoToken},
	{"ConcurrentTakesHaveOneWinner", concurrentTakesHaveOneWinner},
	{"CrashKeepsTokens", crashKeepsTokens},
	{"HandlesShareTokens", handlesShareTokens},
}

func token(hash string, until time.Time) subscription.Token {
	return subscription.Token{Tenant: tenant, Hash: hash, Data: []byte("data of " + hash), Until: until}
}

func (w *world) putToken(t subscription.Token) { require.NoError(w, w.store.PutToken(w.ctx, t)) }

func (w *world) take(hash string, now time.Time) subscription.Token {
	t, err := w.store.TakeToken(w.ctx, tenant, hash, now)
	require.NoError(w, err)
	return t
}

// none requires that there is no such token at a time.
func (w *world) none(hash string, now time.Time) {
	t, err := w.store.TakeToken(w.ctx, tenant, hash, now)
	require.ErrorIs(w, err, subscription.ErrNotFound, hash)
	require.Zero(w, t)
}

func tokenComesBackWhole(t testing.TB, h Harness) {
	w := newWorld(t, h)
	for _, want := range []subscription.Token{
		{Tenant: tenant, Hash: "'ö\"%", Owner: "Practitioner/ö'", Data: []byte{0, 255, '\''}, Until: minute(1)},
		{Hash: "no tenant", Data: []byte("x"), Until: minute(1)},
		{Tenant: tenant, Hash: "no data", Until: minute(1)},
		{Tenant: tenant, Data: []byte("no hash"), Until: minute(1)},
	} {
		given := want
		given.Until = want.Until.Add(900 * time.Nanosecond).In(time.FixedZone("", 3600))
		w.putToken(given)
		got, err := w.store.TakeToken(w.ctx, want.Tenant, want.Hash, start)
		require.NoError(t, err)
		want.Data, got.Data = plain(want.Data), plain(got.Data)
		require.Equal(t, want, got)
	}
}

func tokenIsTakenOnce(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.none("a", start)
	w.putToken(token("a", minute(1)))
	w.putToken(token("b", minute(1)))
	require.Equal(t, token("a", minute(1)), w.take("a", start))
	w.none("a", start)
	require.Equal(t, token("b", minute(1)), w.take("b", start))
	w.none("b", start)
}

func tokenRunsOut(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.putToken(token("a", minute(1)))
	w.none("a", minute(1))
	w.none("a", minute(2))
	w.take("a", minute(1).Add(-time.Microsecond)) // a clock that is behind
}

func tokenIsReplaced(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.putToken(token("a", minute(1)))
	other := token("a", minute(3))
	other.Data = []byte("other")
	w.putToken(other)
	require.Equal(t, other, w.take("a", minute(2)))
	w.none("a", start)
}

func tokenKeepsNoSlice(t testing.TB, h Harness) {
	w := newWorld(t, h)
	given := token("a", minute(1))
	w.putToken(given)
	clear(given.Data)
	require.Equal(t, []byte("data of a"), w.take("a", start).Data)
}

func countOfUnusedTokens(t testing.TB, h Harness) {
	w := newWorld(t, h)
	owned := func(tenant, owner, hash string, until time.Time) {
		w.putToken(subscription.Token{Tenant: tenant, Owner: owner, Hash: hash, Until: until})
	}
	owned(tenant, "Practitioner/a", "1", minute(1))
	owned(tenant, "Practitioner/a", "2", minute(2))
	owned(tenant, "Practitioner/a", "3", minute(3))
	owned(tenant, "Practitioner/A", "4", minute(3))
	owned(tenant, "", "5", minute(3))
	owned("south", "Practitioner/a", "6", minute(3))
	counts := func(now time.Time) (n [5]int) {
		for i, of := range [][2]string{{tenant, "Practitioner/a"}, {tenant, "Practitioner/A"}, {tenant, ""}, {"south", "Practitioner/a"}, {"", "Practitioner/a"}} {
			var err error
			n[i], err = w.store.CountTokens(w.ctx, of[0], of[1], now, 9)
			require.NoError(w, err)
		}
		return n
	}
	require.Equal(t, [5]int{3, 1, 1, 1, 0}, counts(start))
	require.Equal(t, [5]int{2, 1, 1, 1, 0}, counts(minute(1)), "one has run out")
	w.take("2", start)
	require.Equal(t, [5]int{1, 1, 1, 1, 0}, counts(minute(1)), "one was used")
	owned(tenant, "Practitioner/A", "3", minute(3))
	require.Equal(t, [5]int{0, 2, 1, 1, 0}, counts(minute(1)), "one was replaced by another's")
	require.Equal(t, [5]int{}, counts(minute(3)))
}

func countOfTokensStopsAtTheLimit(t testing.TB, h Harness) {
	w := newWorld(t, h)
	for _, hash := range []string{"a", "b", "c", "d"} {
		w.putToken(token(hash, minute(1)))
	}
	for limit, want := range map[int]int{-1: 0, 0: 0, 1: 1, 3: 3, 4: 4, 5: 4, math.MaxInt32: 4} {
		n, err := w.store.CountTokens(w.ctx, tenant, "", start, limit)
		require.NoError(t, err)
		require.Equal(t, want, n, "limit %d", limit)
	}
}

func pruneRemovesTokensThatRanOut(t testing.TB, h Harness) {
	w := newWorld(t, h)
	hashes := []string{"a", "b", "c", "d", "e"}
	for i, hash := range hashes {
		w.putToken(token(hash, minute(i)))
	}
	left := func() (found []string) {
		for i, hash := range hashes {
			if t, err := w.store.TakeToken(w.ctx, tenant, hash, time.Time{}); err == nil {
				w.putToken(t)
				require.Equal(w, token(hash, minute(i)), t)
				found = append(found, hash)
			}
		}
		return found
	}
	prune := func(now time.Time, limit int) int {
		n, err := w.store.Prune(w.ctx, minute(9), now, limit)
		require.NoError(w, err)
		return n
	}
	require.Zero(t, prune(start.Add(-time.Microsecond), 9), "none has run out")
	require.Zero(t, prune(minute(9), 0))
	require.Equal(t, hashes, left())
	require.Equal(t, 3, prune(minute(2), 9))
	require.Equal(t, []string{"d", "e"}, left())
	require.Equal(t, 1, prune(minute(9), 1), "the limit is of tokens, too")
	require.Len(t, left(), 1)
	require.Equal(t, 1, prune(minute(9), math.MaxInt32))
	require.Empty(t, left())
}

func tenantsShareNoToken(t testing.TB, h Harness) {
	w := newWorld(t, h)
	tenants := []string{"", "north", "south", "northa"}
	of := func(tenant string) subscription.Token {
		return subscription.Token{Tenant: tenant, Hash: "a", Data: []byte("of " + tenant), Until: minute(1)}
	}
	for _, tenant := range tenants {
		w.putToken(of(tenant))
	}
	_, err := w.store.TakeToken(w.ctx, "west", "a", start)
	require.ErrorIs(t, err, subscription.ErrNotFound)
	slices.Reverse(tenants)
	for _, tenant := range tenants {
		got, err := w.store.TakeToken(w.ctx, tenant, "a", start)
		require.NoError(t, err)
		require.Equal(t, of(tenant), got)
	}
}

func concurrentTakesHaveOneWinner(t testing.TB, h Harness) {
	w := newWorld(t, h)
	for range 6 {
		w.putToken(token("a", minute(1)))
		require.Equal(t, 1, winners(t, 8, subscription.ErrNotFound, func(int) error {
			_, err := w.store.TakeToken(w.ctx, tenant, "a", start)
			return err
		}))
	}
}

func crashKeepsTokens(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.putToken(token("a", minute(1)))
	w.putToken(token("b", minute(1)))
	w.take("b", start)
	w.reopen()
	w.none("b", start)
	require.Equal(t, token("a", minute(1)), w.take("a", start))
}

func handlesShareTokens(t testing.TB, h Harness) {
	a := newWorld(t, h)
	b := a.another()
	a.putToken(token("a", minute(1)))
	require.Equal(t, token("a", minute(1)), b.take("a", start))
	a.none("a", start)
	b.none("a", start)
}
