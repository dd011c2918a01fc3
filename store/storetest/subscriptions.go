package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

var subscriptions = []Clause{
	{"PutCreates", putCreates},
	{"PutReplaces", putReplaces},
	{"PutComparesTheRevision", putComparesTheRevision},
	{"PutKeepsProgress", putKeepsProgress},
	{"PutEndsTheClaim", putEndsTheClaim},
	{"PutSetsWhenItIsDue", putSetsWhenItIsDue},
	{"PutAppendsAChangedSpec", putAppendsAChangedSpec},
	{"PutKeepsNoSlice", putKeepsNoSlice},
	{"KeyIsNeverUsedAgain", keyIsNeverUsedAgain},
	{"GetNotFound", getNotFound},
	{"ListPagesInTheOrderOfKeys", listPagesInTheOrderOfKeys},
	{"ListHasWhatTheSequencerNeeds", listHasWhatTheSequencerNeeds},
	{"DeleteRemoves", deleteRemoves},
	{"DeleteAppendsAChange", deleteAppendsAChange},
	{"DeleteComparesTheRevision", deleteComparesTheRevision},
	{"DeleteEndsTheClaim", deleteEndsTheClaim},
}

// full is a record with every field that PutSubscription stores.
func full(id string) subscription.Record {
	return subscription.Record{
		Tenant: tenant, ID: id, Owner: "Practitioner/ö", Resource: []byte(`{"a":1.00}`), UpdatedAt: minute(1),
		Status: subscription.StatusError, Error: "unreachable", Spec: []byte{0, 255, 'x'},
		MaxCount: 7, Attempt: 3, FailingSince: minute(2), Due: minute(3), Eager: true, Announce: true,
	}
}

func putCreates(t testing.TB, h Harness) {
	w := newWorld(t, h)
	want := full("s")
	given := want
	given.Key, given.Revision, given.Count, given.Cursor, given.Frozen = 99, 9, 8, 7, 6
	given.SentAt, given.Sequenced = minute(4), []byte("sequenced")
	got := w.put(given, 0)
	require.Positive(t, got.Key)
	want.Key, want.Revision = got.Key, 1
	requireRecord(t, want, got)
	requireRecord(t, want, w.get("s"))
}

func putReplaces(t testing.TB, h Harness) {
	w := newWorld(t, h)
	old := w.put(full("s"), 0)
	for i, want := range []subscription.Record{
		{Tenant: tenant, ID: "s", Status: subscription.StatusOff, MaxCount: 1},
		full("s"),
	} {
		got := w.put(want, int64(i+1))
		want.Key, want.Revision = old.Key, int64(i+2)
		requireRecord(t, want, got)
		requireRecord(t, want, w.get("s"))
	}
}

func putComparesTheRevision(t testing.TB, h Harness) {
	w := newWorld(t, h)
	put := func(id string, revision int64) error {
		r := full(id)
		r.Error, r.Spec = "changed", []byte("changed")
		_, err := w.store.PutSubscription(w.ctx, r, revision)
		return err
	}
	w.put(record("s"), 0)
	w.put(record("s"), 1)
	w.unchanged(func() {
		for _, revision := range []int64{0, 1, 3, -1} {
			require.ErrorIs(t, put("s", revision), subscription.ErrConflict, "revision %d", revision)
		}
		require.ErrorIs(t, put("absent", 1), subscription.ErrNotFound)
	})
}

func putKeepsProgress(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r := w.put(record("s"), 0)
	w.sequence(start, 5, r)
	w.commit(subscription.Commit{
		Cursor: w.lease.Cursor, Sequenced: []subscription.SequencedSpec{{Key: r.Key, Spec: []byte("in force")}},
	})
	o := outcome(w.claim("a", start, 1)[0], minute(1))
	o.Cursor, o.Frozen, o.SentAt = 2, 4, minute(1)
	w.finish(o)
	want := w.get("s")
	require.Equal(t, []int64{5, 2, 4}, []int64{want.Count, want.Cursor, want.Frozen})

	p := full("s")
	got := w.put(p, want.Revision)
	p.Key, p.Revision = want.Key, want.Revision+1
	p.Count, p.Cursor, p.Frozen, p.SentAt, p.Sequenced = 5, 2, 4, minute(1), []byte("in force")
	requireRecord(t, p, got)
	requireRecord(t, p, w.get("s"))
	require.Len(t, w.numbers(r.Key), 5)
}

func putEndsTheClaim(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.put(dueAt("s", start), 0)
	c := w.claim("a", start, 1)[0]
	w.put(dueAt("s", start), 1)
	w.unchanged(func() {
		require.ErrorIs(t, w.store.Finish(w.ctx, outcome(c, start)), subscription.ErrLost)
	})
	require.Equal(t, []string{"s"}, w.claimed("b", start, 1))
}

func putSetsWhenItIsDue(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.put(dueAt("s", start), 0)
	w.put(dueAt("s", minute(5)), 1)
	require.Empty(t, w.claimed("a", minute(4), 1))
	w.put(dueAt("s", minute(2)), 2)
	require.Equal(t, []string{"s"}, w.claimed("a", minute(2), 1))
	w.put(record("s"), 3)
	require.Empty(t, w.claimed("a", minute(100), 1))
}

func putAppendsAChangedSpec(t testing.TB, h Harness) {
	w := newWorld(t, h)
	for i, step := range []struct {
		spec    string
		appends bool
	}{
		{"", false}, {"one", true}, {"one", false}, {"two", true}, {"", true}, {"", false},
	} {
		before := len(w.controls())
		r := record("s")
		r.Spec, r.UpdatedAt = []byte(step.spec), minute(i)
		put := w.put(r, int64(i))
		after := w.controls()
		if !step.appends {
			require.Len(t, after, before, "step %d", i)
			continue
		}
		require.Len(t, after, before+1, "step %d", i)
		got := after[before]
		requireChanges(t, []subscription.Change{{
			Position: got.Position, Tenant: tenant, Subscription: put.Key, Spec: []byte(step.spec),
		}}, []subscription.Change{got})
	}
	w.put(record("with a spec from the beginning"), 0)
	require.Len(t, w.controls(), 4)
}

func putKeepsNoSlice(t testing.TB, h Harness) {
	w := newWorld(t, h)
	given := full("s")
	w.put(given, 0)
	clear(given.Resource)
	clear(given.Spec)
	for range 2 {
		listed := w.list(subscription.ListQuery{Tenant: tenant, Limit: 1})[0]
		w.claim("a", minute(3), 1)
		for _, got := range []subscription.Record{w.get("s"), listed} {
			require.Equal(t, full("s").Resource, got.Resource)
			require.Equal(t, full("s").Spec, got.Spec)
		}
	}
	require.Equal(t, full("s").Spec, w.controls()[0].Spec)
}

func keyIsNeverUsedAgain(t testing.TB, h Harness) {
	w := newWorld(t, h)
	used := map[int64]bool{}
	for i := range 4 {
		r := w.put(record("s"), 0)
		require.False(t, used[r.Key], "round %d", i)
		used[r.Key] = true
		require.Zero(t, r.Count)
		require.Empty(t, w.numbers(r.Key))
		w.append(observation("o", start))
		w.lease = w.acquire("sequencer", "a", start, minute(1))
		position := w.log()[len(w.log())-1].Position
		w.commit(subscription.Commit{Cursor: position, At: start,
			Events: []subscription.NewEvent{{Key: r.Key, Number: 1, Position: position}}})
		require.Equal(t, []int64{1}, w.numbers(r.Key))
		require.NoError(t, w.store.DeleteSubscription(w.ctx, tenant, "s", 0))
	}
}

func getNotFound(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.put(record("s"), 0)
	_, err := w.store.GetSubscription(w.ctx, tenant, "t")
	require.ErrorIs(t, err, subscription.ErrNotFound)
}

func listPagesInTheOrderOfKeys(t testing.TB, h Harness) {
	w := newWorld(t, h)
	want := []subscription.Record{}
	for _, id := range []string{"g", "c", "a", "f", "b", "e", "d"} {
		want = append(want, w.put(full(id), 0))
	}
	require.NoError(t, w.store.DeleteSubscription(w.ctx, tenant, "f", 0))
	want = append(want[:3], want[4:]...)
	for _, q := range []subscription.ListQuery{{Tenant: tenant}, {AllTenants: true, Tenant: "ignored"}} {
		q.Limit = 4
		page := w.list(q)
		requireRecords(t, want[:4], page)
		q.After = page[3].Key
		requireRecords(t, want[4:], w.list(q))
		q.After = want[5].Key
		require.Empty(t, w.list(q))
		q.After, q.Limit = 0, 0
		require.Empty(t, w.list(q))
	}
}

func listHasWhatTheSequencerNeeds(t testing.TB, h Harness) {
	w := newWorld(t, h)
	var put []subscription.Record
	for _, id := range []string{"a", "b", "c"} {
		put = append(put, w.put(full(id), 0))
	}
	w.sequence(start, 2, put[0], put[2])
	w.commit(subscription.Commit{Cursor: w.lease.Cursor, Sequenced: []subscription.SequencedSpec{{Key: put[0].Key, Spec: []byte("in force")}}})
	q := subscription.ListQuery{AllTenants: true, Limit: 2}
	for _, after := range []int64{0, put[1].Key, put[2].Key} {
		q.After, q.Sequenced = after, false
		want := w.list(q)
		q.Sequenced = true
		for i, r := range w.list(q) {
			need := func(r subscription.Record) subscription.Record {
				return subscription.Record{Key: r.Key, Tenant: r.Tenant, ID: r.ID, Count: r.Count, Sequenced: r.Sequenced, SequencedTo: r.SequencedTo}
			}
			requireRecords(t, []subscription.Record{need(want[i])}, []subscription.Record{need(r)})
		}
		require.Len(t, w.list(q), len(want))
	}
	q.After = 0
	list := w.list(q)
	require.EqualValues(t, 2, list[0].Count)
	require.Equal(t, "in force", string(list[0].Sequenced))
}

func deleteRemoves(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r, other := w.put(record("s"), 0), w.put(record("other"), 0)
	w.sequence(start, 2, r, other)
	require.NoError(t, w.store.DeleteSubscription(w.ctx, tenant, "s", r.Revision))
	_, err := w.store.GetSubscription(w.ctx, tenant, "s")
	require.ErrorIs(t, err, subscription.ErrNotFound)
	require.Empty(t, w.numbers(r.Key))
	require.Len(t, w.list(subscription.ListQuery{Tenant: tenant, Limit: 9}), 1)
	require.Len(t, w.list(subscription.ListQuery{AllTenants: true, Limit: 9}), 1)
	require.Equal(t, []string{"other"}, w.claimed("a", minute(1), 9))
	require.Equal(t, []int64{1, 2}, w.numbers(other.Key))
	require.ErrorIs(t, w.store.DeleteSubscription(w.ctx, tenant, "s", 0), subscription.ErrNotFound)
}

func deleteAppendsAChange(t testing.TB, h Harness) {
	w := newWorld(t, h)
	silent := record("s")
	silent.Spec = nil
	for _, r := range []subscription.Record{record("s"), silent} {
		put := w.put(r, 0)
		require.NoError(t, w.store.DeleteSubscription(w.ctx, tenant, "s", 0))
		all := w.log()
		got := all[len(all)-1]
		requireChanges(t, []subscription.Change{{
			Position: got.Position, Tenant: tenant, Subscription: put.Key, Interaction: topic.Delete,
		}}, []subscription.Change{got})
	}
}

func deleteComparesTheRevision(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.put(record("s"), 0)
	w.put(record("s"), 1)
	w.unchanged(func() {
		require.ErrorIs(t, w.store.DeleteSubscription(w.ctx, tenant, "s", 1), subscription.ErrConflict)
		require.ErrorIs(t, w.store.DeleteSubscription(w.ctx, tenant, "s", 3), subscription.ErrConflict)
		require.ErrorIs(t, w.store.DeleteSubscription(w.ctx, tenant, "absent", 2), subscription.ErrNotFound)
	})
	require.NoError(t, w.store.DeleteSubscription(w.ctx, tenant, "s", 2))
}

func deleteEndsTheClaim(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.put(dueAt("s", start), 0)
	c := w.claim("a", start, 1)[0]
	require.NoError(t, w.store.DeleteSubscription(w.ctx, tenant, "s", 0))
	w.put(dueAt("s", start), 0)
	w.unchanged(func() {
		require.ErrorIs(t, w.store.Finish(w.ctx, outcome(c, start)), subscription.ErrLost)
	})
	claims, next, err := w.store.Claim(w.ctx, "b", start, minute(1), 9)
	require.NoError(t, err)
	require.Len(t, claims, 1)
	require.Equal(t, minute(1), next)
}
