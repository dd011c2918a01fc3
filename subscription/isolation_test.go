package subscription_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

func TestHangingHostHasFewAttempts(t *testing.T) { // R13
	synctest.Test(t, func(t *testing.T) {
		w, h := newWorld(t), newHosts()
		w.peer.answerWith(h.respond)
		var stuck, fine []string
		for range 200 {
			stuck = append(stuck, w.subscribe(anyPatient, endpoint("hangs.example.org")))
		}
		for i := range 20 {
			fine = append(fine, w.subscribe(anyPatient, endpoint(fmt.Sprint("fine", i, ".example.org"))))
		}
		time.Sleep(time.Minute)
		h.set("hangs.example.org", hangs)
		var slowest time.Duration
		for i := range 10 {
			written := time.Now()
			w.write("p", i+1, append(fine, stuck...)...)
			time.Sleep(3 * time.Second)
			for j := range fine {
				began := h.began(fmt.Sprint("fine", j, ".example.org"))
				require.Len(t, began, i+1, "every event of the others arrives meanwhile")
				slowest = max(slowest, began[i].Sub(written))
			}
		}
		require.Equal(t, 8, h.most["hangs.example.org"])
		require.Less(t, slowest, time.Second)
		h.set("hangs.example.org", nil)
		time.Sleep(30 * time.Minute)
		require.True(t, w.peer.checker.Complete(), "%v", w.peer.checker.Report())
		require.NoError(t, w.peer.checker.Report().Err())
		t.Logf("R13 subscriptions=%d most=%d slowest=%v", len(stuck), h.most["hangs.example.org"], slowest)
		require.NoError(t, w.stop())
	})
}

func TestDeadAndSlowEndpointsHurtNobody(t *testing.T) { // R11
	t.Parallel()
	latencies := func(sick bool) (p99 time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			w, h := newWorld(t), newHosts()
			w.peer.answerWith(h.respond)
			var ids []string
			for i := range 100 {
				ids = append(ids, w.subscribe(anyPatient, endpoint(fmt.Sprint("h", i, ".example.org"))))
			}
			time.Sleep(time.Minute)
			if sick {
				h.set("h0.example.org", func(context.Context, attempt) error { return errRefused })
				h.set("h1.example.org", func(context.Context, attempt) error { time.Sleep(29 * time.Second); return nil })
			}
			var all []time.Duration
			for i := range 60 {
				written := time.Now()
				w.write("p", i+1, ids...)
				time.Sleep(time.Second)
				for j := 2; j < 100; j++ {
					began := h.began(fmt.Sprint("h", j, ".example.org"))
					require.Len(t, began, i+1)
					all = append(all, began[i].Sub(written))
				}
			}
			slices.Sort(all)
			p99 = all[len(all)*99/100]
			require.NoError(t, w.stop())
		})
		return p99
	}
	well, sick := latencies(false), latencies(true)
	t.Logf("R11 healthy=98 p99=%v without=%v", sick, well)
	require.LessOrEqual(t, sick, 2*well)
}

func TestHostThatIsDownForSixHours(t *testing.T) { // R15
	synctest.Test(t, func(t *testing.T) {
		w, h := newWorld(t), newHosts()
		w.peer.answerWith(h.respond)
		var ids []string
		for range 50 {
			ids = append(ids, w.subscribe(anyPatient, endpoint("down.example.org")))
		}
		time.Sleep(time.Minute)
		h.set("down.example.org", func(context.Context, attempt) error { return errRefused })
		for i := range 72 {
			w.write("p", i+1, ids...)
			time.Sleep(5 * time.Minute)
		}
		tries := h.began("down.example.org")
		least := time.Hour
		for i := 58; i < len(tries); i++ { // the first 8 at once, before anybody knew
			least = min(least, tries[i].Sub(tries[i-1]))
		}
		require.GreaterOrEqual(t, least, time.Minute)
		require.Less(t, len(tries), 6*60+58)
		h.set("down.example.org", nil)
		time.Sleep(90 * time.Second)
		first := h.began("down.example.org")[len(tries)]
		time.Sleep(2 * time.Minute)
		require.True(t, w.peer.checker.Complete(), "all within minutes of %v: %v", first, w.peer.checker.Report())
		require.NoError(t, w.peer.checker.Report().Err())
		t.Logf("R15 probes=%d least=%v", len(tries), least)
		require.NoError(t, w.stop())
	})
}

// One who fails at a host that is well keeps to the schedule, however often the
// others there succeed.
func TestSickSubscriptionAtAHealthyHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withRetry(10*time.Second, 20*time.Second, 50*time.Second))
		sick, well := w.subscribe(anyPatient), w.subscribe(anyPatient)
		later := w.subscribe(anyPatient)
		time.Sleep(time.Minute)
		began := time.Now()
		var mu sync.Mutex
		tries := map[string][]time.Duration{}
		w.peer.answerWith(func(_ context.Context, _ int, a attempt) error {
			mu.Lock()
			defer mu.Unlock()
			tries[a.target.Subscription] = append(tries[a.target.Subscription], time.Since(began))
			switch a.target.Subscription {
			case sick:
				return errRefused
			case later:
				return subscription.RetryAfter(errRefused, time.Hour)
			}
			return nil
		})
		for i := range 300 {
			w.write("p", i+1, well)
			time.Sleep(time.Second)
		}
		require.NoError(t, w.stop())
		require.Len(t, tries[well], 300)
		require.Equal(t, "error no-response", w.status(sick))
		require.Len(t, tries[sick], 4)
		for i, at := range []time.Duration{0, 10 * time.Second, 30 * time.Second, 80 * time.Second} {
			require.InDelta(t, at, tries[sick][i], float64(at/4+time.Second))
		}
		require.Len(t, tries[later], 1)
	})
}

// A host that answers with errors is not a host that does not answer: whose path is
// well is served at once.
func TestErrorsOfOneAreNotTheHosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var sick []string
		for range 10 {
			sick = append(sick, w.subscribe(anyPatient))
		}
		well := w.subscribe(anyPatient, filter("gender=female"), filter("_id=rare"))
		time.Sleep(time.Minute)
		w.peer.answerWith(func(_ context.Context, _ int, a attempt) error {
			if slices.Contains(sick, a.target.Subscription) {
				return answered{}
			}
			return nil
		})
		w.write("p", 1)
		time.Sleep(10 * time.Second) // a broken host would be tried a minute after its fifth failure
		w.write("rare", 1)
		time.Sleep(time.Second)
		require.Equal(t, 1, w.peer.checker.Received(well))
		require.NoError(t, w.stop())
	})
}

func TestBudgetThatIsUsedUp(t *testing.T) { // R16, for many at one host
	synctest.Test(t, func(t *testing.T) {
		told := map[string]int{}
		var mu sync.Mutex
		w := newWorld(t, withRetry(time.Second, 2*time.Second, 5*time.Second), func(c *subscription.Config) {
			c.OnStatus = func(_ context.Context, s subscription.StatusUpdate) error {
				mu.Lock()
				defer mu.Unlock()
				if s.Status == subscription.StatusError {
					told[s.ID]++
				}
				return nil
			}
		})
		h := newHosts()
		w.peer.answerWith(h.respond)
		var ids []string
		for range 100 {
			ids = append(ids, w.subscribe(anyPatient, endpoint("dead.example.org")))
		}
		time.Sleep(time.Minute)
		h.set("dead.example.org", func(context.Context, attempt) error { return errRefused })
		w.write("p", 1, ids...)
		time.Sleep(time.Minute)
		for _, id := range ids {
			require.Equal(t, "error no-response", w.status(id))
			require.Equal(t, 1, told[id])
		}
		tries := len(h.began("dead.example.org"))
		w.write("p", 2, ids...)
		time.Sleep(24 * time.Hour)
		require.Len(t, h.began("dead.example.org"), tries, "nothing is sent in error")
		h.set("dead.example.org", nil)
		for _, id := range ids {
			_, _, err := w.Update(t.Context(), "", id, json.RawMessage(subscriptionJSON(anyPatient, set("id", id), endpoint("dead.example.org"))), "")
			require.NoError(t, err)
		}
		time.Sleep(time.Minute)
		require.True(t, w.peer.checker.Complete())
		require.NoError(t, w.peer.checker.Report().Err())
		t.Logf("R16 subscriptions=%d attempts=%d", len(ids), tries)
		require.NoError(t, w.stop())
	})
}

func TestHandshakesAreNoCannon(t *testing.T) { // S10
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var shots atomic.Int64
		w.peer.answerWith(func(context.Context, int, attempt) error { shots.Add(1); return errRefused })
		const creates = 10000
		ids := make([]string, 0, 100)
		for i := range creates {
			if i < 100 {
				ids = append(ids, w.subscribe(anyPatient, endpoint("Victim.example.org:8443")))
				continue
			}
			id := ids[i%100]
			_, _, err := w.Update(t.Context(), "", id, json.RawMessage(subscriptionJSON(anyPatient, set("id", id), endpoint(fmt.Sprint("victim.example.org:", 8000+i)))), "")
			require.NoError(t, err)
			if i%20 == 0 {
				time.Sleep(2 * time.Second)
			}
		}
		time.Sleep(10 * time.Minute)
		require.LessOrEqual(t, shots.Load(), int64(1008)) // those under way when the cap was reached included
		require.Greater(t, shots.Load(), int64(500))
		require.Equal(t, "error too-many-handshakes", w.status(ids[0]))
		w.peer.answerWith(nil)
		require.Equal(t, "active", w.status(w.subscribe(anyPatient, endpoint("other.example.org"))))
		time.Sleep(time.Hour)
		require.Equal(t, "active", w.status(w.subscribe(anyPatient, endpoint("victim.example.org:8443"))))
		t.Logf("S10 creates=%d handshakes=%d", creates, shots.Load())
		require.NoError(t, w.stop())
	})
}

func TestTenantsHaveTheirOwnShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, h := newWorld(t), newHosts()
		w.peer.answerWith(h.respond)
		create := func(tenant, host string) {
			_, err := w.Create(t.Context(), tenant, json.RawMessage(subscriptionJSON(anyPatient, endpoint(host))))
			require.NoError(t, err)
		}
		for i := range 60 {
			create("greedy", fmt.Sprint("g", i, ".example.org"))
		}
		create("modest", "m.example.org")
		time.Sleep(time.Minute)
		for i := range 60 {
			h.set(fmt.Sprint("g", i, ".example.org"), hangs)
		}
		write := func(tenant string, version int) {
			c := patient("p", version)
			c.Tenant = tenant
			require.NoError(t, w.OnResourceChange(t.Context(), c))
		}
		write("greedy", 1)
		time.Sleep(5 * time.Second)
		under := 0
		h.mu.Lock()
		for host, n := range h.under {
			if strings.HasPrefix(host, "g") {
				under += n
			}
		}
		h.mu.Unlock()
		require.Equal(t, 16, under)
		write("modest", 1)
		time.Sleep(time.Second)
		require.Len(t, h.began("m.example.org"), 1)
		require.NoError(t, w.stop())
	})
}

// stuckStore records nothing while it is told so.
type stuckStore struct {
	subscription.Store
	stuck atomic.Bool
}

func (s *stuckStore) Finish(ctx context.Context, o subscription.Outcome) error {
	if s.stuck.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	return s.Store.Finish(ctx, o)
}

// What the store can't record is not sent on and on: as much as is in hand, and no
// more.
func TestStoreThatRecordsNothingIsNotOutrun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &stuckStore{Store: memory.New()}
		w := newWorld(t, func(c *subscription.Config) { c.Store, c.Concurrency, c.PerHost = store, 4, 4 })
		var ids []string
		for range 200 {
			ids = append(ids, w.subscribe(anyPatient))
		}
		time.Sleep(time.Minute)
		store.stuck.Store(true)
		w.write("p", 1, ids...)
		time.Sleep(25 * time.Second)
		require.LessOrEqual(t, len(w.peer.seen(notification.EventNotification)), 16)
		store.stuck.Store(false)
		w.peer.checker.Excuse(16)
		time.Sleep(10 * time.Minute)
		require.True(t, w.peer.checker.Complete())
		require.NoError(t, w.peer.checker.Report().Err())
		require.NoError(t, w.stop())
	})
}
