package subscription_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

// strictStore makes nobody due for one whose time is over.
type strictStore struct{ subscription.Store }

func (s strictStore) Hasten(ctx context.Context, keys []int64, at time.Time) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.Store.Hasten(ctx, keys, at)
}

// A probe is answered while its Subscription is written: that ends its attempt, but the
// host has answered, and who waits for it comes at once.
func TestHostThatAnswersAnAttemptThatIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memory.New()
		var mu sync.Mutex
		probe, answer := "", make(chan struct{})
		w := newWorld(t, withRetry(24*time.Hour), func(c *subscription.Config) { c.Store = strictStore{store} })
		h := newHosts()
		w.peer.answerWith(h.respond)
		var ids []string
		for range 20 {
			ids = append(ids, w.subscribe(anyPatient, endpoint("down.example.org")))
		}
		time.Sleep(time.Minute)
		h.set("down.example.org", func(context.Context, attempt) error { return errRefused })
		w.write("p", 1, ids...)
		time.Sleep(30 * time.Second)
		h.set("down.example.org", func(_ context.Context, a attempt) error {
			mu.Lock()
			first := probe == ""
			if first {
				probe = a.target.Subscription
			}
			mu.Unlock()
			if first {
				<-answer // whatever its context says: the answer is on its way
			}
			return nil
		})
		for range 20 { // until it is the time of the probe
			time.Sleep(time.Minute)
			if mu.Lock(); probe != "" {
				mu.Unlock()
				break
			}
			mu.Unlock()
		}
		require.NotEmpty(t, probe)
		written := make(chan error)
		go func() {
			raw := subscriptionJSON(anyPatient, set("id", probe), endpoint("down.example.org"), set("reason", "another"))
			_, _, err := w.Update(t.Context(), "", probe, json.RawMessage(raw), "")
			written <- err
		}()
		synctest.Wait()
		close(answer)
		require.NoError(t, <-written)
		w.peer.checker.Excuse(1)
		time.Sleep(2 * time.Minute) // who was held back looks once a minute, who has failed waits for a day
		for _, id := range ids {
			require.Equal(t, 1, w.peer.checker.Received(id))
		}
		require.NoError(t, w.stop())
	})
}
