package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

var concurrency = []Clause{
	{"ConcurrentAppendsAreAllRead", concurrentAppendsAreAllRead},
	{"ConcurrentAppendsAreSeenWhole", concurrentAppendsAreSeenWhole},
	{"ConcurrentReadersSeeWhatIsThere", concurrentReadersSeeWhatIsThere},
	{"ConcurrentPutsHaveOneWinner", concurrentPutsHaveOneWinner},
	{"ConcurrentAcquiresHaveOneWinner", concurrentAcquiresHaveOneWinner},
	{"ConcurrentCommitsHaveOneWinner", concurrentCommitsHaveOneWinner},
	{"ConcurrentClaimsAreExclusive", concurrentClaimsAreExclusive},
	{"ConcurrentFinishesHaveOneWinner", concurrentFinishesHaveOneWinner},
	{"EndedContextWritesAllOrNothing", endedContextWritesAllOrNothing},
}

func concurrentAppendsAreAllRead(t testing.TB, h Harness) {
	w := newWorld(t, h)
	var wg sync.WaitGroup
	var want []string
	for writer := range 16 {
		for i := range 8 {
			want = append(want, fmt.Sprint(writer, "-", i))
		}
		wg.Go(func() {
			for i := range 8 {
				c := observation(fmt.Sprint(writer, "-", i), start)
				assert.NoError(t, w.store.Append(w.ctx, []subscription.Change{c}))
			}
		})
	}
	seen := w.tail(&wg)
	for writer := range 16 {
		var own []string
		for _, id := range seen {
			if by, _, _ := strings.Cut(id, "-"); by == fmt.Sprint(writer) {
				own = append(own, id)
			}
		}
		require.True(t, slices.IsSorted(own), "a writer's changes keep their order")
	}
	slices.Sort(want)
	slices.Sort(seen)
	require.Equal(t, want, seen)
}

func concurrentAppendsAreSeenWhole(t testing.TB, h Harness) {
	w := newWorld(t, h)
	var wg sync.WaitGroup
	for writer := range 4 {
		wg.Go(func() {
			for i := range 8 {
				c := observation(fmt.Sprint(writer, "-", i), start)
				assert.NoError(t, w.store.Append(w.ctx, []subscription.Change{c, c, c, c, c}))
			}
		})
	}
	done := make(chan struct{})
	go func() {
		wg.Wait()
		close(done)
	}()
	for last := false; !last; {
		select {
		case <-done:
			last = true
		default:
		}
		all := w.log()
		require.Zero(t, len(all)%5, "part of an Append was read")
		for i, c := range all {
			require.Equal(t, all[i-i%5].ResourceID, c.ResourceID, "two Appends are mixed")
		}
	}
	require.Len(t, w.log(), 4*8*5)
}

// What was appended before a read began is in it, also if another reader gives it its
// position meanwhile.
func concurrentReadersSeeWhatIsThere(t testing.TB, h Harness) {
	const rounds, readers = 64, 4
	w := newWorld(t, h)
	after := int64(0)
	for range rounds {
		w.append(observation("a", start))
		read := make([][]subscription.Change, readers)
		var wg sync.WaitGroup
		for i := range readers {
			wg.Go(func() {
				var err error
				read[i], err = w.store.ReadChanges(w.ctx, after, 10)
				assert.NoError(t, err)
			})
		}
		wg.Wait()
		for _, changes := range read {
			require.Len(t, changes, 1)
			require.Equal(t, read[0][0].Position, changes[0].Position)
		}
		after = read[0][0].Position
	}
}

// winners calls f n times at once and returns how many calls returned nil; the
// others must return want.
func winners(t testing.TB, n int, want error, f func(i int) error) int {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = f(i) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else {
			require.ErrorIs(t, err, want)
		}
	}
	return won
}

func concurrentPutsHaveOneWinner(t testing.TB, h Harness) {
	w := newWorld(t, h)
	for revision := range int64(6) {
		require.Equal(t, 1, winners(t, 8, subscription.ErrConflict, func(int) error {
			_, err := w.store.PutSubscription(w.ctx, record("s"), revision)
			return err
		}))
		require.Equal(t, revision+1, w.get("s").Revision)
	}
	require.Len(t, w.controls(), 1)
}

func concurrentAcquiresHaveOneWinner(t testing.TB, h Harness) {
	w := newWorld(t, h)
	for round := range 6 {
		require.Equal(t, 1, winners(t, 8, subscription.ErrHeld, func(i int) error {
			_, err := w.store.Acquire(w.ctx, "s", fmt.Sprint("node ", i), minute(round), minute(round+1))
			return err
		}))
	}
}

func concurrentCommitsHaveOneWinner(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r := w.put(record("s"), 0)
	w.sequence(start, 1, r)
	for range 6 {
		w.append(observation("o", start))
		all := w.log()
		c := subscription.Commit{Cursor: all[len(all)-1].Position, At: start, Events: []subscription.NewEvent{
			{Key: r.Key, Number: w.get("s").Count + 1, Position: all[len(all)-1].Position},
		}}
		require.Equal(t, 1, winners(t, 8, subscription.ErrFenced, func(int) error {
			return w.store.CommitEvents(w.ctx, w.lease, c)
		}))
		w.lease.Cursor = c.Cursor
	}
	require.Equal(t, []int64{1, 2, 3, 4, 5, 6, 7}, w.numbers(r.Key))
}

func concurrentClaimsAreExclusive(t testing.TB, h Harness) {
	w := newWorld(t, h)
	const n = 60
	for i := range n {
		w.put(dueAt(fmt.Sprint(i), start), 0)
	}
	var mu sync.Mutex
	var taken []string
	var wg sync.WaitGroup
	for node := range 16 {
		wg.Go(func() {
			for {
				claims, _, err := w.store.Claim(w.ctx, fmt.Sprint("node ", node), start, minute(1), 3)
				if !assert.NoError(t, err) || len(claims) == 0 {
					return
				}
				mu.Lock()
				for _, c := range claims {
					taken = append(taken, c.ID)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	require.Len(t, taken, n)
	slices.Sort(taken)
	require.Len(t, slices.Compact(taken), n)
}

func concurrentFinishesHaveOneWinner(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.put(dueAt("s", start), 0)
	for range 6 {
		o := outcome(w.claim("a", start, 1)[0], start)
		require.Equal(t, 1, winners(t, 8, subscription.ErrLost, func(int) error {
			return w.store.Finish(w.ctx, o)
		}))
	}
}

func endedContextWritesAllOrNothing(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.put(dueAt("s", start), 0)
	l := w.acquire("s", "a", start, minute(1))
	ended, cancel := context.WithCancel(w.ctx)
	cancel()
	o := observation("o", start)
	_, put := w.store.PutSubscription(ended, record("new"), 0)
	_, get := w.store.GetSubscription(ended, tenant, "s")
	_, list := w.store.ListSubscriptions(ended, subscription.ListQuery{Limit: 1})
	_, changes := w.store.ReadChanges(ended, 0, 1)
	_, events := w.store.ReadEvents(ended, 1, 1, 1, 1)
	_, _, claim := w.store.Claim(ended, "a", start, minute(1), 1)
	_, acquire := w.store.Acquire(ended, "t", "a", start, minute(1))
	_, prune := w.store.Prune(ended, start, start, 1)
	_, count := w.store.CountSubscriptions(ended, tenant, "", 1)
	_, positions := w.store.Positions(ended, []int64{1})
	_, take := w.store.TakeToken(ended, tenant, "absent", start)
	for name, err := range map[string]error{
		"Count":     count,
		"Positions": positions,
		"Take":      take,
		"Token":     w.store.PutToken(ended, token("a", start)),
		"Advance":   w.store.Advance(ended, []subscription.Progress{{Key: -1, Cursor: 1, At: start}}),
		"Append":    w.store.Append(ended, []subscription.Change{o, o}),
		"Commit":    w.store.CommitEvents(ended, l, subscription.Commit{Cursor: 1}),
		"Release":   w.store.Release(ended, "nobody"),
		"Get":       get,
		"Put":       put,
		"List":      list,
		"Changes":   changes,
		"Events":    events,
		"Claim":     claim,
		"Acquire":   acquire,
		"Prune":     prune,
		"Finish":    w.store.Finish(ended, subscription.Outcome{Key: -1}),
		"Delete":    w.store.DeleteSubscription(ended, tenant, "absent", 0),
	} {
		if err != nil && !errors.Is(err, context.Canceled) &&
			!errors.Is(err, subscription.ErrLost) && !errors.Is(err, subscription.ErrNotFound) {
			require.NoError(t, err, name)
		}
	}
	w.append(observation("after", start)) // so that what is still under way is done
	n := 0
	for _, c := range w.log() {
		if c.ResourceID == "o" {
			n++
		}
	}
	require.Contains(t, []int{0, 2}, n)
}
