package subscription_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

// What stalled receivers have not had lies in the store, which is in memory here.
func TestBacklogOfStalledReceivers(t *testing.T) { // R14
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		const stalled, changes = 1000, 100
		for range stalled {
			_, err := w.Create(t.Context(), "", json.RawMessage(subscriptionJSON(anyPatient)))
			require.NoError(t, err)
		}
		time.Sleep(time.Minute)
		w.peer.answerWith(func(ctx context.Context, _ int, a attempt) error { return hangs(ctx, a) })
		w.peer.forget()
		before := heap()
		for i := range changes {
			w.write("p", i+1)
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		w.peer.forget()
		grown := heap() - before
		list, err := w.store.ListSubscriptions(t.Context(), subscription.ListQuery{Limit: stalled})
		require.NoError(t, err)
		pending := int64(0)
		for _, r := range list {
			pending += r.Count - r.Cursor
		}
		t.Logf("R14 pending=%d heap=%+d KiB", pending, grown>>10)
		require.EqualValues(t, stalled*changes, pending)
		require.Less(t, grown, int64(32<<20))
		require.NoError(t, w.stop())
	})
}

// A tenant with a backlog takes turns with one that has hardly any.
func TestBacklogOfOneTenant(t *testing.T) { // R12
	synctest.Test(t, func(t *testing.T) {
		h := newHosts()
		w := newWorld(t, func(c *subscription.Config) { c.PerTenant = 64 })
		w.peer.answerWith(h.respond)
		for _, tenant := range []string{"a", "b"} {
			for i := range map[string]int{"a": 1000, "b": 10}[tenant] {
				_, err := w.Create(t.Context(), tenant, json.RawMessage(subscriptionJSON(anyPatient, endpoint(fmt.Sprint(tenant, i%100, ".example.org")))))
				require.NoError(t, err)
			}
		}
		time.Sleep(time.Minute)
		write := func(tenant string, version int) {
			c := patient("p", version)
			c.Tenant = tenant
			require.NoError(t, w.OnResourceChange(t.Context(), c))
		}
		for i := range 100 { // 100,000 for a
			write("a", i+1)
		}
		time.Sleep(500 * time.Millisecond) // it is busy with them
		w.peer.forget()
		written := time.Now()
		write("b", 1)
		time.Sleep(time.Second)
		done, others, served := time.Duration(0), 0, 0
		for _, a := range w.peer.seen(notification.EventNotification) {
			if a.target.Tenant == "b" {
				done = a.at.Sub(written)
				served++
			}
		}
		for _, a := range w.peer.seen(notification.EventNotification) {
			if a.target.Tenant == "a" && a.at.Sub(written) <= done {
				others++
			}
		}
		t.Logf("R12 pending=100000 b=%d in %v, meanwhile a=%d", served, done, others)
		require.Equal(t, 10, served)
		require.Less(t, done, 100*time.Millisecond, "each attempt takes 10 ms")
		require.NoError(t, w.stop())
	})
}

// While two tenants have a backlog, the larger one's share of the attempts is at most three
// quarters.
func TestShareOfTheLargerBacklog(t *testing.T) { // R12
	synctest.Test(t, func(t *testing.T) {
		h := newHosts()
		w := newWorld(t, func(c *subscription.Config) { c.PerTenant = 64 })
		w.peer.answerWith(h.respond)
		for _, tenant := range []string{"a", "b"} {
			for i := range map[string]int{"a": 1000, "b": 100}[tenant] {
				_, err := w.Create(t.Context(), tenant, json.RawMessage(subscriptionJSON(anyPatient, endpoint(fmt.Sprint(tenant, i%100, ".example.org")))))
				require.NoError(t, err)
			}
		}
		time.Sleep(time.Minute)
		w.peer.forget()
		for i := range 20 {
			for _, tenant := range []string{"a", "b"} {
				c := patient("p", i+1)
				c.Tenant = tenant
				require.NoError(t, w.OnResourceChange(t.Context(), c))
			}
		}
		time.Sleep(time.Minute)
		sent := w.peer.seen(notification.EventNotification)
		last, of := 0, map[string]int{}
		for i, a := range sent {
			if a.target.Tenant == "b" {
				last = i
			}
		}
		for _, a := range sent[:last+1] {
			of[a.target.Tenant]++
		}
		share := float64(of["a"]) / float64(of["a"]+of["b"])
		t.Logf("R12 pending a=20000 b=2000: while both pend a=%d b=%d share=%.0f%%", of["a"], of["b"], 100*share)
		require.Equal(t, 2000, of["b"])
		require.LessOrEqual(t, share, .75)
		require.NoError(t, w.stop())
	})
}

// However two nodes, events and failures fall, heartbeats come when it was quiet, and one
// at a time.
// spec: HB-02
func TestHeartbeatsOfManyRuns(t *testing.T) { // N10
	t.Parallel()
	runs, beats, early, late := 100, 0, 0, 0
	for seed := range uint64(runs) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 10))
			period, events, poll := time.Minute, 10, time.Second
			if seed%25 == 0 {
				period, events, poll = 24*time.Hour, 1, 20*time.Second
			}
			a, b := twoNodes(t, newSharedStore(1), func(c *subscription.Config) { c.Poll = poll })
			id := a.subscribe(anyPatient, channelExtension("backport-heartbeat-period", "valueUnsignedInt", int(period.Seconds())))
			for i := range events {
				time.Sleep(time.Duration(random.Int64N(int64(2 * period))))
				a.write("p", i+1, id)
			}
			time.Sleep(2 * period)
			require.NoError(t, errors.Join(a.stop(), b.stop()))
			a.peer.mu.Lock()
			defer a.peer.mu.Unlock()
			for i, sent := range a.peer.attempts[1:] {
				gap := sent.at.Sub(a.peer.attempts[i].at)
				if gap > period+2*poll {
					late++
				}
				if sent.Type == notification.Heartbeat {
					beats++
					if gap < period-time.Microsecond { // which is how exactly times are stored
						early++
					}
				}
			}
		})
	}
	t.Logf("N10 runs=%d heartbeats=%d early=%d late=%d", runs, beats, early, late)
	require.Zero(t, early)
	require.Zero(t, late)
	require.Greater(t, beats, runs)
}
