package subscription_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
)

// latency writes an event for each of the given hosts every second, and returns the 99th
// percentile of the time until its attempt begins.
func latency(w *world, h *hosts, ids, names []string, seconds int) (p99 time.Duration) {
	first := map[string]int{}
	for _, name := range names {
		first[name] = len(h.began(name))
	}
	var all []time.Duration
	written := make([]time.Time, seconds)
	for i := range seconds {
		written[i] = time.Now()
		w.write("p", i+1, ids...)
		time.Sleep(time.Second)
	}
	time.Sleep(time.Minute)
	for _, name := range names {
		began := h.began(name)[first[name]:]
		require.Len(w.t, began, seconds)
		for i, at := range began {
			all = append(all, at.Sub(written[i]))
		}
	}
	slices.Sort(all)
	return all[len(all)*99/100]
}

// gathered is for how long a busy engine waits for more to claim, and sequence.
const gathered = 10 * time.Millisecond

// Many hosts that hang hold half of the attempts at most, whether they never answered or
// did so until a while ago.
func TestHangingHostsLeaveHalfOfTheAttempts(t *testing.T) { // R11, R13 for many hosts
	run := func(hanging int, everAnswered bool) (p99 time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			w, h := newWorld(t), newHosts()
			w.peer.answerWith(h.respond)
			var ids, names []string
			for i := range 20 {
				names = append(names, fmt.Sprint("well", i, ".example.org"))
				ids = append(ids, w.subscribe(anyPatient, endpoint(names[i])))
			}
			time.Sleep(time.Minute)
			if !everAnswered {
				w.peer.answerWith(func(ctx context.Context, n int, a attempt) error {
					if a.Type == notification.Handshake {
						return hangs(ctx, a)
					}
					return h.respond(ctx, n, a)
				})
			}
			for i := range hanging {
				name := fmt.Sprint("hangs", i, ".example.org")
				h.set(name, hangs)
				w.subscribe(anyPatient, endpoint(name))
			}
			time.Sleep(time.Minute)
			if everAnswered { // until an event comes
				w.write("q", 1, ids...)
				time.Sleep(45 * time.Second)
			}
			p99 = latency(w, h, ids, names, 60)
			require.NoError(t, w.stop())
		})
		return p99
	}
	well := run(0, true)
	never, once := run(300, false), run(64, true)
	t.Logf("R11 hanging=300 p99=%v, 64 after they answered p99=%v, without p99=%v", never, once, well)
	require.LessOrEqual(t, never, 2*well+gathered)
	require.LessOrEqual(t, once, 2*well+gathered)
}

// As many quick hosts as there are attempts hang at one moment: within about a second, half of
// the attempts are free again, what was ended is no failure of theirs, and nobody else waits
// for their deadline.
func TestHostsThatGoDarkTogether(t *testing.T) { // R11
	for _, dark := range []int{64, 300} {
		synctest.Test(t, func(t *testing.T) {
			w, h := newWorld(t), newHosts()
			w.peer.answerWith(h.respond)
			var ids, names, well []string
			for i := range dark {
				names = append(names, fmt.Sprint("dark", i, ".example.org"))
				ids = append(ids, w.subscribe(anyPatient, endpoint(names[i])))
			}
			for i := range 20 {
				well = append(well, fmt.Sprint("well", i, ".example.org"))
				ids = append(ids, w.subscribe(anyPatient, endpoint(well[i])))
			}
			time.Sleep(time.Minute)
			w.write("q", 1, ids...)
			time.Sleep(time.Minute)
			var most atomic.Int64
			for _, name := range names {
				h.set(name, func(ctx context.Context, a attempt) error {
					most.Store(max(most.Load(), h.all()))
					return hangs(ctx, a)
				})
			}
			written := time.Now()
			w.write("q", 2, ids...)
			time.Sleep(15 * time.Second)
			var slowest time.Duration
			for _, name := range well {
				began := h.began(name)
				require.Len(t, began, 2)
				slowest = max(slowest, began[1].Sub(written))
			}
			bound := time.Duration(dark/32+1) * time.Second // in which each was tried for a second once
			require.Less(t, slowest, bound)
			require.LessOrEqual(t, most.Load(), int64(64))
			for _, id := range ids {
				r, err := w.store.GetSubscription(t.Context(), "", id)
				require.NoError(t, err)
				require.Zero(t, r.Attempt, "none has come to its deadline yet")
			}
			p99 := latency(w, h, ids, well, 30)
			t.Logf("R11 dark at once=%d slowest=%v, then p99=%v, most under way=%d", dark, slowest, p99, most.Load())
			require.LessOrEqual(t, p99, 100*time.Millisecond)
			for _, name := range names {
				h.set(name, nil)
			}
			time.Sleep(30 * time.Minute)
			require.True(t, w.peer.checker.Complete(), "%v", w.peer.checker.Report())
			require.NoError(t, w.peer.checker.Report().Err())
			require.NoError(t, w.stop())
		})
	}
}
