package subscription_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

// results says what a channel may answer, and what that is called.
var results = []struct {
	name   subscription.Result
	answer error
	status subscription.Status
}{
	{subscription.ResultOK, nil, subscription.StatusActive},
	{subscription.ResultTransient, errors.New("refused"), subscription.StatusActive},
	{subscription.ResultPermanent, subscription.Permanent(errors.New("refused")), subscription.StatusActive},
	{subscription.ResultRetryAfter, subscription.RetryAfter(errors.New("later"), time.Minute), subscription.StatusActive},
	{subscription.ResultGone, subscription.Gone(errors.New("gone")), subscription.StatusOff},
	{subscription.ResultNotConnected, subscription.NotConnected(), subscription.StatusActive},
}

func TestResultsOfAttempts(t *testing.T) {
	for _, r := range results {
		t.Run(string(r.name), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				seen := new(watcher)
				w := newWorld(t, watched(seen))
				id := w.subscribe(anyPatient)
				time.Sleep(time.Second)
				seen.forget()
				w.peer.answerWith(func(context.Context, int, attempt) error { return r.answer })
				require.NoError(t, w.OnResourceChange(t.Context(), patient("1", 1)))
				time.Sleep(time.Millisecond * 500)
				attempts := told[subscription.NotificationAttempted](seen)
				require.Len(t, attempts, 1)
				require.Equal(t, r.name, attempts[0].Result)
				require.ErrorIs(t, attempts[0].Err, r.answer)
				require.Contains(t, w.status(id), r.status)
				if r.status == subscription.StatusOff {
					require.Equal(t, []subscription.StatusChanged{{Subscription: id, From: subscription.StatusActive, To: r.status, Reason: "endpoint-gone"}},
						told[subscription.StatusChanged](seen))
				}
			})
		})
	}
}

// Every attempt has one record in the log and one observation, and is delivered, failed
// or cut (docs/delivery-rows.md O1).
func TestAttemptsAreAccountedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lockedBuffer
		seen := new(watcher)
		w := newWorld(t, watched(seen), withRetry(slices.Repeat([]time.Duration{time.Second}, 20)...), func(c *subscription.Config) {
			c.DrainTimeout = time.Second
			c.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
		for range 5 {
			w.subscribe(anyPatient)
		}
		sends := 0
		var mu sync.Mutex
		w.peer.forget()
		w.peer.answerWith(func(ctx context.Context, _ int, _ attempt) error {
			mu.Lock()
			sends++
			n := sends
			mu.Unlock()
			switch n % 7 {
			case 2:
				return results[n/7%4].answer // not gone: they are to last
			case 4:
				panic("at the channel")
			}
			return nil
		})
		seen.forget()
		log.Reset()
		for i := range 60 {
			require.NoError(t, w.OnResourceChange(t.Context(), patient("p", i+1)))
			time.Sleep(700 * time.Millisecond)
		}
		time.Sleep(5 * time.Minute) // whoever was told to wait has waited
		w.peer.answerWith(func(ctx context.Context, _ int, _ attempt) error {
			mu.Lock()
			sends++
			mu.Unlock()
			<-ctx.Done()
			return ctx.Err()
		})
		require.NoError(t, w.OnResourceChange(t.Context(), patient("p", 1000)))
		time.Sleep(100 * time.Millisecond)
		require.NoError(t, w.stop())

		tally := map[subscription.Result]int{}
		for _, a := range told[subscription.NotificationAttempted](seen) {
			tally[a.Result]++
		}
		records := map[string]int{}
		for line := range strings.Lines(log.String()) {
			var record struct{ Msg, Result, Channel, Type string }
			require.NoError(t, json.Unmarshal([]byte(line), &record))
			if record.Result != "" {
				records[record.Result]++
				require.NotEmpty(t, record.Channel)
				require.NotEmpty(t, record.Type)
			}
		}
		total := 0
		for result, n := range tally {
			total += n
			require.Equal(t, n, records[string(result)], result)
		}
		require.Equal(t, sends, total)
		require.NotZero(t, tally[subscription.ResultCut])
		require.Greater(t, len(tally), 3)
		t.Logf("O1 attempts=%d %v", total, tally)
	})
}

func TestObserverSeesWhatIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := new(watcher)
		w := newWorld(t, watched(seen))
		id := w.subscribe(anyPatient)
		w.patients(2)
		time.Sleep(time.Second)
		seen.forget()
		_, err := w.Resend(t.Context(), "", id, subscription.ResendRequest{})
		require.NoError(t, err)
		attempts := told[subscription.NotificationAttempted](seen)
		require.Len(t, attempts, 2)
		for _, a := range attempts {
			require.True(t, a.Resent)
			require.Equal(t, subscription.ResultOK, a.Result)
		}
	})
}

func TestObserverSeesWhatArrivesOverConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := new(watcher)
		w := newWorld(t, watched(seen), withPlug)
		id := w.subscribe(anyPatient, overWebsocket)
		good := connect(t, w.Engine, true)
		require.NoError(t, good.Bind(t.Context(), w.token(id), subscription.BindOptions{}))
		w.patients(3)
		time.Sleep(time.Second)
		ok := told[subscription.NotificationAttempted](seen)
		require.Len(t, ok, 4)
		require.Equal(t, notification.Handshake, ok[0].Type)
		for _, a := range ok[1:] {
			require.Equal(t, subscription.ResultOK, a.Result)
			require.Equal(t, "websocket", a.Channel)
			require.Equal(t, 1, a.Events)
			require.NotZero(t, a.Oldest)
		}
		good.Close()
		seen.forget()
		deaf := connect(t, w.Engine, false)
		require.NoError(t, deaf.Bind(t.Context(), w.token(id), subscription.BindOptions{}))
		w.patients(2)
		time.Sleep(time.Second)
		require.Empty(t, told[subscription.NotificationAttempted](seen), "nobody knows yet")
		deaf.Close()
		cut := told[subscription.NotificationAttempted](seen)
		require.Len(t, cut, 3)
		for _, a := range cut {
			require.Equal(t, subscription.ResultCut, a.Result)
		}
	})
}
