package storetest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// handles are about what several processes see of one another.
var handles = []Clause{
	{"HandlesReadTheSame", handlesReadTheSame},
	{"HandlesReadChangesInOneOrder", handlesReadChangesInOneOrder},
	{"HandlesShareLeases", handlesShareLeases},
	{"HandlesShareTheFence", handlesShareTheFence},
	{"HandlesShareClaims", handlesShareClaims},
	{"HandlesClaimExclusively", handlesClaimExclusively},
	{"HandlesCompareRevisions", handlesCompareRevisions},
}

func handlesReadTheSame(t testing.TB, h Harness) {
	a := newWorld(t, h)
	b := a.another()
	r := a.put(full("s"), 0)
	b.append(observation("of b", start))
	a.append(observation("of a", start))
	requireChanges(t, a.log(), b.log())
	require.Len(t, b.log(), 3)
	requireRecord(t, r, b.get("s"))
	b.lease = a.acquire("sequencer", "a", start, minute(1))
	read := b.log()
	b.commit(subscription.Commit{Cursor: read[2].Position, At: start, Events: []subscription.NewEvent{
		{Key: r.Key, Number: 1, Position: read[1].Position}, {Key: r.Key, Number: 2, Position: read[2].Position},
	}})
	require.Equal(t, a.events(r.Key, 1, 9, 9), b.events(r.Key, 1, 9, 9))
	require.Len(t, a.events(r.Key, 1, 9, 9), 2)
	require.NoError(t, b.store.DeleteSubscription(b.ctx, tenant, "s", 0))
	_, err := a.store.GetSubscription(a.ctx, tenant, "s")
	require.ErrorIs(t, err, subscription.ErrNotFound)
	require.Empty(t, a.numbers(r.Key))
}

// Whoever reads while both write finds the same changes at the same positions.
func handlesReadChangesInOneOrder(t testing.TB, h Harness) {
	a := newWorld(t, h)
	b := a.another()
	const writers, each = 4, 8
	var writing sync.WaitGroup
	for i, w := range []*world{a, b} {
		for writer := range writers {
			writing.Go(func() {
				for n := range each {
					c := observation(fmt.Sprint(i, "-", writer, "-", n), start)
					assert.NoError(t, w.store.Append(w.ctx, []subscription.Change{c}))
				}
			})
		}
	}
	var reading sync.WaitGroup
	seen := make([][]string, 2)
	for i, w := range []*world{a, b} {
		reading.Go(func() { seen[i] = w.tail(&writing) })
	}
	reading.Wait()
	require.Len(t, seen[0], 2*writers*each)
	require.Equal(t, seen[0], seen[1])
	requireChanges(t, a.log(), b.log())
}

func handlesShareLeases(t testing.TB, h Harness) {
	a := newWorld(t, h)
	b := a.another()
	old := a.acquire("s", "a", start, minute(1))
	_, err := b.store.Acquire(b.ctx, "s", "b", start, minute(1))
	require.ErrorIs(t, err, subscription.ErrHeld)
	require.Greater(t, b.acquire("s", "b", minute(1), minute(2)).Token, old.Token)
	_, err = a.store.Acquire(a.ctx, "s", "a", minute(1), minute(2))
	require.ErrorIs(t, err, subscription.ErrHeld)
	require.NoError(t, a.store.Release(a.ctx, "b"), "a node is known by its name, not by its handle")
	a.acquire("s", "a", minute(1), minute(2))
	for round := range 6 {
		require.Equal(t, 1, winners(t, 8, subscription.ErrHeld, func(i int) error {
			_, err := []*world{a, b}[i%2].store.Acquire(a.ctx, "s", fmt.Sprint("node ", i), minute(2+round), minute(3+round))
			return err
		}))
	}
}

func handlesShareTheFence(t testing.TB, h Harness) {
	a := newWorld(t, h)
	b := a.another()
	old := a.acquire("s", "a", start, minute(1))
	b.acquire("s", "b", minute(1), minute(2))
	a.fenced(old)
	b.fencedAs("fenced, too", old)

	b.lease = b.acquire("s", "b", minute(1), minute(2))
	a.append(observation("o", start))
	all := a.log()
	c := subscription.Commit{Cursor: all[len(all)-1].Position, At: start}
	require.Equal(t, 1, winners(t, 8, subscription.ErrFenced, func(i int) error {
		return []*world{a, b}[i%2].store.CommitEvents(a.ctx, b.lease, c)
	}))
}

func handlesShareClaims(t testing.TB, h Harness) {
	a := newWorld(t, h)
	b := a.another()
	for _, id := range []string{"s", "t"} {
		a.put(dueAt(id, start), 0)
	}
	mine := a.claim("a", start, 1)[0]
	theirs := b.claim("b", start, 9)
	require.Len(t, theirs, 1)
	require.NotEqual(t, mine.ID, theirs[0].ID)
	require.Empty(t, a.claimed("a", start, 9))

	taken := b.claim("b", minute(10), 9)
	require.Len(t, taken, 2)
	for _, c := range taken {
		if c.ID == mine.ID {
			require.Greater(t, c.Token, mine.Token)
		}
	}
	require.ErrorIs(t, a.store.Finish(a.ctx, outcome(mine, minute(11))), subscription.ErrLost)
	b.finish(outcome(taken[0], minute(11)))
	a.finish(outcome(taken[1], minute(11)))
	require.Equal(t, b.list(subscription.ListQuery{AllTenants: true, Limit: 9}), a.list(subscription.ListQuery{AllTenants: true, Limit: 9}))
}

func handlesClaimExclusively(t testing.TB, h Harness) {
	a := newWorld(t, h)
	b := a.another()
	const n = 60
	for i := range n {
		a.put(dueAt(fmt.Sprint(i), start), 0)
	}
	var mu sync.Mutex
	taken := map[string]int{}
	for _, w := range []*world{a, b} { // however fast one of them is, both get some
		for _, id := range w.claimed("node", start, 3) {
			taken[id]++
		}
	}
	var claiming sync.WaitGroup
	for i := range 8 {
		claiming.Go(func() {
			w := []*world{a, b}[i%2]
			for {
				claims, _, err := w.store.Claim(w.ctx, fmt.Sprint("node ", i), start, minute(1), 3)
				if !assert.NoError(t, err) || len(claims) == 0 {
					return
				}
				mu.Lock()
				for _, c := range claims {
					taken[c.ID]++
				}
				mu.Unlock()
			}
		})
	}
	claiming.Wait()
	require.Len(t, taken, n)
	for id, times := range taken {
		require.Equal(t, 1, times, id)
	}
}

func handlesCompareRevisions(t testing.TB, h Harness) {
	a := newWorld(t, h)
	b := a.another()
	for revision := range int64(6) {
		require.Equal(t, 1, winners(t, 8, subscription.ErrConflict, func(i int) error {
			_, err := []*world{a, b}[i%2].store.PutSubscription(a.ctx, record("s"), revision)
			return err
		}))
		require.Equal(t, revision+1, b.get("s").Revision)
	}
	require.ErrorIs(t, b.store.DeleteSubscription(b.ctx, tenant, "s", 5), subscription.ErrConflict)
	require.NoError(t, b.store.DeleteSubscription(b.ctx, tenant, "s", 6))
	require.ErrorIs(t, a.store.DeleteSubscription(a.ctx, tenant, "s", 0), subscription.ErrNotFound)
}
