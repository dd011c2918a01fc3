package storetest

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

var prunes = []Clause{
	{"PruneKeepsTheUndelivered", pruneKeepsTheUndelivered},
	{"PruneKeepsTheRecent", pruneKeepsTheRecent},
	{"PruneKeepsChangesThatEventsNeed", pruneKeepsChangesThatEventsNeed},
	{"PruneKeepsChangesAheadOfALease", pruneKeepsChangesAheadOfALease},
	{"PruneKeepsChangesWithoutALease", pruneKeepsChangesWithoutALease},
	{"PruneObeysTheLimit", pruneObeysTheLimit},
	{"PruneLeavesNumbersAndPositions", pruneLeavesNumbersAndPositions},
	{"PruneWhileOthersWork", pruneWhileOthersWork},
}

func (w *world) prune(before time.Time, limit int) int {
	n, err := w.store.Prune(w.ctx, before, time.Time{}, limit)
	require.NoError(w, err)
	return n
}

func pruneKeepsTheUndelivered(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r := w.put(record("s"), 0)
	w.sequence(start, 5, r)
	w.prune(minute(100), 1000)
	require.Equal(t, []int64{1, 2, 3, 4, 5}, w.numbers(r.Key))
	w.deliver("s", start, 3)
	require.Equal(t, 6, w.prune(minute(100), 1000), "three events and their changes")
	require.Equal(t, []int64{4, 5}, w.numbers(r.Key))
	require.Len(t, w.events(r.Key, 4, 5, 9), 2)
	require.NotEmpty(t, w.events(r.Key, 4, 5, 9)[0].Change.Resource)
}

func pruneKeepsTheRecent(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r := w.put(record("s"), 0)
	for i := range 4 {
		w.sequence(minute(i), 1, r)
	}
	w.deliver("s", minute(4), 4)
	require.Equal(t, 5, w.prune(minute(2), 1000), "two events, their changes, and the creation")
	require.Equal(t, []int64{3, 4}, w.numbers(r.Key))
	require.Len(t, w.log(), 2)
	require.Zero(t, w.prune(minute(2), 1000))
}

func pruneKeepsChangesThatEventsNeed(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.put(record("s"), 0)
	slow := w.put(record("slow"), 0)
	w.sequence(start, 2, w.get("s"), slow)
	w.deliver("s", start, 2)
	w.prune(minute(100), 1000)
	got := w.events(slow.Key, 1, 9, 9)
	require.Len(t, got, 2)
	require.Equal(t, "o1", got[1].Change.ResourceID)
	require.Len(t, w.log(), 2)
	require.NoError(t, w.store.DeleteSubscription(w.ctx, tenant, "slow", 0))
	w.sequence(minute(200), 1)
	require.Equal(t, 3, w.prune(minute(100), 1000), "two changes and the deletion")
}

func pruneKeepsChangesAheadOfALease(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.sequence(start, 3)
	behind := w.acquire("behind", "b", start, minute(10))
	require.Zero(t, w.prune(minute(100), 1000))
	all := w.log()
	require.NoError(t, w.store.CommitEvents(w.ctx, behind, subscription.Commit{Cursor: all[1].Position}))
	require.Equal(t, 2, w.prune(minute(100), 1000))
	requireChanges(t, all[2:], w.log())
	require.NoError(t, w.store.Release(w.ctx, "b"))
	require.Zero(t, w.prune(minute(100), 1000), "a released lease still has its cursor")
}

func pruneKeepsChangesWithoutALease(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.append(observation("o", start))
	require.Zero(t, w.prune(minute(100), 1000))
	require.Len(t, w.log(), 1)
}

func pruneObeysTheLimit(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r := w.put(record("s"), 0)
	w.sequence(start, 6, r)
	w.deliver("s", start, 6)
	require.Zero(t, w.prune(minute(1), 0))
	total := 0
	for _, left := range []int{4, 2, 0} {
		n := w.prune(minute(1), 2)
		require.LessOrEqual(t, n, 4)
		total += n
		require.Len(t, w.numbers(r.Key), left)
	}
	for range 10 {
		total += w.prune(minute(1), 2)
	}
	require.Equal(t, 6+6+1, total, "events, changes, and the creation")
	require.Empty(t, w.log())
}

func pruneLeavesNumbersAndPositions(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r := w.put(record("s"), 0)
	last := w.sequence(start, 2, r)[1].Position
	w.deliver("s", start, 2)
	w.prune(minute(1), 1000)
	require.Empty(t, w.log())
	require.Empty(t, w.numbers(r.Key))
	require.Equal(t, int64(2), w.get("s").Count)
	w.append(observation("o", minute(2)))
	require.Greater(t, w.log()[0].Position, last)
}

// C11 of docs/delivery-rows.md: what is pruned while it is claimed and read was delivered.
func pruneWhileOthersWork(t testing.TB, h Harness) {
	w := newWorld(t, h)
	var all []subscription.Record
	for _, id := range []string{"a", "b", "c"} {
		r := record(id)
		r.MaxCount = 3
		all = append(all, w.put(r, 0))
	}
	w.sequence(start, 50, all...)
	done := make(chan struct{})
	var pruning sync.WaitGroup
	pruning.Go(func() {
		for {
			_, err := w.store.Prune(w.ctx, minute(1000), minute(1000), 7)
			assert.NoError(t, err)
			select {
			case <-done:
				return
			default:
			}
		}
	})
	var delivering sync.WaitGroup
	for range 2 {
		delivering.Go(func() {
			for {
				claims, _, err := w.store.Claim(w.ctx, "a", start, minute(1), 1)
				if !assert.NoError(t, err) || len(claims) == 0 {
					return
				}
				c := claims[0]
				events, err := w.store.ReadEvents(w.ctx, c.Key, c.Cursor+1, c.Frozen, 100)
				if !assert.NoError(t, err) || !assert.Len(t, events, int(c.Frozen-c.Cursor), "an event was pruned before it was delivered") {
					return
				}
				for i, e := range events {
					assert.Equal(t, c.Cursor+int64(i)+1, e.Number)
					assert.NotEmpty(t, e.Change.Resource)
				}
				o := outcome(c, start)
				o.Cursor, o.Frozen, o.Due = c.Frozen, 0, time.Time{}
				assert.NoError(t, w.store.Finish(w.ctx, o))
			}
		})
	}
	delivering.Wait()
	close(done)
	pruning.Wait()
	for range 100 {
		w.prune(minute(1000), 7)
	}
	for _, r := range all {
		require.Empty(t, w.numbers(r.Key))
		require.Equal(t, int64(50), w.get(r.ID).Cursor)
	}
	require.Empty(t, w.log())
}
