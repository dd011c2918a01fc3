package subscription_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

// unreadable has no answer about one resource.
type unreadable struct {
	subscription.InsecureAllowAll
	denies atomic.Bool // it has one after all
}

func (u *unreadable) AuthorizeEvent(ctx context.Context, focus json.RawMessage, subs []*subscription.Subscription) ([]subscription.Verdict, error) {
	if strings.Contains(string(focus), `"id":"unreadable"`) {
		if u.denies.Load() {
			return make([]subscription.Verdict, len(subs)), nil
		}
		return nil, errors.New("its compartment is not known")
	}
	return u.InsecureAllowAll.AuthorizeEvent(ctx, focus, subs)
}

// A change about which the Authorizer never answers holds what comes after it, and nothing
// that came before: an event is neither lost nor made up. The log, the observations and
// Explain say so, and numbering goes on with the first answer.
func TestChangeThatIsNeverAuthorized(t *testing.T) { // A1
	synctest.Test(t, func(t *testing.T) {
		seen, policy, records := new(watcher), new(unreadable), new(strings.Builder)
		w := &world{t: t, store: memory.New(), peer: new(peer)}
		configure := []func(*subscription.Config){watched(seen), func(c *subscription.Config) {
			c.Authorizer, c.Logger = policy, slog.New(slog.NewTextHandler(records, nil))
		}}
		w.start(configure...)
		id := w.subscribe(anyPatient)
		require.NoError(t, w.stop())
		w.prepare(configure...)
		for i, name := range []string{"before", "and-before", "unreadable", "after"} { // one batch
			w.write(name, i+1)
		}
		w.run()
		time.Sleep(10 * time.Minute)
		require.Equal(t, []int64{1, 2}, numbers(w.peer.seen(notification.EventNotification)), "what came before, and nothing else")

		failures := 0
		for _, batch := range told[subscription.BatchSequenced](seen) {
			if batch.Err != nil {
				require.Equal(t, failures+1, batch.Failures)
				require.NotZero(t, batch.Changes)
				failures = batch.Failures
			}
		}
		require.Greater(t, failures, 100)
		x, err := w.Explain(t.Context(), subscription.ExplainRequest{Subscription: id, Change: patient("unreadable", 3)})
		require.NoError(t, err)
		require.False(t, x.Notifies)
		require.Empty(t, x.Verdict)
		require.Equal(t, "the Authorizer gives no answer: the event waits, and all that follow it", x.Reason)

		policy.denies.Store(true)
		time.Sleep(time.Minute)
		require.Equal(t, []int64{1, 2, 3}, numbers(w.peer.seen(notification.EventNotification)))
		last := told[subscription.BatchSequenced](seen)
		require.Zero(t, last[len(last)-1].Failures)
		require.NoError(t, w.stop())
		text := records.String()
		require.Contains(t, text, "the Authorizer gives no answer about change")
		require.Contains(t, text, "failures=100")
		require.NotContains(t, text, "Patient/")
		t.Logf("A1 unanswered tries=%d", failures)
	})
}
