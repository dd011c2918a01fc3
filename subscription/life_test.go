package subscription_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

// spec: LIFE-06, LIFE-07, EVN-03, EVN-07, AMB-26, CH-REST-05
func TestHandshakeIsTriedAgain(t *testing.T) { // some clients open their ear a second after the create
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.peer.answerWith(func(_ context.Context, n int, _ attempt) error {
			if n == 1 {
				return errRefused
			}
			return nil
		})
		id := w.subscribe(anyPatient)
		require.Equal(t, "requested", w.status(id))
		w.write("early", 1, id) // counts from creation, sent after the handshake
		require.Empty(t, w.peer.seen(notification.EventNotification))
		time.Sleep(2 * time.Second)
		require.Equal(t, "active", w.status(id))
		require.Len(t, w.peer.seen(notification.Handshake), 2)
		require.Zero(t, w.peer.seen(notification.Handshake)[1].EventsSinceSubscriptionStart)
		require.Equal(t, []int64{1}, numbers(w.peer.seen(notification.EventNotification)))
		require.NoError(t, w.peer.checker.Report().Err())
	})
}

// answered is an error of a channel whose endpoint has answered.
type answered struct{}

func (answered) Error() string             { return "status 404" }
func (answered) SubscriptionError() string { return "error-response" }

// spec: LIFE-08, CH-REST-06
func TestHandshakeFailsForGood(t *testing.T) { // CH-REST-06, N9
	for _, tc := range []struct {
		name   string
		err    error
		status string
	}{
		{"server error", errRefused, "error no-response"},
		{"permanent", subscription.Permanent(answered{}), "error error-response"},
		{"gone", subscription.Gone(errors.New("status 410")), "off endpoint-gone"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.peer.answerWith(func(context.Context, int, attempt) error { return tc.err })
				id := w.subscribe(anyPatient)
				time.Sleep(15 * time.Second)
				require.Equal(t, tc.status, w.status(id))
				tried := len(w.peer.seen(notification.Handshake))
				w.write("p", 1)
				time.Sleep(2 * time.Hour)
				require.Len(t, w.peer.seen(notification.Handshake), tried, "nothing is sent until the client asks")
				require.Empty(t, w.peer.seen(notification.EventNotification))
			})
		})
	}
}

// spec: LIFE-13, LIFE-15, LIFE-16, LIFE-17, EVN-01, EVN-02, ERR-01, ERR-02, ERR-03, ERR-08, AMB-01, AMB-18
// spec: OP-07
func TestErrorAndBack(t *testing.T) { // R16, R17, N3, LIFE-17, ERR-01
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withRetry(time.Second, 2*time.Second))
		id := w.subscribe(anyPatient)
		w.write("a", 1, id)
		time.Sleep(time.Second)
		w.peer.answerWith(refuseAll)
		w.write("b", 1, id)
		time.Sleep(time.Minute)
		require.Equal(t, "error no-response", w.status(id))
		sends := w.peer.seen(notification.EventNotification)
		require.Equal(t, []int64{1, 2, 2, 2}, numbers(sends))
		require.Equal(t, sends[1].id, sends[3].id, "the same batch has the same id")
		for i, wait := range []time.Duration{time.Second, 2 * time.Second} {
			require.InDelta(t, wait, sends[i+2].at.Sub(sends[i+1].at), float64(wait)/5+float64(10*time.Millisecond))
		}

		w.peer.answerWith(nil)
		w.write("c", 1, id)
		time.Sleep(time.Hour)
		require.Len(t, w.peer.seen(notification.EventNotification), 4, "an endpoint that is healthy again gets nothing until the client asks")
		status, err := w.Status(t.Context(), "", []string{id}, nil, base)
		require.NoError(t, err)
		require.Contains(t, string(status), `"valueString":"3"`, "events count while in error")
		require.Contains(t, string(status), `no-response`)

		stored, err := w.Get(t.Context(), "", id)
		require.NoError(t, err)
		_, _, err = w.Update(t.Context(), "", id, stored.Resource, "") // as read: status error
		require.NoError(t, err)
		time.Sleep(time.Second)
		require.Equal(t, "active", w.status(id))
		again := w.peer.seen(notification.Handshake)
		require.EqualValues(t, 3, again[len(again)-1].EventsSinceSubscriptionStart, "AMB-18")
		require.Equal(t, []int64{1, 2, 2, 2, 2, 3}, numbers(w.peer.seen(notification.EventNotification)))
		w.peer.checker.Excuse(0)
		require.NoError(t, w.peer.checker.Report().Err())
	})
}

// spec: LIFE-19, HB-10, HB-12, AMB-16
func TestEndTurnsOff(t *testing.T) { // N12, HB-12
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		end := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
		id := w.subscribe(anyPatient, set("end", end), channelExtension("backport-heartbeat-period", "valueUnsignedInt", 600))
		failing := w.subscribe(anyPatient, set("end", end), filter("_id=none"))
		time.Sleep(time.Hour + 2*time.Second)
		require.Equal(t, "off ended", w.status(id))
		require.Equal(t, "off ended", w.status(failing))
		w.write("p", 1)
		time.Sleep(time.Hour)
		require.Empty(t, w.peer.seen(notification.EventNotification))
		require.Len(t, w.peer.seen(notification.Heartbeat), 5)
	})
}

func TestEndWhileRetrying(t *testing.T) { // N12
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		end := time.Now().Add(time.Hour)
		id := w.subscribe(anyPatient, set("end", end.UTC().Format(time.RFC3339)))
		w.peer.answerWith(refuseAll)
		w.write("p", 1)
		time.Sleep(2 * time.Hour)
		require.Equal(t, "off ended", w.status(id))
		for _, a := range w.peer.seen(notification.EventNotification) {
			require.True(t, a.at.Before(end))
		}
	})
}

// spec: LIFE-20
func TestDeleteEndsAllAttempts(t *testing.T) { // N14, R14
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.subscribe(anyPatient)
		cut := false
		w.peer.answerWith(func(ctx context.Context, _ int, _ attempt) error {
			<-ctx.Done()
			cut = true
			return ctx.Err()
		})
		w.write("p", 1)
		w.write("p", 2)
		synctest.Wait()
		require.NoError(t, w.Delete(t.Context(), "", id, ""))
		require.True(t, cut, "the attempt under way has ended when Delete returns")
		time.Sleep(time.Hour)
		require.Len(t, w.peer.seen(notification.EventNotification), 1)
		_, err := w.Get(t.Context(), "", id)
		require.ErrorIs(t, err, subscription.ErrNotFound)

		// The same id again begins at 1, with later events only.
		w.peer.answerWith(nil)
		_, created, err := w.Update(t.Context(), "", id, json.RawMessage(subscriptionJSON(anyPatient, set("id", id))), "")
		require.NoError(t, err)
		require.True(t, created)
		w.write("p", 3)
		time.Sleep(time.Second)
		events := w.peer.seen(notification.EventNotification)
		require.Equal(t, []int64{1}, numbers(events[1:]))
		require.Contains(t, string(events[1].body), `"versionId":"3"`)
	})
}

// spec: LIFE-20, AMB-31
func TestUpdateMovesWhatIsQueued(t *testing.T) { // N15, R7
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.subscribe(anyPatient)
		w.peer.answerWith(func(_ context.Context, _ int, a attempt) error {
			if a.target.Endpoint == "https://subscriber.example.org/hook" {
				return errRefused
			}
			return nil
		})
		w.write("p", 1, id)
		w.write("p", 2, id)
		time.Sleep(time.Second / 2)
		before := len(w.peer.seen(notification.EventNotification))
		moved := subscriptionJSON(anyPatient, set("id", id), setChannel("endpoint", "https://new.example.org/hook"))
		s, created, err := w.Update(t.Context(), "", id, json.RawMessage(moved), "")
		require.NoError(t, err)
		require.False(t, created)
		require.Contains(t, string(s.Resource), `"status":"requested"`)
		time.Sleep(time.Minute)
		require.Equal(t, "active", w.status(id))
		after := w.peer.seen(notification.EventNotification)[before:]
		require.Equal(t, []int64{1, 2}, numbers(after))
		for _, a := range after {
			require.Equal(t, "https://new.example.org/hook", a.target.Endpoint)
		}
		require.NoError(t, w.peer.checker.Report().Err())
	})
}

// spec: LIFE-04, LIFE-21, AMB-02
func TestWritingBackWhatWasReadChangesNothing(t *testing.T) { // interop 4: a PUT with active
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.subscribe(anyPatient)
		w.write("p", 1, id)
		time.Sleep(time.Second)
		stored, err := w.Get(t.Context(), "", id)
		require.NoError(t, err)
		_, _, err = w.Update(t.Context(), "", id, stored.Resource, stored.VersionID)
		require.NoError(t, err)
		time.Sleep(time.Second)
		require.Equal(t, "active", w.status(id))
		require.Len(t, w.peer.seen(notification.Handshake), 1)
		w.write("p", 2, id)
		time.Sleep(time.Second)
		require.Equal(t, []int64{1, 2}, numbers(w.peer.seen(notification.EventNotification)))

		_, _, err = w.Update(t.Context(), "", id, stored.Resource, "1")
		var refusal *subscription.Refusal
		require.ErrorAs(t, err, &refusal)
		require.Equal(t, 412, refusal.Status)
	})
}

// spec: LIFE-20, EVN-07, AMB-26
func TestOffCountsNothing(t *testing.T) { // EVN-07, LIFE-20
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.subscribe(anyPatient)
		w.write("p", 1, id)
		time.Sleep(time.Second)
		put := func(status string) {
			_, _, err := w.Update(t.Context(), "", id, json.RawMessage(subscriptionJSON(anyPatient, set("id", id), set("status", status))), "")
			require.NoError(t, err)
		}
		put("off")
		w.write("p", 2)
		time.Sleep(time.Second)
		require.Equal(t, "off", w.status(id))
		put("requested")
		w.write("p", 3, id)
		time.Sleep(time.Second)
		require.Equal(t, []int64{1, 2}, numbers(w.peer.seen(notification.EventNotification)))
		require.NoError(t, w.peer.checker.Report().Err())
	})
}

// spec: LIFE-21
func TestHostLearnsEachStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []subscription.Status
		failures := 2 // each is followed by a wait
		w := newWorld(t, withRetry(time.Second), func(c *subscription.Config) {
			c.OnStatus = func(_ context.Context, s subscription.StatusUpdate) error {
				if failures > 0 {
					if failures--; failures == 0 {
						panic("the host's mistake")
					}
					return errors.New("the host's database is away")
				}
				told = append(told, s.Status)
				return nil
			}
		})
		w.subscribe(anyPatient)
		time.Sleep(20 * time.Second)
		w.peer.answerWith(refuseAll)
		w.write("p", 1)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, []subscription.Status{"requested", "active", "error"}, slices.Compact(told))
	})
}

// spec: CH-REST-04
func TestOneHandshakeForEachRequest(t *testing.T) { // CH-REST-04
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for range 200 {
			_, err := w.Create(t.Context(), "", json.RawMessage(subscriptionJSON(anyPatient)))
			require.NoError(t, err)
		}
		time.Sleep(time.Second)
		require.Len(t, w.peer.seen(notification.Handshake), 200)
	})
}
