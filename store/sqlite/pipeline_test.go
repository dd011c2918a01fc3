package sqlite_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// processorTime is what the process has used so far.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// subscribe makes n active subscriptions that are due when events come, and returns
// their keys.
func subscribe(b *testing.B, h host, n int) []int64 {
	keys := make([]int64, n)
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() {
			r, err := h.PutSubscription(b.Context(), subscription.Record{
				Tenant: "t", ID: fmt.Sprint(i), Status: subscription.StatusActive, MaxCount: 1, Eager: true,
				Resource: json.RawMessage(`{"text":"` + strings.Repeat("x", 500) + `"}`),
			}, 0)
			require.NoError(b, err)
			keys[i] = r.Key
		})
	}
	all.Wait()
	return keys
}

// BenchmarkPipeline is the store's part of the engine at full load: 64 writers of
// changes, a sequencer, a deliverer with 64 workers; each change is an event for one
// subscription after the other.
func BenchmarkPipeline(b *testing.B) {
	for _, n := range []int{1000, 100_000} {
		b.Run(fmt.Sprint("subscriptions=", n), func(b *testing.B) { pipeline(b, n) })
	}
}

func pipeline(b *testing.B, subscriptions int) {
	const workers = 64
	h := newHost(b)
	ctx := b.Context()
	keys := subscribe(b, h, subscriptions)
	l, err := h.Acquire(ctx, "s", "n", time.Now(), time.Now().Add(time.Hour))
	require.NoError(b, err)
	change := sample(0)
	change.Resource = json.RawMessage(`{"text":"` + strings.Repeat("x", 2000) + `"}`)
	b.ReportAllocs()
	used := processorTime()
	b.ResetTimer()

	var all sync.WaitGroup
	var next atomic.Int64
	for range workers { // the hook
		all.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				c := change
				c.ResourceID, c.At = fmt.Sprint(i), time.Now()
				if err := h.Append(ctx, []subscription.Change{c}); err != nil {
					b.Error(err)
				}
			}
		})
	}
	committed := make(chan struct{}, 1)
	all.Go(func() { // the sequencer
		counts := make([]int64, subscriptions)
		for seen := 0; seen < b.N; {
			changes, err := h.ReadChanges(ctx, l.Cursor, 256)
			if err != nil {
				b.Error(err)
				return
			}
			if len(changes) == 0 {
				time.Sleep(time.Millisecond)
				continue
			}
			c := subscription.Commit{At: time.Now()}
			for _, change := range changes {
				c.Cursor = change.Position
				if change.ResourceType == "" {
					continue
				}
				i := seen % subscriptions
				seen++
				counts[i]++
				c.Events = append(c.Events, subscription.NewEvent{Key: keys[i], Number: counts[i], Position: change.Position})
			}
			if err := h.CommitEvents(ctx, l, c); err != nil {
				b.Error(err)
				return
			}
			l.Cursor = c.Cursor
			select {
			case committed <- struct{}{}:
			default:
			}
		}
	})
	var done atomic.Int64
	slots := make(chan struct{}, workers)
	finished := make(chan struct{}, 1)
	deliver := func(c subscription.Claim) {
		events, err := h.ReadEvents(ctx, c.Key, c.Cursor+1, c.Frozen, 100)
		if err != nil || len(events) != int(c.Frozen-c.Cursor) {
			b.Error(err, len(events))
		}
		if err := h.Finish(ctx, subscription.Outcome{
			Key: c.Key, Token: c.Token, At: time.Now(), Status: c.Status, Spec: c.Spec, Cursor: c.Frozen,
			SentAt: time.Now(), Eager: true,
		}); err != nil {
			b.Error(err)
		}
		done.Add(int64(len(events)))
	}
	all.Go(func() { // the deliverer
		for done.Load() < int64(b.N) && !b.Failed() {
			free := 0
			reserve := func() {
				for free < workers {
					select {
					case slots <- struct{}{}:
						free++
					default:
						return
					}
				}
			}
			if reserve(); free < workers/2 {
				time.Sleep(2 * time.Millisecond)
				reserve()
			}
			claims, _, err := h.Claim(ctx, "n", time.Now(), time.Now().Add(time.Minute), free)
			if err != nil {
				b.Error(err)
				return
			}
			for range free - len(claims) {
				<-slots
			}
			for _, c := range claims {
				all.Go(func() {
					deliver(c)
					<-slots
					select {
					case finished <- struct{}{}:
					default:
					}
				})
			}
			if len(claims) < free {
				wait, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
				select {
				case <-committed:
				case <-finished:
				case <-wait.Done():
				}
				cancel()
			}
		}
	})
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64((processorTime()-used).Microseconds())/float64(b.N), "cpu-us/event")
}
