package subscription_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

// The range arrives again with its numbers, and the cursor stays where it is.
// spec: OP-16, OP-02
func TestResend(t *testing.T) { // N7, OP-16
	tried := 0
	for _, r := range releases {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, of(r))
			body := inRelease(r, "id-only", set("id", "s"), set("maxCount", 3))
			if r != subscription.R5 {
				body = inRelease(r, "id-only", set("id", "s"), channelExtension("backport-max-count", "valuePositiveInt", 3))
			}
			_, _, err := w.Update(t.Context(), "", "s", json.RawMessage(body), "")
			require.NoError(t, err)
			synctest.Wait()
			start := time.Now()
			for i := range 12 { // one a minute
				w.write(fmt.Sprint("p", i+1), 1, "s")
				time.Sleep(time.Minute)
			}
			again := func(q subscription.ResendRequest) []int64 {
				before := len(w.peer.seen(notification.EventNotification))
				sent, err := w.Resend(t.Context(), "", "s", q)
				require.NoError(t, err)
				arrived := w.peer.seen(notification.EventNotification)[before:]
				for _, a := range arrived {
					require.LessOrEqual(t, len(a.Events), 3, "maxCount")
					require.Equal(t, a.Events[len(a.Events)-1].Number, a.EventsSinceSubscriptionStart)
				}
				got := numbers(arrived)
				require.Len(t, got, sent.Events)
				return got
			}
			for first := int64(1); first <= 12; first += 2 {
				for last := first; last <= 14; last += 3 {
					var want []int64
					for n := first; n <= min(last, 12); n++ {
						want = append(want, n)
					}
					require.Equal(t, want, again(subscription.ResendRequest{Since: first, Until: last}))
					tried++
				}
				// event n occurred n-1 minutes after the start
				at := func(n int64) time.Time { return start.Add(time.Duration(n-1) * time.Minute) }
				require.Equal(t, []int64{first, first + 1}, again(subscription.ResendRequest{SinceInstant: at(first), UntilInstant: at(first + 1)}))
				require.Equal(t, []int64{first + 1}, again(subscription.ResendRequest{Since: first + 1, UntilInstant: at(first + 1)}))
				tried += 2
				time.Sleep(time.Minute)
			}
			require.Empty(t, again(subscription.ResendRequest{Since: 13}))
			before := len(w.peer.seen(notification.EventNotification))
			w.write("p13", 1, "s")
			time.Sleep(time.Second)
			require.Equal(t, []int64{13}, numbers(w.peer.seen(notification.EventNotification)[before:]), "the cursor has not moved")
			ids := map[string]int{}
			for _, a := range w.peer.seen(notification.EventNotification) {
				ids[a.id]++
			}
			require.Len(t, ids, len(w.peer.seen(notification.EventNotification)), "each notification has an id of its own")
			require.NoError(t, w.stop())
		})
	}
	t.Logf("N7 requests=%d", tried)
}

// spec: OP-16
func TestResendIsRefused(t *testing.T) { // N7
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *subscription.Config) { c.Retry = []time.Duration{time.Second} })
		h := w.Handler(subscription.HandlerConfig{})
		id := w.subscribe(anyPatient)
		for i := range 9 {
			w.write(fmt.Sprint("p", i), 1, id)
		}
		time.Sleep(time.Second)
		path := "/Subscription/" + id + "/$resend"
		for _, query := range []string{"eventsSinceNumber=x", "eventsSinceNumber=2&eventsUntilNumber=1", "eventsSinceInstant=today",
			"eventsSinceInstant=2026-01-02T00:00:00Z&eventsUntilInstant=2026-01-01T00:00:00Z", "content=empty"} {
			res, _ := call(t, h, "POST", path+"?"+query, "")
			require.Equal(t, 400, res.StatusCode, query)
		}
		res, got := call(t, h, "POST", path, `{"resourceType":"Parameters","parameter":[{"name":"eventsSinceNumber","valueString":"2"},{"name":"eventsUntilNumber","valueString":"4"}]}`)
		require.Equal(t, 200, res.StatusCode)
		require.Contains(t, string(got.Raw()), "3 events (2-4) were sent again")

		served, throttled := 3, 0
		for range 200 { // a flood
			switch res, _ := call(t, h, "POST", path, ""); res.StatusCode {
			case 200:
				served += 9
			case 429:
				throttled++
			default:
				t.Fatal(res.StatusCode)
			}
		}
		require.LessOrEqual(t, served, 1000)
		require.Positive(t, throttled)
		t.Logf("N7 flood=200 throttled=%d", throttled)
		time.Sleep(2 * time.Minute)

		status := func(err error) int {
			var refusal *subscription.Refusal
			require.ErrorAs(t, err, &refusal)
			return refusal.Status
		}
		// One at a time, and a deletion ends it.
		entered := make(chan struct{})
		w.peer.answerWith(func(ctx context.Context, _ int, _ attempt) error {
			close(entered)
			<-ctx.Done()
			return ctx.Err()
		})
		ended := make(chan error)
		go func() {
			_, err := w.Resend(context.Background(), "", id, subscription.ResendRequest{})
			ended <- err
		}()
		<-entered
		_, err := w.Resend(t.Context(), "", id, subscription.ResendRequest{})
		require.Equal(t, 429, status(err))
		w.peer.answerWith(func(context.Context, int, attempt) error { return errors.New("away") })
		_, err = w.Patch(t.Context(), "", id, json.RawMessage(`[{"op":"replace","path":"/reason","value":"another"}]`), "")
		require.NoError(t, err)
		require.Equal(t, 409, status(<-ended))
		_, err = w.Resend(t.Context(), "", id, subscription.ResendRequest{})
		require.Equal(t, 503, status(err))
		_, err = w.Patch(t.Context(), "", id, json.RawMessage(`[{"op":"replace","path":"/status","value":"off"}]`), "")
		require.NoError(t, err)
		_, err = w.Resend(t.Context(), "", id, subscription.ResendRequest{})
		require.Equal(t, 422, status(err))
		_, err = w.Resend(t.Context(), "", "none", subscription.ResendRequest{})
		require.ErrorIs(t, err, subscription.ErrNotFound)
		require.NoError(t, w.stop())
	})
}
