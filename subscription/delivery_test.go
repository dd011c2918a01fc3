package subscription_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

func withRetry(waits ...time.Duration) func(*subscription.Config) {
	return func(c *subscription.Config) { c.Retry = waits }
}

// spec: BND-16, EVN-05, EVN-07, HB-15, AMB-17, ERR-08
func TestBatchIsFrozenFromItsFirstAttempt(t *testing.T) { // R18, R19
	const each = 250
	events, repeated, sent := 0, 0, 0
	for _, maximum := range []int{0, 1, 2, 10} {
		synctest.Test(t, func(t *testing.T) {
			seen := new(watcher)
			w := newWorld(t, func(c *subscription.Config) { c.Observer = seen })
			var edits []func(map[string]any)
			if maximum > 0 {
				edits = append(edits, channelExtension("backport-max-count", "valuePositiveInt", maximum))
			}
			id := w.subscribe(anyPatient, edits...)
			w.peer.answerWith(func(_ context.Context, n int, _ attempt) error {
				if n%2 == 0 {
					return errRefused
				}
				return nil
			})
			for i := range each {
				if i%50 == 49 { // another process goes on
					require.NoError(t, w.stop())
					w.start(func(c *subscription.Config) { c.Observer = seen })
				}
				w.write("p", i+1, id)
				time.Sleep(300 * time.Millisecond)
			}
			for !w.peer.checker.Complete() {
				time.Sleep(time.Second)
			}
			ids := map[string][]int64{}
			for _, a := range w.peer.seen(notification.EventNotification) {
				require.LessOrEqual(t, len(a.Events), max(maximum, 1))
				require.Equal(t, a.Events[len(a.Events)-1].Number, a.EventsSinceSubscriptionStart, "EVN-05")
				if known, ok := ids[a.id]; ok {
					require.Equal(t, known, numbers([]attempt{a}))
					repeated++
				}
				ids[a.id] = numbers([]attempt{a})
				sent++
			}
			require.NoError(t, w.peer.checker.Report().Err())
			require.NoError(t, w.stop())
			events += each
			recorded := 0
			for _, one := range told[subscription.NotificationAttempted](seen) {
				if one.Type == notification.EventNotification {
					recorded++
				}
			}
			require.Equal(t, len(w.peer.seen(notification.EventNotification)), recorded, "what went over the wire is what was recorded")
		})
	}
	t.Logf("R18 R19 events=%d requests=%d repeated=%d restarts=%d", events, sent, repeated, 4*(each/50))
	require.NotZero(t, repeated)
}

// An endpoint that is healthy again gets nothing of 1000 events until the client asks; then a
// handshake, and all of them from the cursor on.
func TestManyEventsWhileInError(t *testing.T) { // R17
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withRetry(time.Second))
		id := w.subscribe(anyPatient, channelExtension("backport-max-count", "valuePositiveInt", 10))
		w.peer.answerWith(refuseAll)
		w.write("p", 1, id)
		time.Sleep(time.Minute)
		require.Equal(t, "error no-response", w.status(id))
		w.peer.answerWith(nil)
		before, hands := len(w.peer.seen(notification.EventNotification)), len(w.peer.seen(notification.Handshake))
		for i := range 1000 {
			w.write("p", i+2, id)
		}
		time.Sleep(24 * time.Hour)
		require.Len(t, w.peer.seen(notification.EventNotification), before, "not until the client asks")
		stored, err := w.Get(t.Context(), "", id)
		require.NoError(t, err)
		_, _, err = w.Update(t.Context(), "", id, stored.Resource, "")
		require.NoError(t, err)
		time.Sleep(time.Minute)
		require.Len(t, w.peer.seen(notification.Handshake), hands+1)
		require.True(t, w.peer.checker.Complete())
		require.NoError(t, w.peer.checker.Report().Err())
		t.Logf("R17 events=1000 sent in error=0 then=%d", len(w.peer.seen(notification.EventNotification))-before)
		require.NoError(t, w.stop())
	})
}

// spec: HB-01, HB-02, HB-03, EVN-03, CH-05
func TestHeartbeatOnlyWhenQuiet(t *testing.T) { // N10, HB-02, HB-03
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		quiet := w.subscribe(anyPatient, channelExtension("backport-heartbeat-period", "valueUnsignedInt", 60), filter("Patient?gender=male"))
		busy := w.subscribe(anyPatient, channelExtension("backport-heartbeat-period", "valueUnsignedInt", 60))
		w.subscribe(anyPatient, filter("gender=male")) // asked for none
		for i := range 20 {
			w.write("p", i+1, busy)
			time.Sleep(30 * time.Second)
		}
		time.Sleep(10 * time.Second)
		var last time.Time
		for _, a := range w.peer.seen(notification.Heartbeat) {
			require.Equal(t, quiet, a.target.Subscription)
			require.Equal(t, "active", a.Status)
			require.Zero(t, a.EventsSinceSubscriptionStart, "HB: not in the counter")
			if !last.IsZero() {
				require.GreaterOrEqual(t, a.at.Sub(last), 60*time.Second)
				require.LessOrEqual(t, a.at.Sub(last), 61*time.Second)
			}
			last = a.at
		}
		require.Equal(t, 10, len(w.peer.seen(notification.Heartbeat)))
	})
}

// spec: HB-05, HB-10
func TestHeartbeatThatFailsIsAFailedDelivery(t *testing.T) { // N11, HB-05
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withRetry(time.Second))
		id := w.subscribe(anyPatient, channelExtension("backport-heartbeat-period", "valueUnsignedInt", 60))
		w.peer.answerWith(refuseAll)
		time.Sleep(65 * time.Second)
		require.Equal(t, "error no-response", w.status(id))
		require.Len(t, w.peer.seen(notification.Heartbeat), 2)
		time.Sleep(time.Hour)
		require.Len(t, w.peer.seen(notification.Heartbeat), 2)
	})
}

// Twenty Subscriptions whose heartbeats fail, each with as many waits as it is given: each makes
// its attempts, ends in error, and has counted none of them.
func TestHeartbeatsThatFail(t *testing.T) { // N11
	failed := 0
	for waits := range 20 {
		synctest.Test(t, func(t *testing.T) {
			retry := []time.Duration{time.Second}
			for range waits {
				retry = append(retry, 3*time.Second)
			}
			w := newWorld(t, withRetry(retry...))
			id := w.subscribe(anyPatient, channelExtension("backport-heartbeat-period", "valueUnsignedInt", 60))
			w.write("p", 1, id)
			time.Sleep(time.Second)
			w.peer.answerWith(refuseAll)
			time.Sleep(time.Hour)
			require.Equal(t, "error no-response", w.status(id))
			beats := w.peer.seen(notification.Heartbeat)
			require.LessOrEqual(t, len(beats), len(retry)+1, "a failed attempt, like any other")
			require.GreaterOrEqual(t, len(beats), min(len(retry)+1, 5), "then its host's breaker holds some back")
			for _, b := range beats {
				require.EqualValues(t, 1, b.EventsSinceSubscriptionStart)
			}
			failed += len(beats)
			require.EqualValues(t, 1, w.record(id).Count)
			require.NoError(t, w.stop())
		})
	}
	t.Logf("N11 subscriptions=20 failed=%d", failed)
}

// spec: HB-07, HB-08
func TestTimeoutEndsAnAttempt(t *testing.T) { // N13, HB-07
	timeouts := map[int]time.Duration{0: 30 * time.Second, 29: 29 * time.Second, 30: 30 * time.Second, 31: 30 * time.Second, 3600: 30 * time.Second, 86400: 30 * time.Second, 2147483647: 30 * time.Second}
	for seconds := 1; len(timeouts) < 20; seconds++ {
		timeouts[seconds] = time.Duration(seconds) * time.Second
	}
	t.Logf("N13 timeouts=%d", len(timeouts))
	for seconds, want := range timeouts {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.subscribe(anyPatient, channelExtension("backport-timeout", "valueUnsignedInt", seconds))
			var took time.Duration
			w.peer.answerWith(func(ctx context.Context, _ int, a attempt) error {
				<-ctx.Done()
				took = time.Since(a.at)
				w.peer.answerWith(nil)
				return ctx.Err()
			})
			w.write("p", 1)
			time.Sleep(time.Minute)
			synctest.Wait()
			require.Equal(t, want, took)
		})
	}
}

func TestChannelThatPanics(t *testing.T) { // R21
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.subscribe(anyPatient)
		w.peer.answerWith(func(_ context.Context, n int, _ attempt) error {
			if n == 2 {
				panic("the channel's mistake")
			}
			return nil
		})
		w.write("p", 1, id)
		time.Sleep(5 * time.Second)
		require.NoError(t, w.peer.checker.Report().Err())
		require.Len(t, w.peer.seen(notification.EventNotification), 2)
	})
}

func TestEndpointAsksForTime(t *testing.T) { // R6
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.subscribe(anyPatient)
		w.peer.answerWith(func(_ context.Context, n int, _ attempt) error {
			if n == 2 {
				return subscription.RetryAfter(errors.New("status 503"), 10*time.Minute)
			}
			return nil
		})
		w.write("p", 1, id)
		time.Sleep(9 * time.Minute)
		require.Len(t, w.peer.seen(notification.EventNotification), 1)
		time.Sleep(2 * time.Minute)
		require.NoError(t, w.peer.checker.Report().Err())
		require.True(t, w.peer.checker.Complete())
	})
}

// spec: CH-WS-13
func TestNobodyListensYet(t *testing.T) { // CH-WS-13
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withRetry(time.Second))
		id := w.subscribe(anyPatient)
		w.peer.answerWith(func(context.Context, int, attempt) error { return subscription.NotConnected() })
		w.write("p", 1, id)
		w.write("p", 2, id)
		time.Sleep(time.Hour)
		require.Equal(t, "active", w.status(id), "it is no failure")
		require.InDelta(t, 60, len(w.peer.seen(notification.EventNotification)), 2)
		w.peer.answerWith(nil)
		time.Sleep(2 * time.Minute)
		require.Equal(t, 2, w.peer.checker.Received(id))
	})
}

func TestMoreAtOnceThanThereAreSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *subscription.Config) { c.Concurrency = 4 })
		var ids []string
		for range 20 {
			ids = append(ids, w.subscribe(anyPatient))
		}
		running, most := 0, 0
		w.peer.answerWith(func(context.Context, int, attempt) error {
			w.peer.mu.Lock()
			running++
			most = max(most, running)
			w.peer.mu.Unlock()
			time.Sleep(10 * time.Millisecond)
			w.peer.mu.Lock()
			running--
			w.peer.mu.Unlock()
			return nil
		})
		for v := range 5 {
			w.write("p", v+1, ids...)
		}
		time.Sleep(time.Minute)
		require.True(t, w.peer.checker.Complete())
		require.NoError(t, w.peer.checker.Report().Err())
		w.peer.mu.Lock()
		defer w.peer.mu.Unlock()
		require.Equal(t, 4, most)
	})
}
