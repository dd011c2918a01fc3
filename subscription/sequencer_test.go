package subscription_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/invariant"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

// A subscription gets exactly the changes after its own place in the log, wherever
// the sequencer stands when it is created.
func TestSubscriptionBetweenAChangeAndItsSequencing(t *testing.T) { // N17
	const interleavings = 300
	for seed := range uint64(interleavings) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 17))
			w := newWorld(t)
			require.NoError(t, w.stop())
			var ids []string
			for i := range 20 {
				switch random.IntN(4) {
				case 0:
					s, err := w.Create(t.Context(), "", json.RawMessage(subscriptionJSON(anyPatient)))
					require.NoError(t, err)
					ids = append(ids, s.ID)
				case 1:
					w.start()
					synctest.Wait()
					require.NoError(t, w.stop())
				default:
					w.write(fmt.Sprint("p", i), 1, ids...)
				}
			}
			w.start()
			time.Sleep(time.Minute)
			require.NoError(t, w.peer.checker.Report().Err(), "seed %d", seed)
			require.True(t, w.peer.checker.Complete(), "seed %d", seed)
			require.NoError(t, w.stop())
		})
	}
}

func TestFiltersDecide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		all := w.subscribe(anyPatient)
		typed := w.subscribe(anyPatient, filter("Patient?gender=female"))
		plain := w.subscribe(anyPatient, filter("gender=female,other"))
		both := w.subscribe(anyPatient, filter("gender=female", "_id=p2"))
		w.subscribe(anyPatient, filter("gender=male"))
		w.write("p1", 1, all, typed, plain)
		w.write("p2", 1, all, typed, plain, both)
		time.Sleep(time.Second)
		require.NoError(t, w.peer.checker.Report().Err())
		require.True(t, w.peer.checker.Complete())
	})
}

func TestTenantsNeverMeet(t *testing.T) { // C15
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		raw := json.RawMessage(subscriptionJSON(anyPatient, set("id", "same")))
		for _, tenant := range []string{"a", "b"} {
			_, _, err := w.Update(t.Context(), tenant, "same", raw, "")
			require.NoError(t, err)
		}
		synctest.Wait()
		change := patient("p", 1)
		change.Tenant = "a"
		require.NoError(t, w.OnResourceChange(t.Context(), change))
		time.Sleep(time.Second)
		events := w.peer.seen(notification.EventNotification)
		require.Len(t, events, 1)
		require.Equal(t, "a", events[0].target.Tenant)
		require.NoError(t, w.Delete(t.Context(), "a", "same", ""))
		_, err := w.Get(t.Context(), "b", "same")
		require.NoError(t, err)
		found, err := w.Search(t.Context(), "a", nil)
		require.NoError(t, err)
		require.Zero(t, found.Total)
	})
}

// policy answers by the resource's id.
type policy struct {
	subscription.InsecureAllowAll
	mu       sync.Mutex
	failures int
}

func (p *policy) AuthorizeEvent(_ context.Context, focus json.RawMessage, subs []*subscription.Subscription) ([]subscription.Verdict, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var resource struct{ ID string }
	if err := json.Unmarshal(focus, &resource); err != nil {
		return nil, err
	}
	if resource.ID == "flaky" && p.failures > 0 {
		if p.failures--; p.failures%2 == 0 {
			panic("the host's mistake")
		}
		return nil, errors.New("the policy server is away")
	}
	verdicts := make([]subscription.Verdict, len(subs))
	for i := range subs {
		verdicts[i] = map[string]subscription.Verdict{"denied": subscription.Deny, "redacted": subscription.Redact}[resource.ID]
		if resource.ID == "flaky" || resource.ID == "allowed" || resource.ID == canary {
			verdicts[i] = subscription.Allow
		}
		if subs[i].ID == "" {
			return nil, errors.New("the subscription has no id")
		}
	}
	return verdicts, nil
}

// spec: SEC-01, SEC-02
func TestAuthorizerDecides(t *testing.T) { // A1
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *subscription.Config) { c.Authorizer = &policy{failures: 4} })
		w.subscribe(anyPatient)
		for _, id := range []string{"allowed", "denied", "flaky", "redacted"} {
			w.write(id, 1)
		}
		time.Sleep(time.Minute)
		events := w.peer.seen(notification.EventNotification)
		require.Equal(t, []int64{1, 2, 3}, numbers(events), "what is denied has no number")
		require.Contains(t, string(events[0].body), "Patient/allowed")
		require.Contains(t, string(events[1].body), "Patient/flaky")
		require.NotContains(t, string(events[2].body), "redacted")
		require.Empty(t, events[2].Events[0].Focus.FullURL)
	})
}

// Two engines share a store; whichever dies is replaced, and one that comes back
// can't write what it remembers.
func TestTwoNodesKeepThePromise(t *testing.T) { // C14, N1 in small
	synctest.Test(t, func(t *testing.T) {
		a := newWorld(t, func(c *subscription.Config) { c.Lease, c.SendTimeout = 5*time.Second, 4*time.Second })
		b := &world{t: t, store: a.store, peer: a.peer}
		second := func(c *subscription.Config) { c.Lease, c.SendTimeout, c.Node = 5*time.Second, 4*time.Second, "b" }
		b.start(second)
		ids := []string{a.subscribe(anyPatient), b.subscribe(anyPatient)}
		for i := range 200 {
			if i%2 == 0 {
				a.write("p", i+1, ids...)
			} else {
				b.write("p", i+1, ids...)
			}
			switch i % 40 {
			case 10:
				require.NoError(t, a.stop())
			case 20:
				a.start(func(c *subscription.Config) { c.Lease, c.SendTimeout = 5*time.Second, 4*time.Second })
			case 30:
				require.NoError(t, b.stop())
				b.start(second)
			}
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		require.True(t, a.peer.checker.Complete())
		require.NoError(t, a.peer.checker.Report().Err())
		t.Log("C14", a.peer.checker.Report())
		require.NoError(t, a.stop())
		require.NoError(t, b.stop())
	})
}

// A process that dies keeps its leases until they run out; nothing of what it had
// recorded is lost, and nothing is numbered again.
func TestAnotherNodeTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.subscribe(anyPatient)
		now := time.Now()
		require.NoError(t, w.stop())
		w.write("p", 1, id)
		_, err := w.store.Acquire(t.Context(), "sequencer", "dead", now, now.Add(time.Minute))
		require.NoError(t, err)
		w.start()
		time.Sleep(30 * time.Second)
		require.Empty(t, w.peer.seen(notification.EventNotification))
		time.Sleep(40 * time.Second)
		require.Equal(t, []int64{1}, numbers(w.peer.seen(notification.EventNotification)))
		require.NoError(t, w.peer.checker.Report().Err())
	})
}

// flakyStore fails, before or after the effect, at every nth writing call.
type flakyStore struct {
	subscription.Store
	mu    sync.Mutex
	calls int
	nth   int
}

var errStore = errors.New("the store is away")

func (f *flakyStore) fails() (before, after bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	return f.calls%f.nth == 0, f.calls%f.nth == f.nth/2
}

func (f *flakyStore) CommitEvents(ctx context.Context, l subscription.Lease, c subscription.Commit) error {
	before, after := f.fails()
	if before {
		return errStore
	}
	if err := f.Store.CommitEvents(ctx, l, c); err != nil {
		return err
	}
	if after {
		return errStore
	}
	return nil
}

func (f *flakyStore) Finish(ctx context.Context, o subscription.Outcome) error {
	before, after := f.fails()
	if before {
		return errStore
	}
	if err := f.Store.Finish(ctx, o); err != nil {
		return err
	}
	if after {
		return errStore
	}
	return nil
}

func TestStoreThatFailsLosesNothing(t *testing.T) { // C7 in small
	synctest.Test(t, func(t *testing.T) {
		flaky := &flakyStore{Store: memory.New(), nth: 5}
		w := newWorld(t, func(c *subscription.Config) { c.Store = flaky })
		id := w.subscribe(anyPatient)
		for i := range 100 {
			w.write("p", i+1, id)
			time.Sleep(time.Second)
		}
		time.Sleep(2 * time.Hour)
		flaky.mu.Lock()
		w.peer.checker.Excuse(flaky.calls / flaky.nth)
		flaky.mu.Unlock()
		require.True(t, w.peer.checker.Complete())
		require.NoError(t, w.peer.checker.Report().Err())
		t.Log("C7", w.peer.checker.Report())
		require.NoError(t, w.stop())
	})
}

func TestStartAndStop(t *testing.T) { // R21
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		synctest.Wait()
		require.ErrorIs(t, w.Run(t.Context()), subscription.ErrRunning)
		require.NoError(t, w.stop())
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		require.NoError(t, w.Run(ended))
		for range 200 {
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error)
			go func() { done <- w.Run(ctx) }()
			time.Sleep(time.Duration(rand.IntN(3)) * time.Millisecond)
			cancel()
			require.NoError(t, <-done)
		}
	})
}

func TestStopDrains(t *testing.T) { // R20
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *subscription.Config) { c.DrainTimeout = 10 * time.Second })
		slow, hanging := w.subscribe(anyPatient), w.subscribe(anyPatient)
		w.peer.answerWith(func(ctx context.Context, _ int, a attempt) error {
			if a.target.Subscription == hanging {
				<-ctx.Done()
				return ctx.Err()
			}
			time.Sleep(5 * time.Second)
			return nil
		})
		w.write("p", 1, slow, hanging)
		synctest.Wait()
		begin := time.Now()
		require.NoError(t, w.stop())
		require.Equal(t, 10*time.Second, time.Since(begin))
		require.Equal(t, 1, w.peer.checker.Received(slow))

		w.peer.answerWith(nil)
		w.start() // the same node takes its work back at once
		time.Sleep(time.Second)
		require.Equal(t, 1, w.peer.checker.Received(hanging))
		require.NoError(t, w.peer.checker.Report().Err())
	})
}

func TestHostTransaction(t *testing.T) { // C5, N19
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.subscribe(anyPatient)
		var changes []subscription.ResourceChange
		for i := range 500 {
			changes = append(changes, patient(fmt.Sprint("p", i), 1))
		}
		rolledBack := w.store.Begin()
		require.NoError(t, w.OnResourceChangeTx(t.Context(), rolledBack, changes...))
		rolledBack.Rollback()
		time.Sleep(time.Second)
		require.Empty(t, w.peer.seen(notification.EventNotification))

		tx := w.store.Begin()
		require.NoError(t, w.OnResourceChangeTx(t.Context(), tx, changes...))
		time.Sleep(10 * time.Millisecond) // the host takes its time
		require.NoError(t, tx.Commit())
		committed := time.Now()
		for i := range 500 {
			w.peer.checker.Expect(id, invariant.Focus{Reference: fmt.Sprint("Patient/p", i), Version: "1"})
		}
		time.Sleep(10 * time.Second)
		require.NoError(t, w.peer.checker.Report().Err())
		require.True(t, w.peer.checker.Complete())
		events := w.peer.seen(notification.EventNotification)
		require.Equal(t, base+"/Patient/p0", events[0].Events[0].Focus.FullURL, "in the order of the log")
		require.Less(t, events[0].at.Sub(committed), 100*time.Millisecond, "found soon although nothing told of the commit")
	})
}

// spec: PAY-09, AMB-14, BND-13
func TestDeletionCarriesNoResource(t *testing.T) { // N19, AMB-14
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.subscribe(anyPatient)
		require.NoError(t, w.OnResourceChange(t.Context(),
			subscription.ResourceChange{Interaction: subscription.Delete, Previous: patientJSON("p", 3)}))
		time.Sleep(time.Second)
		events := w.peer.seen(notification.EventNotification)
		require.Len(t, events, 1)
		require.Equal(t, "DELETE", events[0].Events[0].Focus.Method)
		require.Empty(t, events[0].Events[0].Focus.Resource)
		require.NotContains(t, string(events[0].body), "multipleBirthInteger")

		require.NoError(t, w.OnResourceChange(t.Context(), // deleted by a request of another kind
			subscription.ResourceChange{Interaction: subscription.Delete, Previous: patientJSON("q", 3), Method: "POST", URL: "Patient/$purge"}))
		time.Sleep(time.Second)
		events = w.peer.seen(notification.EventNotification)
		require.Len(t, events, 2)
		require.NotContains(t, string(events[1].body), "multipleBirthInteger")
	})
}
