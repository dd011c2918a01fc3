package storetest

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

var owners = []Clause{
	{"CountOfOneOwner", countOfOneOwner},
	{"CountStopsAtTheLimit", countStopsAtTheLimit},
	{"CountFollowsTheOwner", countFollowsTheOwner},
	{"TenantsShareNoCount", tenantsShareNoCount},
}

// owned is a subscription of a tenant's that belongs to somebody.
func owned(tenant, owner, id string) subscription.Record {
	r := record(id)
	r.Tenant, r.Owner = tenant, owner
	return r
}

func (w *world) count(tenant, owner string, limit int) int {
	n, err := w.store.CountSubscriptions(w.ctx, tenant, owner, limit)
	require.NoError(w, err)
	return n
}

func countOfOneOwner(t testing.TB, h Harness) {
	w := newWorld(t, h)
	want := map[string]int{"": 2, "Practitioner/a": 3, "Practitioner/A": 1, "practitioner/ö'": 1}
	for owner, n := range want {
		for i := range n {
			r := owned(tenant, owner, fmt.Sprint(owner, i))
			r.Status = []subscription.Status{subscription.StatusActive, subscription.StatusOff, subscription.StatusError}[i%3]
			w.put(r, 0)
		}
	}
	want["Practitioner/b"], want["Practitioner"] = 0, 0
	for owner, n := range want {
		require.Equal(t, n, w.count(tenant, owner, 9), owner)
	}
}

func countStopsAtTheLimit(t testing.TB, h Harness) {
	w := newWorld(t, h)
	for i := range 4 {
		w.put(owned(tenant, "a", fmt.Sprint(i)), 0)
	}
	for limit, want := range map[int]int{-1: 0, 0: 0, 1: 1, 3: 3, 4: 4, 5: 4, math.MaxInt32: 4} {
		require.Equal(t, want, w.count(tenant, "a", limit), "limit %d", limit)
	}
}

func countFollowsTheOwner(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.put(owned(tenant, "a", "s"), 0)
	w.put(owned(tenant, "a", "t"), 0)
	w.put(owned(tenant, "b", "s"), 1)
	require.Equal(t, []int{1, 1}, []int{w.count(tenant, "a", 9), w.count(tenant, "b", 9)})
	_, err := w.store.PutSubscription(w.ctx, owned(tenant, "c", "s"), 1)
	require.ErrorIs(t, err, subscription.ErrConflict)
	require.Zero(t, w.count(tenant, "c", 9))
	require.NoError(t, w.store.DeleteSubscription(w.ctx, tenant, "t", 0))
	require.Equal(t, []int{0, 1}, []int{w.count(tenant, "a", 9), w.count(tenant, "b", 9)})
}

func tenantsShareNoCount(t testing.TB, h Harness) {
	w := newWorld(t, h)
	for i, tenant := range []string{"", "north", "south"} {
		for n := range i + 1 {
			w.put(owned(tenant, "a", fmt.Sprint(n)), 0)
		}
	}
	for i, tenant := range []string{"", "north", "south"} {
		require.Equal(t, i+1, w.count(tenant, "a", 9), tenant)
	}
	require.Zero(t, w.count("west", "a", 9))
}
