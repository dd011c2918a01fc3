package subscription_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/faulty"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

// A write of the host is told no more slowly because 100,000 events wait for receivers that
// keep silent: it makes the same calls of the store and as many allocations. How long it takes
// is printed, of both in turn, and decides nothing: the machine may be busy.
func TestHookBesideABacklog(t *testing.T) { // R14
	const subscriptions, changes = 1000, 100
	type host struct {
		*world
		process *faulty.Process
		took    []time.Duration
	}
	start := func(stalled bool) *host {
		h := &host{world: &world{t: t, store: memory.New(), peer: new(peer)}, process: faulty.NewProcess(nil)}
		h.start(func(c *subscription.Config) { c.Store, c.DrainTimeout = h.process.Store(h.store), time.Millisecond })
		for range subscriptions {
			_, err := h.Create(t.Context(), "", json.RawMessage(subscriptionJSON(anyPatient, filter("Patient?gender=female"))))
			require.NoError(t, err)
		}
		h.until(func(r subscription.Record) bool { return r.Status == subscription.StatusActive })
		h.peer.answerWith(func(ctx context.Context, _ int, a attempt) error {
			if stalled {
				return hangs(ctx, a)
			}
			return nil
		})
		if stalled {
			for i := range changes {
				require.NoError(t, h.OnResourceChange(t.Context(), patient("p", i+1)))
			}
			h.until(func(r subscription.Record) bool { return r.Count == changes })
			require.Eventually(t, func() bool { return len(h.peer.seen(notification.EventNotification)) > 0 }, time.Minute, time.Millisecond)
		}
		return h
	}
	well, stalled := start(false), start(true)
	man := subscription.ResourceChange{ // triggers the topic, and is nobody's
		Interaction: subscription.Create, Resource: json.RawMessage(`{"resourceType":"Patient","id":"m","gender":"male"}`)}
	for i := range 4000 {
		h := []*host{well, stalled}[i%2]
		began := time.Now()
		require.NoError(t, h.OnResourceChange(t.Context(), man))
		h.took = append(h.took, time.Since(began))
	}
	p99 := func(h *host) time.Duration {
		slices.Sort(h.took)
		return h.took[len(h.took)*99/100]
	}
	ratio := float64(p99(stalled)) / float64(p99(well))
	require.NoError(t, well.stop())
	require.NoError(t, stalled.stop())
	cost := func(h *host) (calls []string, allocations float64) {
		before := len(h.process.Calls())
		require.NoError(t, h.OnResourceChange(t.Context(), man))
		return h.process.Calls()[before:], testing.AllocsPerRun(200, func() { _ = h.OnResourceChange(context.Background(), man) })
	}
	calls, allocations := cost(well)
	callsBeside, allocationsBeside := cost(stalled)
	require.Len(t, calls, 1)
	require.Equal(t, calls, callsBeside)
	require.LessOrEqual(t, allocationsBeside, allocations+1)
	t.Logf("R14 hook beside %d pending: calls=%v allocations=%.0f (without: %v, %.0f) p99 ratio=%.2f", subscriptions*changes, callsBeside, allocationsBeside, calls, allocations, ratio)
}

// until waits for all Subscriptions.
func (w *world) until(reached func(subscription.Record) bool) {
	w.t.Helper()
	require.Eventually(w.t, func() bool {
		list, err := w.store.ListSubscriptions(w.t.Context(), subscription.ListQuery{Limit: 10000})
		return err == nil && !slices.ContainsFunc(list, func(r subscription.Record) bool { return !reached(r) })
	}, time.Minute, time.Millisecond)
}
