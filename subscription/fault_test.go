package subscription_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

// countingStore counts claims, and fails to read events while it is told to.
type countingStore struct {
	subscription.Store
	claims  atomic.Int64
	failing atomic.Bool
}

func (s *countingStore) Claim(ctx context.Context, node string, now, until time.Time, limit int) ([]subscription.Claim, time.Time, error) {
	claims, next, err := s.Store.Claim(ctx, node, now, until, limit)
	s.claims.Add(int64(len(claims)))
	return claims, next, err
}

func (s *countingStore) ReadEvents(ctx context.Context, key, first, last int64, limit int) ([]subscription.Event, error) {
	if s.failing.Load() {
		return nil, errStore
	}
	return s.Store.ReadEvents(ctx, key, first, last, limit)
}

func TestNobodyListensAndHeartbeatsAreDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		counting := &countingStore{Store: memory.New()}
		w := newWorld(t, func(c *subscription.Config) { c.Store = counting })
		w.subscribe(anyPatient, channelExtension("backport-heartbeat-period", "valueUnsignedInt", 60))
		w.peer.answerWith(func(context.Context, int, attempt) error { return subscription.NotConnected() })
		time.Sleep(time.Hour)
		require.Less(t, counting.claims.Load(), int64(130))
	})
}

func TestChannelThatIsGone(t *testing.T) { // and $status answers for the others
	synctest.Test(t, func(t *testing.T) {
		counting := &countingStore{Store: memory.New()}
		var told []subscription.Status
		configure := func(c *subscription.Config) {
			c.Store = counting
			c.OnStatus = func(_ context.Context, s subscription.StatusUpdate) error {
				told = append(told, s.Status)
				return nil
			}
		}
		w := newWorld(t, configure)
		id, off := w.subscribe(anyPatient), w.subscribe(anyPatient)
		_, _, err := w.Update(t.Context(), "", off, json.RawMessage(subscriptionJSON(anyPatient, set("id", off), set("status", "off"))), "")
		require.NoError(t, err)
		time.Sleep(time.Second)
		require.NoError(t, w.stop())
		before := counting.claims.Load()
		w.start(configure, func(c *subscription.Config) { c.Channels = []subscription.Channel{otherChannel{w.peer}} })
		time.Sleep(time.Hour)
		require.Equal(t, "error not-supported", w.status(id))
		require.Equal(t, "off", w.status(off))
		require.Less(t, counting.claims.Load()-before, int64(10))
		require.NoError(t, w.stop())
		require.Equal(t, subscription.StatusError, told[len(told)-1])
		_, err = w.Status(t.Context(), "", nil, nil, base)
		require.NoError(t, err)
	})
}

type otherChannel struct{ *peer }

func (otherChannel) Type() string { return "email" }

func TestHostWritesWhileItIsTold(t *testing.T) { // no deadlock
	synctest.Test(t, func(t *testing.T) {
		var w *world
		w = newWorld(t, withRetry(time.Second), func(c *subscription.Config) {
			c.OnStatus = func(ctx context.Context, s subscription.StatusUpdate) error {
				if s.Status == subscription.StatusError {
					return w.Delete(ctx, s.Tenant, s.ID, "")
				}
				return nil
			}
		})
		w.peer.answerWith(refuseAll)
		id := w.subscribe(anyPatient)
		time.Sleep(time.Minute)
		_, err := w.Get(t.Context(), "", id)
		require.ErrorIs(t, err, subscription.ErrNotFound)
		require.NoError(t, w.stop())
	})
}

func TestOnStatusThatHangsHoldsNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hang atomic.Bool
		hang.Store(true)
		w := newWorld(t, func(c *subscription.Config) {
			c.Concurrency = 2
			c.OnStatus = func(ctx context.Context, s subscription.StatusUpdate) error {
				if hang.Load() {
					<-ctx.Done()
					return ctx.Err()
				}
				return nil
			}
		})
		first := w.subscribe(anyPatient, set("end", time.Now().Add(time.Hour).UTC().Format(time.RFC3339)))
		time.Sleep(2 * time.Hour)
		require.Equal(t, "off ended", w.status(first), "its end is observed all the same")
		hang.Store(false)
		second := w.subscribe(anyPatient)
		time.Sleep(time.Minute)
		require.Equal(t, "active", w.status(second))
	})
}

// spec: LIFE-21
func TestAnnouncementSurvivesAWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []subscription.Status
		var failing atomic.Bool
		w := newWorld(t, func(c *subscription.Config) {
			c.OnStatus = func(_ context.Context, s subscription.StatusUpdate) error {
				if failing.Load() {
					return errors.New("away")
				}
				told = append(told, s.Status)
				return nil
			}
		})
		id := w.subscribe(anyPatient)
		time.Sleep(time.Second)
		failing.Store(true)
		w.peer.answerWith(func(context.Context, int, attempt) error { return subscription.Gone(errRefused) })
		w.write("p", 1)
		time.Sleep(time.Second)
		require.Equal(t, "off endpoint-gone", w.status(id))
		_, _, err := w.Update(t.Context(), "", id, json.RawMessage(subscriptionJSON(anyPatient, set("id", id), set("status", "off"))), "")
		require.NoError(t, err)
		failing.Store(false)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, subscription.StatusOff, told[len(told)-1])
	})
}

func TestSlowAuthorizerKeepsTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(c *subscription.Config) { c.Authorizer = slowPolicy{} }
		a := newWorld(t, slow)
		b := &world{t: t, store: a.store, peer: a.peer}
		b.start(slow, func(c *subscription.Config) { c.Node = "b" })
		id := a.subscribe(anyPatient)
		for i := range 300 {
			a.write("p", i+1, id)
		}
		time.Sleep(10 * time.Minute)
		require.True(t, a.peer.checker.Complete(), "%v", a.peer.checker.Report())
		require.NoError(t, a.peer.checker.Report().Err())
		require.NoError(t, b.stop())
	})
}

type slowPolicy struct{ subscription.InsecureAllowAll }

func (p slowPolicy) AuthorizeEvent(ctx context.Context, focus json.RawMessage, subs []*subscription.Subscription) ([]subscription.Verdict, error) {
	time.Sleep(300 * time.Millisecond)
	return p.InsecureAllowAll.AuthorizeEvent(ctx, focus, subs)
}

func TestStoreThatCannotReadIsNotTheEndpointsFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		counting := &countingStore{Store: memory.New()}
		configure := []func(*subscription.Config){withRetry(time.Second, time.Hour), func(c *subscription.Config) { c.Store = counting }}
		w := newWorld(t, configure...)
		id := w.subscribe(anyPatient)
		w.peer.answerWith(refuseAll)
		w.write("p", 1, id)
		time.Sleep(time.Second / 2)
		require.NoError(t, w.stop()) // what the next engine delivers, it has to read
		w.peer.answerWith(nil)
		counting.failing.Store(true)
		w.start(configure...)
		time.Sleep(time.Minute)
		require.Equal(t, "active", w.status(id))
		require.Len(t, w.peer.seen(notification.EventNotification), 1)
		counting.failing.Store(false)
		time.Sleep(5 * time.Second)
		require.True(t, w.peer.checker.Complete())
	})
}

func TestSubscriptionThatTheLeaderCannotServeSaysSo(t *testing.T) { // nodes with different topics
	synctest.Test(t, func(t *testing.T) {
		leader := newWorld(t, withTopics(parseTopic(t, finishedTopic)))
		synctest.Wait()
		other := &world{t: t, store: leader.store, peer: leader.peer}
		other.start(func(c *subscription.Config) { c.Node = "b" })
		id := other.subscribe(anyPatient)
		time.Sleep(5 * time.Second)
		require.Equal(t, "error not-supported", other.status(id))
		require.NoError(t, other.stop())
	})
}

func TestBatchesOfDifferentSubscriptionsHaveDifferentIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for _, id := range []string{"x1", "x", "x11", "y"} {
			_, _, err := w.Update(t.Context(), "", id, json.RawMessage(subscriptionJSON(anyPatient, set("id", id))), "")
			require.NoError(t, err)
		}
		for range 9 {
			w.subscribe(anyPatient, filter("gender=male"))
		}
		_, _, err := w.Update(t.Context(), "", "x12", json.RawMessage(subscriptionJSON(anyPatient, set("id", "x12"))), "")
		require.NoError(t, err)
		synctest.Wait()
		w.write("p", 1)
		time.Sleep(time.Second)
		seen := map[string]bool{}
		for _, a := range w.peer.seen(notification.EventNotification) {
			require.False(t, seen[a.id])
			seen[a.id] = true
		}
		require.Len(t, seen, 5)
	})
}
