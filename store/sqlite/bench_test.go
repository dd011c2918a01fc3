package sqlite_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
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

// BenchmarkCommitWide records one event for 10,000 subscriptions, and beside it inserts
// as many bare rows of three integers, a thousand a statement: "x-bare" is the ratio, of
// processor time.
func BenchmarkCommitWide(b *testing.B) {
	const subscriptions = 10_000
	h := newHost(b)
	ctx := b.Context()
	keys := subscribe(b, h, subscriptions)
	slices.Sort(keys)
	require.NoError(b, h.Append(ctx, []subscription.Change{sample(1)}))
	l, err := h.Acquire(ctx, "s", "n", time.UnixMicro(0), time.UnixMicro(1))
	require.NoError(b, err)
	_, err = h.db.Exec(`CREATE TABLE bare (a INTEGER, b INTEGER, c INTEGER, PRIMARY KEY (a, b)) WITHOUT ROWID`)
	require.NoError(b, err)
	bare, err := h.db.Prepare(`INSERT INTO bare VALUES (?, ?, ?)` + strings.Repeat(`, (?, ?, ?)`, 999))
	require.NoError(b, err)
	defer bare.Close()
	var ours, theirs time.Duration
	b.ResetTimer()
	for n := range int64(b.N) {
		c := subscription.Commit{Cursor: n + 1, At: time.UnixMicro(n)}
		for _, key := range keys {
			c.Events = append(c.Events, subscription.NewEvent{Key: key, Number: n + 1, Position: 1})
		}
		begin := processorTime()
		require.NoError(b, h.CommitEvents(ctx, l, c))
		l.Cursor = n + 1
		between := processorTime()
		ours += between - begin
		tx, err := h.db.Begin()
		require.NoError(b, err)
		insert := tx.Stmt(bare)
		for i := range int64(subscriptions / 1000) {
			var args []any
			for j := range int64(1000) {
				args = append(args, keys[i*1000+j], n, n)
			}
			_, err := insert.Exec(args...)
			require.NoError(b, err)
		}
		require.NoError(b, tx.Commit())
		theirs += processorTime() - between
	}
	b.ReportMetric(float64(ours)/float64(theirs), "x-bare")
	b.ReportMetric(ours.Seconds()*1000/float64(b.N), "cpu-ms/commit")
}

// BenchmarkHistory claims, reads, and finishes where much has been delivered before
// (C12): what it costs must not depend on it.
func BenchmarkHistory(b *testing.B) {
	const subscriptions = 1000
	for _, events := range []int{1000, 1_000_000} {
		b.Run(fmt.Sprint("events=", events), func(b *testing.B) {
			h := newHost(b)
			ctx := b.Context()
			keys := subscribe(b, h, subscriptions)
			for i := range 10 {
				require.NoError(b, h.Append(ctx, []subscription.Change{sample(i)}))
			}
			each := int64(events / subscriptions)
			_, err := h.db.Exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
				INSERT INTO carillon_event (subscription, number, position, redacted)
				SELECT s.key, n.i, 1 + n.i % 10, 0 FROM carillon_subscription s CROSS JOIN n`, each)
			require.NoError(b, err)
			_, err = h.db.Exec(`UPDATE carillon_delivery SET count = ?1, cursor = ?1`, each)
			require.NoError(b, err)
			l, err := h.Acquire(ctx, "s", "n", time.UnixMicro(0), time.UnixMicro(1))
			require.NoError(b, err)
			next := 0
			var took time.Duration
			for b.Loop() {
				c := subscription.Commit{Cursor: l.Cursor + 1, At: time.UnixMicro(int64(next))}
				for range 64 {
					number := each + 1 + int64(next/subscriptions)
					c.Events = append(c.Events, subscription.NewEvent{Key: keys[next%subscriptions], Number: number, Position: 1})
					next++
				}
				require.NoError(b, h.CommitEvents(ctx, l, c))
				l.Cursor++
				begin := time.Now()
				claims, _, err := h.Claim(ctx, "n", c.At, c.At.Add(time.Minute), 64)
				require.NoError(b, err)
				require.Len(b, claims, 64)
				var all sync.WaitGroup
				for _, c := range claims {
					all.Go(func() {
						_, err := h.ReadEvents(ctx, c.Key, c.Cursor+1, c.Frozen, 1)
						require.NoError(b, err)
						require.NoError(b, h.Finish(ctx, subscription.Outcome{
							Key: c.Key, Token: c.Token, At: time.UnixMicro(0), Status: c.Status, Cursor: c.Frozen, Eager: true,
						}))
					})
				}
				all.Wait()
				took += time.Since(begin)
			}
			b.ReportMetric(float64(took.Microseconds())/float64(next), "us/delivery")
		})
	}
}
