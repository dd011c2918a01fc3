package storetest

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

var transactions = []Clause{
	{"TxIsSeenWhenTheHostCommits", txIsSeenWhenTheHostCommits},
	{"TxLeavesNothingAfterRollback", txLeavesNothingAfterRollback},
	{"TxThatCommitsLateIsNotSkipped", txThatCommitsLateIsNotSkipped},
	{"TxConcurrent", txConcurrent},
}

// begin starts a host transaction, or skips the clause.
func (w *world) begin() (tx subscription.Tx, commit, rollback func() error) {
	if w.h.Begin == nil {
		w.Skip("this store has no host transactions")
	}
	return w.h.Begin(w.TB, w.store)
}

func resourceIDs(changes []subscription.Change) []string {
	ids := []string{}
	for _, c := range changes {
		ids = append(ids, c.ResourceID)
	}
	return ids
}

func txIsSeenWhenTheHostCommits(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.append(observation("a", start))
	tx, commit, _ := w.begin()
	require.NoError(t, tx.Append(w.ctx, []subscription.Change{observation("b", start), observation("c", start)}))
	require.NoError(t, tx.Append(w.ctx, []subscription.Change{observation("d", start)}))
	require.Equal(t, []string{"a"}, resourceIDs(w.log()))
	require.NoError(t, commit())
	w.append(observation("e", start))
	require.Equal(t, []string{"a", "b", "c", "d", "e"}, resourceIDs(w.log()))
}

func txLeavesNothingAfterRollback(t testing.TB, h Harness) {
	w := newWorld(t, h)
	tx, _, rollback := w.begin()
	require.NoError(t, tx.Append(w.ctx, []subscription.Change{observation("a", start)}))
	require.NoError(t, rollback())
	require.Empty(t, w.log())
	w.append(observation("b", start))
	require.Equal(t, []string{"b"}, resourceIDs(w.log()))
}

// A change whose transaction commits after a later one's must not end up
// behind the reader's cursor.
func txThatCommitsLateIsNotSkipped(t testing.TB, h Harness) {
	w := newWorld(t, h)
	tx, commit, _ := w.begin()
	require.NoError(t, tx.Append(w.ctx, []subscription.Change{observation("early", start)}))
	appended := make(chan error, 1)
	go func() { appended <- w.store.Append(w.ctx, []subscription.Change{observation("late", start)}) }()
	// A store that lets both write at once is done with the second before the first
	// commits; of another one, all that matters is that both are there in the end.
	var err error
	done := false
	if !h.OneWriter {
		select {
		case err = <-appended:
			done = true
		case <-time.After(500 * time.Millisecond): // OneWriter has not been declared
		}
	}
	seen := w.log()
	require.NotContains(t, resourceIDs(seen), "early")
	cursor := int64(0)
	if len(seen) > 0 {
		cursor = seen[len(seen)-1].Position
	}
	require.NoError(t, commit())
	if !done {
		err = <-appended
	}
	require.NoError(t, err)
	seen = append(seen, w.logAfter(cursor)...)
	require.ElementsMatch(t, []string{"early", "late"}, resourceIDs(seen))
}

// C4 of docs/delivery-rows.md: what a reader with a cursor sees is exactly what was
// committed, although many transactions are open at once and end in any order.
func txConcurrent(t testing.TB, h Harness) {
	w := newWorld(t, h)
	if h.Begin == nil {
		w.begin()
	}
	const hosts, each = 64, 4
	var mu sync.Mutex
	var committed []string
	var wg sync.WaitGroup
	for host := range hosts {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(uint64(host), 1))
			for i := range each {
				id := fmt.Sprint(host, "-", i)
				tx, commit, rollback := w.begin()
				if !assert.NoError(t, tx.Append(w.ctx, []subscription.Change{observation(id, start)})) {
					return
				}
				for range random.IntN(100) {
					runtime.Gosched() // others begin, append and commit
				}
				if random.IntN(10) == 0 {
					assert.NoError(t, rollback())
					continue
				}
				mu.Lock()
				committed = append(committed, id)
				mu.Unlock()
				assert.NoError(t, commit())
			}
		})
	}
	seen := w.tail(&wg)
	slices.Sort(committed)
	slices.Sort(seen)
	require.Equal(t, committed, seen)
}

// tail reads the log with a cursor until writers are done and all is read.
func (w *world) tail(writers *sync.WaitGroup) []string {
	done := make(chan struct{})
	go func() {
		writers.Wait()
		close(done)
	}()
	var seen []string
	cursor := int64(0)
	for last := false; ; {
		page, err := w.store.ReadChanges(w.ctx, cursor, 10)
		require.NoError(w, err)
		for _, c := range page {
			require.Greater(w, c.Position, cursor)
			cursor = c.Position
			seen = append(seen, c.ResourceID)
		}
		if last && len(page) == 0 {
			return seen
		}
		select {
		case <-done:
			last = true
		default:
		}
	}
}
