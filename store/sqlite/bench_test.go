package sqlite_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/store/sqlite/modernc"
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

// callers spreads b.N calls of f over n goroutines.
func callers(b *testing.B, n int, f func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range n {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				f(int(i))
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
}

func BenchmarkAppend(b *testing.B) {
	for _, n := range []int{1, 64} {
		b.Run(fmt.Sprint("callers=", n), func(b *testing.B) {
			h := newHost(b)
			b.ReportAllocs()
			callers(b, n, func(i int) {
				if err := h.Append(b.Context(), []subscription.Change{sample(i)}); err != nil {
					b.Error(err)
				}
			})
		})
	}
}

// BenchmarkBareInsert is the ceiling of BenchmarkAppend: a loop that inserts rows of
// the same size into a table with one index, as many a commit as there are callers.
func BenchmarkBareInsert(b *testing.B) {
	for _, batch := range []int{1, 64} {
		b.Run(fmt.Sprint("batch=", batch), func(b *testing.B) {
			db, err := modernc.Open(filepath.Join(b.TempDir(), "bare.db"))
			require.NoError(b, err)
			defer db.Close()
			_, err = db.Exec(`CREATE TABLE bare (position INTEGER PRIMARY KEY, at INTEGER, resource BLOB);
				CREATE INDEX bare_at ON bare (at)`)
			require.NoError(b, err)
			insert, err := db.Prepare(`INSERT INTO bare (at, resource) VALUES (?, ?)`)
			require.NoError(b, err)
			b.ResetTimer()
			for i := 0; i < b.N; {
				tx, err := db.Begin()
				require.NoError(b, err)
				stmt := tx.Stmt(insert)
				for range batch {
					_, err := stmt.Exec(i, []byte(sample(i).Resource))
					require.NoError(b, err)
					i++
				}
				require.NoError(b, tx.Commit())
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
		})
	}
}

// BenchmarkDeliver is the way of a thousand events after their match: committed,
// claimed, read, finished.
func BenchmarkDeliver(b *testing.B) {
	const subscriptions = 1000
	h := newHost(b)
	ctx := b.Context()
	keys := make([]int64, subscriptions)
	callers := func(n int, f func(i int)) {
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() { f(i) })
		}
		wg.Wait()
	}
	callers(subscriptions, func(i int) {
		r, err := h.PutSubscription(ctx, subscription.Record{
			Tenant: "t", ID: fmt.Sprint(i), Status: subscription.StatusActive, MaxCount: 1, Eager: true,
		}, 0)
		require.NoError(b, err)
		keys[i] = r.Key
	})
	require.NoError(b, h.Append(ctx, []subscription.Change{sample(1)}))
	l, err := h.Acquire(ctx, "s", "n", time.UnixMicro(0), time.UnixMicro(1))
	require.NoError(b, err)
	b.ResetTimer()
	now := time.UnixMicro(1)
	for n := int64(1); n <= int64(b.N); n++ {
		c := subscription.Commit{Cursor: n, At: now}
		for _, key := range keys {
			c.Events = append(c.Events, subscription.NewEvent{Key: key, Number: n, Position: 1})
		}
		require.NoError(b, h.CommitEvents(ctx, l, c))
		l.Cursor = n
		for {
			claims, _, err := h.Claim(ctx, "n", now, now.Add(time.Minute), 64)
			require.NoError(b, err)
			if len(claims) == 0 {
				break
			}
			callers(len(claims), func(i int) {
				c := claims[i]
				_, err := h.ReadEvents(ctx, c.Key, c.Cursor+1, c.Frozen, 1)
				require.NoError(b, err)
				require.NoError(b, h.Finish(ctx, subscription.Outcome{
					Key: c.Key, Token: c.Token, At: now, Status: c.Status, Cursor: c.Frozen, Eager: true,
				}))
			})
		}
	}
	b.ReportMetric(float64(b.N*subscriptions)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkCommitWide records one event for 10,000 subscriptions.
func BenchmarkCommitWide(b *testing.B) {
	const subscriptions = 10_000
	h := newHost(b)
	ctx := b.Context()
	keys := make([]int64, subscriptions)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() {
			r, err := h.PutSubscription(ctx, subscription.Record{
				Tenant: "t", ID: fmt.Sprint(i), Status: subscription.StatusActive, MaxCount: 1, Eager: true,
			}, 0)
			require.NoError(b, err)
			keys[i] = r.Key
		})
	}
	wg.Wait()
	require.NoError(b, h.Append(ctx, []subscription.Change{sample(1)}))
	l, err := h.Acquire(ctx, "s", "n", time.UnixMicro(0), time.UnixMicro(1))
	require.NoError(b, err)
	b.ResetTimer()
	for n := range int64(b.N) {
		c := subscription.Commit{Cursor: n + 1, At: time.UnixMicro(n)}
		for _, key := range keys {
			c.Events = append(c.Events, subscription.NewEvent{Key: key, Number: n + 1, Position: 1})
		}
		require.NoError(b, h.CommitEvents(ctx, l, c))
		l.Cursor = n + 1
	}
}
