package subscription_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
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

// canary stands in every place that must not show where it has no business.
const canary = "canary-4711"

// secretPatient has canaries in its id and in strings of every kind.
const secretPatient = `{"resourceType":"Patient","id":"` + canary + `","text":{"status":"generated","div":"<div>` + canary + `</div>"},
	"identifier":[{"system":"urn:` + canary + `","value":"` + canary + `"}],"name":[{"family":"` + canary + `"}],"gender":"female",
	"extension":[{"url":"http://example.org/` + canary + `","valueString":"` + canary + `"}],
	"contained":[{"resourceType":"Organization","id":"` + canary + `","name":"` + canary + `"}]}`

// lockedBuffer is written by the logger's callers.
type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

func (b *lockedBuffer) Reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.Buffer.Reset()
}

// Everything that can go wrong goes wrong, and nothing of the patient, the endpoint,
// the headers or the filters is in the log, or observed (docs/delivery-rows.md A6, S11 in part).
func TestLogsTellNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lockedBuffer
		seen := new(watcher)
		flaky := &flakyStore{nth: 4}
		w := newWorld(t, withRetry(slices.Repeat([]time.Duration{time.Second}, 12)...), func(c *subscription.Config) {
			flaky.Store, c.Store = c.Store, flaky
			c.Authorizer = &policy{failures: 2}
			c.Observer = seen
			c.OnNotified = func(context.Context, subscription.Notified) { panic(canary) }
			c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
		edits := []func(map[string]any){
			setChannel("endpoint", "https://subscriber.example.org/"+canary+"?token="+canary),
			setChannel("header", []string{"X-Token: " + canary}),
			filter("Patient?_id=" + canary),
		}
		w.subscribe(anyPatient, edits...)
		w.peer.answerWith(func(_ context.Context, n int, _ attempt) error {
			if n > 12 { // the host is well again
				return nil
			}
			switch n % 9 {
			case 0:
				panic(canary)
			case 1, 2:
				return subscription.Permanent(errRefused)
			}
			return errRefused
		})
		for range 5 {
			_ = w.OnResourceChange(t.Context(), subscription.ResourceChange{Interaction: subscription.Create, Resource: json.RawMessage(secretPatient)})
			_ = w.OnResourceChange(t.Context(), patient("flaky", 1))
			time.Sleep(time.Minute)
		}
		_, err := w.Create(t.Context(), "", json.RawMessage(subscriptionJSON("https://topics.example.org/none", edits...)))
		require.Error(t, err)
		require.NotContains(t, err.Error(), canary)
		err = w.OnResourceChange(t.Context(), subscription.ResourceChange{Interaction: subscription.Create, Resource: json.RawMessage(strings.Replace(secretPatient, "}]}", "}", 1))})
		require.ErrorIs(t, err, subscription.ErrInvalidChange)
		require.NotContains(t, err.Error(), canary)
		require.NoError(t, w.stop())
		require.NotEmpty(t, log.String())
		require.NotContains(t, log.String(), canary)
		kinds := map[string]int{}
		for _, o := range seen.all {
			kinds[fmt.Sprintf("%T", o)]++
			require.NotContains(t, fmt.Sprintf("%+v", o), canary)
		}
		require.Len(t, kinds, 8, "%v", kinds) // this store can't be measured
		require.Contains(t, string(w.peer.seen(notification.EventNotification)[0].body), canary, "it was sent")
		t.Logf("A6 records=%d observations=%d", strings.Count(log.String(), "\n"), len(seen.all))
	})
}

// At empty nothing of the resource leaves, at id-only nothing but its reference
// (docs/delivery-rows.md A4, A5).
// spec: PAY-01, PAY-02, OP-10, TOP-05
func TestContentLevels(t *testing.T) {
	for content, occurrences := range map[string]int{"empty": 0, "id-only": 1} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			id := w.subscribe(anyPatient, setChannel("_payload", map[string]any{"extension": []any{map[string]any{"url": backport + "backport-payload-content", "valueCode": content}}}))
			change := subscription.ResourceChange{Interaction: subscription.Create, Resource: json.RawMessage(secretPatient)}
			require.NoError(t, w.OnResourceChange(t.Context(), change))
			change.Interaction, change.Previous = subscription.Update, change.Resource
			require.NoError(t, w.OnResourceChange(t.Context(), change))
			change.Interaction = subscription.Delete
			require.NoError(t, w.OnResourceChange(t.Context(), change))
			time.Sleep(time.Second)
			events := w.peer.seen(notification.EventNotification)
			require.Len(t, events, 3)
			for _, a := range events {
				require.Equal(t, occurrences, bytes.Count(a.body, []byte(canary)), "%s", a.body)
			}
			bundle, err := w.Events(t.Context(), "", id, 0, 0, notification.FullResource) // more than was granted
			require.NoError(t, err)
			require.Equal(t, 3*occurrences, bytes.Count(bundle, []byte(canary)))
		})
	}
}
