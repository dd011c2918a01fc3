package subscription_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

// Whenever a Subscription is deleted, nothing is begun for it afterwards, and one that
// comes under its id begins at 1.
// spec: LIFE-20
func TestDeletionsInMidDelivery(t *testing.T) { // N14
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const deletions = 1000
		w := newWorld(t)
		random := rand.New(rand.NewPCG(1, 14))
		var mu sync.Mutex
		deleted, late, under, first := false, 0, 0, []int64(nil)
		w.peer.answerWith(func(ctx context.Context, _ int, a attempt) error {
			mu.Lock()
			under++
			defer func() {
				mu.Lock()
				defer mu.Unlock()
				under--
			}()
			if deleted {
				late++
			}
			if a.Type == notification.EventNotification {
				first = append(first, a.Events[0].Number)
			}
			wait := time.Duration(random.IntN(40)) * time.Millisecond
			mu.Unlock()
			if wait%3 == 0 {
				return errRefused
			}
			select {
			case <-time.After(wait):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		body := json.RawMessage(subscriptionJSON(anyPatient, set("id", "again")))
		versions := 0
		for i := range deletions {
			mu.Lock()
			deleted, first = false, nil
			mu.Unlock()
			_, created, err := w.Update(t.Context(), "", "again", body, "")
			require.NoError(t, err)
			require.True(t, created)
			for range 1 + i%3 {
				versions++
				w.write("p", versions)
			}
			time.Sleep(time.Duration(i%120) * time.Millisecond)
			require.NoError(t, w.Delete(t.Context(), "", "again", ""))
			mu.Lock()
			deleted = true
			late += under
			if len(first) > 0 {
				require.EqualValues(t, 1, first[0], "the log begins anew")
			}
			mu.Unlock()
			versions++
			w.write("p", versions)
			time.Sleep(time.Duration(i%7) * time.Second)
		}
		t.Logf("N14 deletions=%d attempts=%d late=%d", deletions, len(w.peer.seen(notification.EventNotification)), late)
		require.Zero(t, late)
		require.NoError(t, w.stop())
	})
}

// Whenever a Subscription is changed, its former endpoint, header and level get nothing
// more, and its new endpoint a handshake before all else.
// spec: LIFE-20, AMB-31
func TestUpdatesInMidDelivery(t *testing.T) { // N15
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const updates = 1000
		w := newWorld(t)
		id := w.subscribe(anyPatient, set("id", "x"))
		var mu sync.Mutex
		version, shaken, former, unshaken, content := 0, true, 0, 0, 0
		follow := func(of int) {
			if of > version {
				version, shaken = of, false
			}
		}
		random := rand.New(rand.NewPCG(1, 15))
		w.peer.answerWith(func(ctx context.Context, _ int, a attempt) error {
			mu.Lock()
			if ctx.Err() != nil { // it was cut off before a request could be begun
				mu.Unlock()
				return ctx.Err()
			}
			of := 0
			_, _ = fmt.Sscanf(a.target.Endpoint, "https://v%d.example.org", &of)
			follow(of)
			if of < version || of > 0 && a.target.Headers[0] != fmt.Sprint("X-Version: ", of) {
				former++
			}
			if a.Type == notification.Handshake {
				shaken = true
			} else if !shaken {
				unshaken++
			}
			if of%2 == 1 && strings.Contains(string(a.body), "multipleBirth") {
				content++
			}
			wait := time.Duration(random.IntN(30)) * time.Millisecond
			mu.Unlock()
			if wait%4 == 1 {
				return errRefused
			}
			select {
			case <-time.After(wait):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		events := 0
		for i := range updates {
			for range i % 3 {
				events++
				w.write("p", events, id)
			}
			time.Sleep(time.Duration(i%100) * time.Millisecond)
			level := "full-resource"
			if i%2 == 0 {
				level = "id-only"
			}
			next := subscriptionJSON(anyPatient, set("id", id), endpoint(fmt.Sprint("v", i+1, ".example.org")), setChannel("header", []string{"X-Version: " + fmt.Sprint(i+1)}),
				setChannel("_payload", map[string]any{"extension": []any{map[string]any{"url": backport + "backport-payload-content", "valueCode": level}}}))
			_, _, err := w.Update(t.Context(), "", id, json.RawMessage(next), "")
			require.NoError(t, err)
			mu.Lock()
			follow(i + 1) // unless it has been seen already
			mu.Unlock()
		}
		time.Sleep(time.Hour)
		w.peer.checker.Excuse(updates)
		require.Equal(t, events, w.peer.checker.Received(id))
		require.NoError(t, w.peer.checker.Report().Err())
		t.Logf("N15 updates=%d events=%d former=%d unshaken=%d content=%d", updates, events, former, unshaken, content)
		require.Zero(t, former)
		require.Zero(t, unshaken)
		require.Zero(t, content)
		require.NoError(t, w.stop())
	})
}

// What a client asks for is requested at best, and the engine knows the rest.
func TestStatusTransitions(t *testing.T) { // N16
	all := []string{"requested", "active", "error", "off"}
	tried := 0
	reach := func(t *testing.T, status string) (*world, string) {
		w := newWorld(t, withRetry(time.Second))
		switch status {
		case "off":
			return w, w.subscribe(anyPatient, set("status", "off"))
		case "requested":
			w.peer.answerWith(func(ctx context.Context, _ int, a attempt) error { return hangs(ctx, a) })
		case "error":
			w.peer.answerWith(refuseAll)
		}
		id := w.subscribe(anyPatient)
		if status != "requested" {
			time.Sleep(15 * time.Second)
		}
		require.True(t, strings.HasPrefix(w.status(id), status), w.status(id))
		return w, id
	}
	for _, from := range all {
		for _, to := range all {
			synctest.Test(t, func(t *testing.T) { // by the client
				w, id := reach(t, from)
				put := subscriptionJSON(anyPatient, set("id", id), set("status", to))
				stored, _, err := w.Update(t.Context(), "", id, json.RawMessage(put), "")
				require.NoError(t, err)
				want := "requested"
				switch {
				case to == "off":
					want = "off"
				case from == "active" && to == "active":
					want = "active" // it wrote back what it had read
				}
				require.Contains(t, string(stored.Resource), `"status":"`+want+`"`, "%s to %s", from, to)
				tried++
				require.NoError(t, w.stop())
			})
			synctest.Test(t, func(t *testing.T) { // by what happens
				w, id := reach(t, from)
				handshakes := len(w.peer.seen(notification.Handshake))
				switch to {
				case "active":
					w.peer.answerWith(nil)
				case "error":
					w.peer.answerWith(refuseAll)
				case "off":
					w.peer.answerWith(func(context.Context, int, attempt) error { return subscription.Gone(errRefused) })
				case "requested": // nothing happens
				}
				w.write("p", 1)
				time.Sleep(2 * time.Minute)
				got, _, _ := strings.Cut(w.status(id), " ")
				want := map[string]string{
					"requested active": "active", "requested error": "error", "requested off": "off", "requested requested": "error",
					"active active": "active", "active error": "error", "active off": "off", "active requested": "active",
				}[from+" "+to]
				if want == "" {
					want = from // error and off are left by the client alone
					require.Len(t, w.peer.seen(notification.Handshake), handshakes)
				}
				require.Equal(t, want, got, "%s to %s", from, to)
				tried++
				require.NoError(t, w.stop())
			})
		}
	}
	t.Logf("N16 transitions=%d", tried)
}
