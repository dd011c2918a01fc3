package subscription_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// watcher keeps what it is told, and knows the trace of a context.
type watcher struct {
	mu  sync.Mutex
	all []subscription.Observation
}

type traceKey struct{}

func (w *watcher) Observe(_ context.Context, o subscription.Observation) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, o)
}

func (w *watcher) TraceParent(ctx context.Context) string {
	trace, _ := ctx.Value(traceKey{}).(string)
	return trace
}

func traced(ctx context.Context, trace string) context.Context {
	return context.WithValue(ctx, traceKey{}, trace)
}

// of returns the observations of one type, in order.
func told[T subscription.Observation](w *watcher) (list []T) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, o := range w.all {
		if o, ok := o.(T); ok {
			list = append(list, o)
		}
	}
	return list
}

func (w *watcher) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = nil
}

func watched(by *watcher) func(*subscription.Config) {
	return func(c *subscription.Config) { c.Observer = by }
}

func TestObserverSeesAChangeTravel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := new(watcher)
		w := newWorld(t, watched(seen))
		synctest.Wait()
		require.Equal(t, []subscription.LeaseChanged{{Shards: 1, Held: true}}, told[subscription.LeaseChanged](seen))
		id := w.subscribe(anyPatient)
		w.subscribe(finished)
		time.Sleep(time.Second)
		turned := told[subscription.StatusChanged](seen)
		require.Equal(t, subscription.StatusChanged{Subscription: id, To: subscription.StatusRequested}, turned[0])
		require.Equal(t, subscription.StatusChanged{Subscription: id, From: subscription.StatusRequested, To: subscription.StatusActive}, turned[1])
		require.Len(t, turned, 4)
		handshakes := told[subscription.NotificationAttempted](seen)
		require.Len(t, handshakes, 2)
		require.Equal(t, notification.Handshake, handshakes[0].Type)
		require.Zero(t, handshakes[0].Oldest)

		seen.forget()
		happened := time.Now().Add(-3 * time.Second)
		w.peer.answerWith(func(context.Context, int, attempt) error {
			time.Sleep(40 * time.Millisecond)
			return nil
		})
		changed := patient("1", 1)
		changed.At = happened
		require.NoError(t, w.OnResourceChange(t.Context(), changed, subscription.ResourceChange{
			Interaction: subscription.Create, Resource: json.RawMessage(`{"resourceType":"Observation","id":"o"}`)}))
		time.Sleep(time.Second)
		hook := told[subscription.HookCalled](seen)
		require.Len(t, hook, 1)
		require.Equal(t, 2, hook[0].Changes)
		require.Equal(t, 1, hook[0].Recorded, "no topic is about Observations")
		require.NoError(t, hook[0].Err)
		batch := told[subscription.BatchSequenced](seen)
		require.Len(t, batch, 1)
		require.Equal(t, subscription.BatchSequenced{Shards: 1, Began: batch[0].Began, Changes: 1, Events: 1, Oldest: happened.UTC(), Subscriptions: 2}, batch[0])
		sent := told[subscription.NotificationAttempted](seen)
		require.Equal(t, []subscription.NotificationAttempted{{
			Subscription: id, Topic: anyPatient, Channel: "rest-hook", Type: notification.EventNotification, Content: notification.FullResource,
			Events: 1, Oldest: happened.UTC(), Attempt: 1, Result: subscription.ResultOK, Began: sent[0].Began, Duration: 40 * time.Millisecond,
		}}, sent)
		claimed, inHand := 0, 0
		for _, c := range told[subscription.DeliveriesClaimed](seen) {
			require.NoError(t, c.Err)
			claimed, inHand = claimed+c.Claims, max(inHand, c.InHand)
		}
		require.Equal(t, 1, claimed)
		require.Equal(t, 1, inHand)

		require.NoError(t, w.OnResourceChange(t.Context(), subscription.ResourceChange{
			Interaction: subscription.Create, Resource: json.RawMessage(`{"resourceType":"Observation","id":"o"}`)}))
		require.Error(t, w.OnResourceChange(t.Context(), subscription.ResourceChange{}))
		hook = told[subscription.HookCalled](seen)
		require.Len(t, hook, 3, "those that record nothing count, too")
		require.Zero(t, hook[1].Recorded)
		require.ErrorIs(t, hook[2].Err, subscription.ErrInvalidChange)

		seen.forget()
		require.NoError(t, w.Delete(t.Context(), "", id, ""))
		require.Equal(t, []subscription.StatusChanged{{Subscription: id, From: subscription.StatusActive}}, told[subscription.StatusChanged](seen))
		time.Sleep(2 * time.Minute)
		require.NotEmpty(t, told[subscription.Pruned](seen))
		require.NoError(t, w.stop())
		require.Equal(t, []subscription.LeaseChanged{{Shards: 1}}, told[subscription.LeaseChanged](seen))
	})
}

func TestObserverSeesBreakers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := new(watcher)
		w := newWorld(t, watched(seen), withRetry(time.Second, time.Second, time.Second, time.Second, time.Second, time.Minute, time.Hour))
		w.subscribe(anyPatient)
		w.peer.answerWith(func(context.Context, int, attempt) error { return errRefused })
		require.NoError(t, w.OnResourceChange(t.Context(), patient("1", 1)))
		time.Sleep(10 * time.Second)
		require.Equal(t, []subscription.BreakerChanged{{Open: true, Broken: 1}}, told[subscription.BreakerChanged](seen))
		w.peer.answerWith(nil)
		time.Sleep(5 * time.Minute)
		require.Equal(t, []subscription.BreakerChanged{{Open: true, Broken: 1}, {}}, told[subscription.BreakerChanged](seen))
	})
}

// Changes of breakers are observed in the order in which they came about: who shows the last
// one shows how many are broken.
func TestObserverSeesBreakersInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shown []int
		var mu sync.Mutex
		slow := observerFunc(func(o subscription.Observation) {
			change, ok := o.(subscription.BreakerChanged)
			if !ok {
				return
			}
			if change.Broken == 1 && change.Open {
				time.Sleep(10 * time.Second)
			}
			mu.Lock()
			defer mu.Unlock()
			shown = append(shown, change.Broken)
		})
		w := newWorld(t, withRetry(time.Second, time.Second, time.Second, time.Second, time.Second, time.Hour), func(c *subscription.Config) { c.Observer = slow })
		w.subscribe(anyPatient, endpoint("a.example.org"), filter("gender=female"))
		w.subscribe(anyPatient, endpoint("b.example.org"), filter("_id=rare"))
		w.peer.answerWith(refuseAll)
		require.NoError(t, w.OnResourceChange(t.Context(), patient("1", 1)))
		time.Sleep(3 * time.Second)
		require.NoError(t, w.OnResourceChange(t.Context(), patient("rare", 1)))
		time.Sleep(time.Minute)
		require.NoError(t, w.stop())
		require.Equal(t, []int{1, 2}, shown)
	})
}

type observerFunc func(subscription.Observation)

func (f observerFunc) Observe(_ context.Context, o subscription.Observation) { f(o) }

func TestTracesGoAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := new(watcher)
		w := newWorld(t, func(c *subscription.Config) {
			c.Observer = subscription.Observers{new(deafObserver), seen}
			c.Topics = append(c.Topics, parseTopic(t, raised))
		})
		w.subscribe(anyPatient, channelExtension("backport-max-count", "valuePositiveInt", 20))
		w.subscribe("https://topics.example.org/raised")
		time.Sleep(time.Second)
		write := func(ctx context.Context, id string) {
			require.NoError(t, w.OnResourceChange(ctx, patient(id, 1)))
		}
		w.peer.answerWith(func(context.Context, int, attempt) error {
			time.Sleep(time.Second)
			return nil
		})
		write(traced(t.Context(), "one"), "1")
		time.Sleep(100 * time.Millisecond) // the next ones go together
		write(traced(t.Context(), "two"), "2")
		write(traced(t.Context(), "three"), "3")
		write(traced(t.Context(), "three"), "4")
		write(t.Context(), "5")
		write(traced(t.Context(), strings.Repeat("x", 65)), "6")
		time.Sleep(5 * time.Second)
		var sequenced, attempted [][]string
		for _, b := range told[subscription.BatchSequenced](seen) {
			sequenced = append(sequenced, b.Traces)
		}
		for _, a := range told[subscription.NotificationAttempted](seen) {
			if a.Type == notification.EventNotification {
				attempted = append(attempted, a.Traces)
			}
		}
		require.Contains(t, sequenced, []string{"one"})
		require.Equal(t, [][]string{{"one"}, {"two", "three"}}, attempted)

		seen.forget()
		require.NoError(t, w.OnEvent(traced(t.Context(), "four"), subscription.TopicEvent{
			Events: []topic.Coding{{System: "urn:s", Code: "admitted"}}, Focus: json.RawMessage(`{"resourceType":"Encounter","id":"e"}`)}))
		time.Sleep(5 * time.Second)
		attempts := told[subscription.NotificationAttempted](seen)
		require.Len(t, attempts, 1)
		require.Equal(t, []string{"four"}, attempts[0].Traces)
		for _, a := range w.peer.seen(notification.EventNotification) {
			require.False(t, bytes.Contains(a.body, []byte("three")), "it is no business of the subscriber's")
		}
	})
}

const raised = `{"resourceType":"SubscriptionTopic","url":"https://topics.example.org/raised","status":"active",
	"eventTrigger":[{"event":{"coding":[{"system":"urn:s","code":"admitted"}]},"resource":"Encounter"}]}`

// deafObserver follows no traces.
type deafObserver struct{}

func (*deafObserver) Observe(context.Context, subscription.Observation) {}

// badObserver panics whenever it can.
type badObserver struct{}

func (badObserver) Observe(context.Context, subscription.Observation) { panic(canary) }

func (badObserver) TraceParent(context.Context) string { panic(canary) }

func TestObserverThatPanicsHurtsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lockedBuffer
		w := newWorld(t, func(c *subscription.Config) {
			c.Observer = badObserver{}
			c.Logger = slog.New(slog.NewTextHandler(&log, nil))
		})
		w.subscribe(anyPatient)
		require.NoError(t, w.OnResourceChange(t.Context(), patient("1", 1)))
		time.Sleep(time.Second)
		require.Equal(t, []int64{1}, numbers(w.peer.seen(notification.EventNotification)))
		require.Contains(t, log.String(), "the Observer panicked")
		require.NotContains(t, log.String(), canary)
	})
}

// What waits is told within a second of the truth (docs/delivery-rows.md O2).
func TestBacklogIsMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := new(watcher)
		w := newWorld(t, watched(seen), withRetry(time.Hour))
		w.subscribe(anyPatient)
		w.subscribe(anyPatient)
		synctest.Wait()
		w.peer.answerWith(func(context.Context, int, attempt) error { return errRefused })
		began := time.Now().UTC()
		for i := range 10 {
			require.NoError(t, w.OnResourceChange(t.Context(), patient("1", i+1)))
			time.Sleep(1100 * time.Millisecond)
			measured := told[subscription.BacklogMeasured](seen)
			last := measured[len(measured)-1]
			require.Equal(t, subscription.Backlog{Events: int64(2 * (i + 1)), OldestEvent: began}, last.Backlog)
			require.Less(t, time.Since(last.At), 1200*time.Millisecond)
		}
		w.peer.answerWith(nil)
		time.Sleep(2 * time.Hour)
		measured := told[subscription.BacklogMeasured](seen)
		require.Equal(t, subscription.Backlog{}, measured[len(measured)-1].Backlog)
		require.NoError(t, w.stop())
		t.Logf("O2 measurements=%d", len(measured))
	})
}
