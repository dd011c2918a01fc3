package storetest

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// Bench measures what the engine asks of a store, under the names that every store's
// figures have, so that they can be compared:
//
//	func BenchmarkStore(b *testing.B) { storetest.Bench(b, harness) }
//
// An event of Deliver and Pipeline is one of 1 KB. History reports the time of claims
// and reads after many events have been, over that after few: about 1 is what C12 of
// the delivery contract's tests asks for. CARILLON_SOAK=1 gives it the full length,
// which takes minutes to fill.
func Bench(b *testing.B, h Harness) {
	for _, n := range []int{1, 64} {
		b.Run(fmt.Sprint("Append/callers=", n), func(b *testing.B) { benchAppend(b, h, n) })
	}
	b.Run("CommitEvents/256x1", func(b *testing.B) { benchCommit(b, h, 256, 256) })
	b.Run("CommitEvents/1x10000", func(b *testing.B) { benchCommit(b, h, 1, 10_000) })
	b.Run("Deliver/workers=64", func(b *testing.B) { benchDeliver(b, h) })
	b.Run("Positions/10000", func(b *testing.B) { benchPositions(b, h) })
	b.Run("Pipeline", func(b *testing.B) { benchPipeline(b, h) })
	b.Run("History", func(b *testing.B) { benchHistory(b, h) })
}

// workers is how many attempts the engine has under way at once.
const workers = 64

// sample is a change with a resource of 1 KB.
func sample(i int) subscription.Change {
	c := observation(fmt.Sprint(i), start)
	c.Resource = json.RawMessage(`{"text":"` + strings.Repeat("x", 1000) + `"}`)
	return c
}

// callers calls f for 0 to total-1 in n goroutines.
func callers(n, total int, f func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			for i := int(next.Add(1)); i <= total; i = int(next.Add(1)) {
				f(i - 1)
			}
		})
	}
	wg.Wait()
}

// newBench returns a world with a lease and n eager subscriptions, whose creation is
// sequenced.
func newBench(b *testing.B, h Harness, n int) (*world, []int64) {
	w := newWorld(b, h)
	keys := make([]int64, n)
	callers(workers, n, func(i int) {
		r := record(fmt.Sprint(i))
		r.Spec = nil
		put, err := w.store.PutSubscription(w.ctx, r, 0)
		if err != nil {
			b.Error(err)
		}
		keys[i] = put.Key
	})
	w.lease = w.acquire("sequencer", "a", start, minute(1))
	return w, keys
}

// record sequences the n changes that follow: each of keys gets one event, the changes
// take turns.
func (w *world) record(n int, keys []int64, counts map[int64]int64) {
	changes, err := w.store.ReadChanges(w.ctx, w.lease.Cursor, n)
	require.NoError(w, err)
	require.Len(w, changes, n)
	c := subscription.Commit{Cursor: changes[n-1].Position, At: start}
	for i, key := range keys {
		counts[key]++
		c.Events = append(c.Events, subscription.NewEvent{Key: key, Number: counts[key], Position: changes[i%n].Position})
	}
	w.commit(c)
}

// deliverAll claims, reads and finishes all that is due, as 64 attempts at once do.
func (w *world) deliverAll() (events int) {
	for {
		claims, _, err := w.store.Claim(w.ctx, "a", start, minute(1), workers)
		require.NoError(w, err)
		if len(claims) == 0 {
			return events
		}
		var delivered atomic.Int64
		callers(len(claims), len(claims), func(i int) {
			c := claims[i]
			read, err := w.store.ReadEvents(w.ctx, c.Key, c.Cursor+1, c.Frozen, int(c.Frozen-c.Cursor))
			if err != nil {
				w.Error(err)
			}
			delivered.Add(int64(len(read)))
			o := outcome(c, start)
			o.Cursor, o.Frozen, o.Due = c.Frozen, 0, time.Time{}
			if err := w.store.Finish(w.ctx, o); err != nil {
				w.Error(err)
			}
		})
		events += int(delivered.Load())
	}
}

func perSecond(b *testing.B, n int, unit string) {
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), unit)
}

func benchAppend(b *testing.B, h Harness, n int) {
	w := newWorld(b, h)
	b.ReportAllocs()
	b.ResetTimer()
	callers(n, b.N, func(i int) {
		if err := w.store.Append(w.ctx, []subscription.Change{sample(i)}); err != nil {
			b.Error(err)
		}
	})
	perSecond(b, b.N, "writes/s")
}

// appendAll appends n changes by as many callers as the engine's hosts have.
func (w *world) appendAll(n int) {
	callers(workers, n, func(i int) {
		if err := w.store.Append(w.ctx, []subscription.Change{sample(i)}); err != nil {
			w.Error(err)
		}
	})
}

func benchCommit(b *testing.B, h Harness, changes, subscriptions int) {
	w, keys := newBench(b, h, subscriptions)
	counts := map[int64]int64{}
	b.ResetTimer()
	for range b.N {
		b.StopTimer()
		w.appendAll(changes)
		b.StartTimer()
		w.record(changes, keys, counts)
	}
	perSecond(b, b.N*subscriptions, "events/s")
}

func benchDeliver(b *testing.B, h Harness) {
	w, keys := newBench(b, h, 1024)
	counts := map[int64]int64{}
	b.ResetTimer()
	events := 0
	for range b.N {
		b.StopTimer()
		w.appendAll(256)
		w.record(256, keys, counts)
		b.StartTimer()
		events += w.deliverAll()
	}
	perSecond(b, events, "events/s")
}

func benchPipeline(b *testing.B, h Harness) {
	w, keys := newBench(b, h, 256)
	counts := map[int64]int64{}
	b.ResetTimer()
	events := 0
	for range b.N {
		w.appendAll(256)
		w.record(256, keys, counts)
		events += w.deliverAll()
	}
	perSecond(b, events, "events/s")
}

// benchHistory is C12 of docs/delivery-rows.md.
func benchHistory(b *testing.B, h Harness) {
	subscriptions, few, many := 2000, 1000, 20_000
	if os.Getenv("CARILLON_SOAK") != "" {
		subscriptions, many = 100_000, 1_000_000
	}
	w, keys := newBench(b, h, subscriptions)
	counts := map[int64]int64{}
	offset, total := 0, 0
	round := func() { // one change that is an event of 64 subscriptions
		w.appendAll(1)
		due := make([]int64, workers)
		for i := range due {
			due[i] = keys[(offset+i)%len(keys)]
		}
		offset += workers
		w.record(1, due, counts)
	}
	fill := func(n int) {
		for ; total < n; total += workers {
			round()
			w.deliverAll()
		}
	}
	measure := func() time.Duration {
		best := time.Duration(0)
		for range 5 { // the least disturbed of a few
			spent := time.Duration(0)
			for range 10 {
				round()
				total += workers
				begun := time.Now()
				w.deliverAll()
				spent += time.Since(begun)
			}
			if best == 0 || spent < best {
				best = spent
			}
		}
		return best
	}
	b.ResetTimer()
	ratio := 0.0
	for range b.N {
		fill(few)
		young := measure()
		fill(many)
		if ratio == 0 { // a second round would find everything old
			ratio = float64(measure()) / float64(young)
		}
	}
	b.ReportMetric(ratio, "ratio")
	b.ReportMetric(float64(total), "events")
	b.ReportMetric(0, "ns/op")
}

// benchPositions looks at 10,000 subscriptions whose subscribers are connected, and says
// that each of them has got an event.
func benchPositions(b *testing.B, h Harness) {
	w, keys := newBench(b, h, 10_000)
	counts := map[int64]int64{}
	var looking, advancing time.Duration
	for b.Loop() {
		b.StopTimer()
		w.append(sample(0))
		w.record(1, keys, counts)
		progress := make([]subscription.Progress, len(keys))
		for i, key := range keys {
			progress[i] = subscription.Progress{Key: key, Cursor: counts[key], At: start}
		}
		b.StartTimer()
		began := time.Now()
		if len(w.positions(keys...)) != len(keys) {
			b.Fatal("some are missing")
		}
		looked := time.Now()
		w.advance(progress...)
		looking += looked.Sub(began)
		advancing += time.Since(looked)
	}
	b.ReportMetric(looking.Seconds()*1e3/float64(b.N), "ms/positions")
	b.ReportMetric(advancing.Seconds()*1e3/float64(b.N), "ms/advance")
}
