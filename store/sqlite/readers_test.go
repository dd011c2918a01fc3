package sqlite

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// Readers and the writer don't wait for each other: a read that has begun holds up no
// write, a write that has begun holds up no read, and neither sees half of the other.
func TestReadersAndWriterDontWait(t *testing.T) {
	s, ctx := newStore(t), t.Context()
	r, err := s.PutSubscription(ctx, subscription.Record{Tenant: "t", ID: "s", MaxCount: 1, Due: time.UnixMicro(1)}, 0)
	require.NoError(t, err)
	require.NoError(t, s.Append(ctx, []subscription.Change{named("a"), named("b")}))

	// A read in the middle: it has one row and keeps its snapshot.
	rows, err := s.db.Query(`SELECT resource_id FROM carillon_change WHERE subscription = 0 ORDER BY position`)
	require.NoError(t, err)
	require.True(t, rows.Next())
	var writers sync.WaitGroup
	for i := range 20 {
		writers.Go(func() {
			require.NoError(t, s.Append(ctx, []subscription.Change{named(fmt.Sprint(i)), named(fmt.Sprint(i))}))
		})
	}
	writers.Wait()
	require.Len(t, s.ids(t), 2+40)
	require.True(t, rows.Next())
	require.False(t, rows.Next(), "a read sees what was there when it began")
	require.NoError(t, rows.Close())

	// A write in the middle: the host holds the lock.
	held := s.hold(t)
	require.Len(t, s.ids(t), 2+40)
	_, err = s.GetSubscription(ctx, "t", "s")
	require.NoError(t, err)
	list, err := s.ListSubscriptions(ctx, subscription.ListQuery{AllTenants: true, Limit: 9})
	require.NoError(t, err)
	require.Len(t, list, 1)
	_, err = s.ReadEvents(ctx, r.Key, 1, 9, 9)
	require.NoError(t, err)
	require.NoError(t, held.Commit())
}

// Under load, too, nobody fails or sees a part, and the readers are done before the
// writer is if they have less to do.
func TestReadersUnderLoad(t *testing.T) {
	s, ctx := newStore(t), t.Context()
	var writers, readers sync.WaitGroup
	stop := make(chan struct{})
	appended := make([]int, 4)
	for w := range appended {
		writers.Go(func() {
			for stopped := false; !stopped; appended[w]++ {
				c := named(fmt.Sprint(w))
				require.NoError(t, s.Append(ctx, []subscription.Change{c, c, c}))
				select {
				case <-stop:
					stopped = true
				default:
				}
			}
		})
	}
	for range 4 {
		readers.Go(func() {
			seen := 0
			for range 50 {
				all, err := s.ReadChanges(ctx, 0, 30)
				require.NoError(t, err)
				require.Zero(t, len(all)%3)
				require.GreaterOrEqual(t, len(all), seen)
				seen = len(all)
			}
		})
	}
	readers.Wait() // while the writers never pause
	close(stop)
	writers.Wait()
	total := 0
	for _, n := range appended {
		require.Positive(t, n)
		total += 3 * n
	}
	all, err := s.ReadChanges(ctx, 0, total+1)
	require.NoError(t, err)
	require.Len(t, all, total)
}
