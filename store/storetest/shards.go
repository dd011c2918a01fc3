package storetest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// shards are for stores that are a subscription.Sharded.
var shards = []Clause{
	{"ShardsAreAtLeastOne", shardsAreAtLeastOne},
	{"ShardsHaveLeasesOfTheirOwn", shardsHaveLeasesOfTheirOwn},
	{"ReshardEndsTheOldLeases", reshardEndsTheOldLeases},
	{"ReshardKeepsWhatIsSequenced", reshardKeepsWhatIsSequenced},
	{"PruneKeepsChangesAheadOfAShard", pruneKeepsChangesAheadOfAShard},
}

// shards returns how many there are, or skips the clause.
func (w *world) shards() int {
	s, ok := w.store.(subscription.Sharded)
	if !ok {
		w.Skip("this store has no shards")
	}
	n, err := s.Shards(w.ctx)
	require.NoError(w, err)
	return n
}

// reshard changes the number of shards, or skips the clause.
func (w *world) reshard(n int) {
	w.shards()
	if w.h.Reshard == nil {
		w.Skip("the number of shards never changes in this store")
	}
	w.h.Reshard(w.TB, w.store, n)
	require.Equal(w, n, w.shards())
}

// requireShards requires that the leases of n shards are given, and of no other number.
func (w *world) requireShards(n int) {
	for other := 1; other <= 5; other++ {
		for shard := range other {
			name := subscription.LeaseName(shard, other)
			l, err := w.store.Acquire(w.ctx, name, "requires", start, start)
			if other == n {
				require.NoError(w, err, name)
				require.Equal(w, name, l.Name)
			} else {
				require.ErrorIs(w, err, subscription.ErrFenced, name)
			}
		}
	}
}

func shardsAreAtLeastOne(t testing.TB, h Harness) {
	w := newWorld(t, h)
	require.GreaterOrEqual(t, w.shards(), 1)
}

func shardsHaveLeasesOfTheirOwn(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.requireShards(w.shards())
	w.acquire("not a shard's", "a", start, minute(1))
	for _, n := range []int{3, 2, 1} {
		w.reshard(n)
		w.requireShards(n)
	}
}

func reshardEndsTheOldLeases(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.reshard(2)
	old := w.acquire(subscription.LeaseName(1, 2), "a", start, minute(1))
	w.reshard(3)
	w.fenced(old)
	_, err := w.store.Acquire(w.ctx, old.Name, "a", start, minute(1))
	require.ErrorIs(t, err, subscription.ErrFenced)
	w.reshard(2)
	w.fencedAs("fenced when there are as many again", old)
	require.Greater(t, w.acquire(old.Name, "a", start, minute(1)).Token, old.Token)
}

// The new shards begin where the last of the old ones stood, and each subscription
// knows what is behind it.
func reshardKeepsWhatIsSequenced(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.reshard(2)
	for i := range 6 {
		w.put(record(fmt.Sprint(i)), 0)
	}
	for _, r := range w.list(subscription.ListQuery{AllTenants: true, Limit: 9}) {
		require.Zero(t, r.SequencedTo)
	}
	for i := range 4 {
		w.append(observation(fmt.Sprint(i), start))
	}
	all := w.log()
	cursors := []int64{all[7].Position, all[9].Position}
	for shard, cursor := range cursors {
		l := w.acquire(subscription.LeaseName(shard, 2), "a", start, minute(1))
		require.NoError(t, w.store.CommitEvents(w.ctx, l, subscription.Commit{Cursor: cursor, At: start}))
	}
	behind := func(r subscription.Record) int64 { return cursors[r.Key%2] }
	for _, n := range []int{3, 1} {
		w.reshard(n)
		for shard := range n {
			require.Equal(t, cursors[0], w.acquire(subscription.LeaseName(shard, n), "b", start, start).Cursor)
		}
		for _, sequenced := range []bool{false, true} {
			list := w.list(subscription.ListQuery{AllTenants: true, Limit: 9, Sequenced: sequenced})
			require.Len(t, list, 6)
			for _, r := range list {
				require.Equal(t, behind(r), max(r.SequencedTo, cursors[0]), "%d shards", n)
			}
		}
	}
	// What is new since then is behind nothing.
	r := w.put(record("new"), 0)
	require.LessOrEqual(t, r.SequencedTo, cursors[0])
}

func pruneKeepsChangesAheadOfAShard(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.reshard(2)
	w.append(observation("a", start), observation("b", start))
	all := w.log()
	fast := w.acquire(subscription.LeaseName(0, 2), "a", start, minute(1))
	require.NoError(t, w.store.CommitEvents(w.ctx, fast, subscription.Commit{Cursor: all[1].Position, At: start}))
	require.Zero(t, w.prune(minute(100), 1000), "one shard has not passed them")
	slow := w.acquire(subscription.LeaseName(1, 2), "a", start, minute(1))
	require.NoError(t, w.store.CommitEvents(w.ctx, slow, subscription.Commit{Cursor: all[0].Position, At: start}))
	require.Equal(t, 1, w.prune(minute(100), 1000))
	requireChanges(t, all[1:], w.log())
}
