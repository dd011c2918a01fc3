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
		{Tenant: tenant, Hash: "'ö\"%", Data: []byte{0, 255, '\''}, Until: minute(1)},
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
	require.Zero(t, w.prune(start, 9), "none has run out before then")
	require.Zero(t, w.prune(minute(9), 0))
	require.Equal(t, hashes, left())
	require.Equal(t, 3, w.prune(minute(3), 9))
	require.Equal(t, []string{"d", "e"}, left())
	require.Equal(t, 1, w.prune(minute(9), 1), "the limit is of tokens, too")
	require.Len(t, left(), 1)
	require.Equal(t, 1, w.prune(minute(9), math.MaxInt32))
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
