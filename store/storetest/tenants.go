package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

var tenants = []Clause{
	{"TenantsShareNoSubscription", tenantsShareNoSubscription},
	{"TenantsShareNoList", tenantsShareNoList},
	{"TenantsDeleteTheirOwn", tenantsDeleteTheirOwn},
	{"TenantsShareNoEvents", tenantsShareNoEvents},
	{"TenantsNamesAreNotJoined", tenantsNamesAreNotJoined},
	{"TenantsWithTheSameIDs", tenantsWithTheSameIDs},
}

// of is a subscription "s" of a tenant.
func of(tenant string) subscription.Record {
	r := record("s")
	r.Tenant, r.Error, r.Due = tenant, "of "+tenant, start
	return r
}

func tenantsShareNoSubscription(t testing.TB, h Harness) {
	w := newWorld(t, h)
	for _, tenant := range []string{"", "north", "south"} {
		w.put(of(tenant), 0)
	}
	changed := of("south")
	changed.Error = "changed"
	w.put(changed, 1)
	for tenant, want := range map[string]string{"": "of ", "north": "of north", "south": "changed"} {
		r, err := w.store.GetSubscription(w.ctx, tenant, "s")
		require.NoError(t, err)
		require.Equal(t, []string{tenant, want}, []string{r.Tenant, r.Error})
	}
	_, err := w.store.GetSubscription(w.ctx, "west", "s")
	require.ErrorIs(t, err, subscription.ErrNotFound)
	_, err = w.store.PutSubscription(w.ctx, of("west"), 1)
	require.ErrorIs(t, err, subscription.ErrNotFound)
	for _, c := range w.claim("a", start, 9) {
		require.Contains(t, c.Error, map[string]string{"": "of ", "north": "of north", "south": "changed"}[c.Tenant])
	}
}

func tenantsShareNoList(t testing.TB, h Harness) {
	w := newWorld(t, h)
	for _, tenant := range []string{"north", "south", ""} {
		w.put(of(tenant), 0)
	}
	for _, tenant := range []string{"", "north", "south"} {
		list := w.list(subscription.ListQuery{Tenant: tenant, Limit: 9})
		require.Len(t, list, 1)
		require.Equal(t, tenant, list[0].Tenant)
	}
	require.Empty(t, w.list(subscription.ListQuery{Tenant: "west", Limit: 9}))
	require.Len(t, w.list(subscription.ListQuery{AllTenants: true, Limit: 9}), 3)
}

func tenantsDeleteTheirOwn(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.put(of("north"), 0)
	w.put(of("south"), 0)
	require.ErrorIs(t, w.store.DeleteSubscription(w.ctx, "west", "s", 0), subscription.ErrNotFound)
	require.NoError(t, w.store.DeleteSubscription(w.ctx, "south", "s", 0))
	require.Equal(t, "of north", w.get("s").Error)
	all := w.log()
	require.Equal(t, "south", all[len(all)-1].Tenant)
}

func tenantsShareNoEvents(t testing.TB, h Harness) {
	w := newWorld(t, h)
	north, south := w.put(of("north"), 0), w.put(of("south"), 0)
	require.NotEqual(t, north.Key, south.Key)
	w.sequence(start, 2, north)
	require.Equal(t, []int64{1, 2}, w.numbers(north.Key))
	require.Empty(t, w.numbers(south.Key))
	r, err := w.store.GetSubscription(w.ctx, "south", "s")
	require.NoError(t, err)
	require.Zero(t, r.Count)
}

func tenantsNamesAreNotJoined(t testing.TB, h Harness) {
	w := newWorld(t, h)
	for _, name := range [][2]string{{"a", "b/c"}, {"a/b", "c"}, {"ab", "c"}, {"a", "bc"}, {"A", "bc"}, {"a", "b%"}} {
		r := record(name[1])
		r.Tenant = name[0]
		w.put(r, 0)
		got, err := w.store.GetSubscription(w.ctx, name[0], name[1])
		require.NoError(t, err)
		require.Equal(t, name, [2]string{got.Tenant, got.ID})
	}
}

// C15 of docs/delivery-rows.md: every method, for two tenants who call everything the same.
func tenantsWithTheSameIDs(t testing.TB, h Harness) {
	w := newWorld(t, h)
	records := map[string]subscription.Record{}
	for _, tenant := range []string{"north", "south"} {
		c := observation("o", start)
		c.Tenant, c.Resource = tenant, []byte(`"of `+tenant+`"`)
		w.append(c)
		records[tenant] = w.put(of(tenant), 0)
	}
	all := w.log()
	w.lease = w.acquire("sequencer", "a", start, minute(1))
	c := subscription.Commit{Cursor: all[len(all)-1].Position, At: start}
	for _, change := range all {
		r := records[change.Tenant]
		if change.Subscription == 0 {
			require.Equal(t, `"of `+change.Tenant+`"`, string(change.Resource))
			c.Events = append(c.Events, subscription.NewEvent{Key: r.Key, Number: 1, Position: change.Position})
			continue
		}
		require.Equal(t, r.Key, change.Subscription)
		c.Sequenced = append(c.Sequenced, subscription.SequencedSpec{Key: r.Key, Spec: []byte("in force for " + change.Tenant)})
	}
	w.commit(c)
	require.NoError(t, w.store.Hasten(w.ctx, []int64{records["north"].Key}, start.Add(-time.Second)))
	w.advance(subscription.Progress{Key: records["north"].Key, Cursor: 1, At: start})
	got := w.positions(records["south"].Key, records["north"].Key)
	require.Equal(t, []int64{1, 0}, []int64{got[0].Cursor, got[1].Cursor}, "the north was advanced, and is the older one")
	claimed := w.claim("a", start, 9)
	require.Equal(t, []string{"north", "south"}, []string{claimed[0].Tenant, claimed[1].Tenant})
	for _, c := range claimed {
		require.Equal(t, "of "+c.Tenant, c.Error)
		require.Equal(t, "in force for "+c.Tenant, string(c.Sequenced))
		events := w.events(c.Key, 1, 9, 9)
		require.Len(t, events, 1)
		require.Equal(t, c.Tenant, events[0].Change.Tenant)
	}
	o := outcome(claimed[0], minute(1))
	o.Cursor, o.Frozen, o.Due, o.Spec = 1, 0, time.Time{}, []byte("of the north alone")
	w.finish(o)
	require.NoError(t, w.store.DeleteSubscription(w.ctx, "north", "s", 0))
	south, err := w.store.GetSubscription(w.ctx, "south", "s")
	require.NoError(t, err)
	require.Equal(t, []int64{1, 0, 1}, []int64{south.Count, south.Cursor, south.Frozen})
	require.Equal(t, records["south"].Spec, south.Spec)
	require.Equal(t, 3, w.prune(minute(9), 9), "both creations, and the change of the north, of which there is no event any more")
	require.Len(t, w.events(south.Key, 1, 9, 9), 1)
	require.Len(t, w.list(subscription.ListQuery{AllTenants: true, Limit: 9}), 1)
	w.finish(outcome(claimed[1], minute(1)))
}
