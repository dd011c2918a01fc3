package postgres_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/postgrestest"
	"github.com/carillon-fhir/carillon/store/postgres"
	"github.com/carillon-fhir/carillon/store/storetest"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// sample is a change with a resource of 1 KB.
func sample(i int) subscription.Change {
	return subscription.Change{
		Tenant: "t", At: time.UnixMicro(int64(i)), Interaction: topic.Create, ResourceType: "Observation",
		ResourceID: fmt.Sprint(i), Resource: json.RawMessage(`{"text":"` + strings.Repeat("x", 1000) + `"}`),
		Topics: []string{"http://example.org/topic"}, Method: "POST", URL: "Observation", ResultStatus: "201",
	}
}

// newDurable is newHost on a server that waits for the disk.
func newDurable(b *testing.B) host {
	return open(b, postgrestest.New(b).DSN("postgres"), postgres.Config{})
}

// callers spreads n calls of f over some goroutines.
func callers(goroutines, n int, f func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				f(int(i) - 1)
			}
		})
	}
	wg.Wait()
}

func BenchmarkStore(b *testing.B) {
	storetest.Bench(b, harness(b, postgrestest.New(b).DSN("postgres"), postgres.Config{}))
}

// BenchmarkReadChanges is what the sequencer pays for the positions, and for reading.
func BenchmarkReadChanges(b *testing.B) {
	const page = 1000
	h := newDurable(b)
	after := int64(0)
	for b.Loop() {
		b.StopTimer()
		changes := make([]subscription.Change, page)
		for i := range changes {
			changes[i] = sample(i)
		}
		require.NoError(b, h.Append(b.Context(), changes))
		b.StartTimer()
		read, err := h.ReadChanges(b.Context(), after, page)
		require.NoError(b, err)
		require.Len(b, read, page)
		after = read[page-1].Position
	}
	b.ReportMetric(float64(b.N*page)/b.Elapsed().Seconds(), "changes/s")
}

// fleet is a store with n active subscriptions, one change in the log and a lease.
type fleet struct {
	host
	keys     []int64
	position int64
	lease    subscription.Lease
	number   int64
}

func newFleet(t testing.TB, h host, n int) *fleet {
	f := &fleet{host: h, keys: make([]int64, n)}
	ctx := t.Context()
	callers(8, n, func(i int) {
		r, err := h.PutSubscription(ctx, subscription.Record{
			Tenant: "t", ID: fmt.Sprint(i), Status: subscription.StatusActive, MaxCount: 1, Eager: true,
		}, 0)
		require.NoError(t, err)
		f.keys[i] = r.Key
	})
	require.NoError(t, h.Append(ctx, []subscription.Change{sample(1)}))
	changes, err := h.ReadChanges(ctx, 0, 1)
	require.NoError(t, err)
	f.position = changes[0].Position
	f.lease, err = h.Acquire(ctx, "sequencer", "n", time.UnixMicro(0), time.UnixMicro(1))
	require.NoError(t, err)
	_, err = h.pool.Exec(ctx, `VACUUM (ANALYZE, FREEZE)`)
	require.NoError(t, err)
	return f
}

// commit gives each of the first n subscriptions an event.
func (f *fleet) commit(ctx context.Context, n int) error {
	f.number++
	c := subscription.Commit{Cursor: f.lease.Cursor + 1, At: time.UnixMicro(f.number)}
	for _, key := range f.keys[:n] {
		c.Events = append(c.Events, subscription.NewEvent{Key: key, Number: f.number, Position: f.position})
	}
	err := f.CommitEvents(ctx, f.lease, c)
	f.lease.Cursor++
	return err
}

// deliver claims, reads and finishes what is due, with 64 goroutines.
func (f *fleet) deliver(t testing.TB) {
	ctx, now := t.Context(), time.UnixMicro(f.number)
	for {
		claims, _, err := f.Claim(ctx, "n", now, now.Add(time.Minute), 64)
		require.NoError(t, err)
		if len(claims) == 0 {
			return
		}
		callers(64, len(claims), func(i int) {
			c := claims[i]
			events, err := f.ReadEvents(ctx, c.Key, c.Cursor+1, c.Frozen, 1)
			require.NoError(t, err)
			require.Len(t, events, 1)
			require.NoError(t, f.Finish(ctx, subscription.Outcome{
				Key: c.Key, Token: c.Token, At: now, Status: c.Status, Cursor: c.Frozen, Eager: true,
			}))
		})
	}
}

// BenchmarkCommitWide records one event for 10,000 subscriptions, and beside it inserts
// as many bare rows.
func BenchmarkCommitWide(b *testing.B) {
	const n = 10_000
	f := newFleet(b, newDurable(b), n)
	ctx := b.Context()
	_, err := f.pool.Exec(ctx, `CREATE TABLE bare (subscription bigint, number bigint, position bigint,
		PRIMARY KEY (subscription, number))`)
	require.NoError(b, err)
	var bare, ours time.Duration
	b.ResetTimer()
	for range b.N {
		b.StopTimer()
		numbers, positions := make([]int64, n), make([]int64, n)
		for i := range n {
			numbers[i], positions[i] = f.number+1, f.position
		}
		begun := time.Now()
		_, err := f.pool.Exec(ctx, `INSERT INTO bare SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])`,
			f.keys, numbers, positions)
		require.NoError(b, err)
		bare += time.Since(begun)
		b.StartTimer()
		begun = time.Now()
		require.NoError(b, f.commit(ctx, n))
		ours += time.Since(begun)
		b.StopTimer()
		f.deliver(b) // so that all are idle again
		b.StartTimer()
	}
	b.ReportMetric(float64(ours)/float64(bare), "x-bare")
	b.ReportMetric(float64(bare.Milliseconds())/float64(b.N), "ms-bare")
}
