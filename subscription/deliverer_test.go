package subscription_test

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

// claimCounter counts claims and those that found nothing.
type claimCounter struct {
	subscription.Store
	all, empty atomic.Int64
}

func (c *claimCounter) Claim(ctx context.Context, node string, now, until time.Time, limit int) ([]subscription.Claim, time.Time, error) {
	claims, next, err := c.Store.Claim(ctx, node, now, until, limit)
	if c.all.Add(1); len(claims) == 0 {
		c.empty.Add(1)
	}
	return claims, next, err
}

// A delivery costs the store one claim, not more that find nothing.
func TestClaimsOfDeliveries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var counter *claimCounter
		w := newWorld(t, func(c *subscription.Config) {
			counter = &claimCounter{Store: c.Store}
			c.Store = counter
		})
		_, err := w.Create(t.Context(), "", json.RawMessage(subscriptionJSON(anyPatient)))
		require.NoError(t, err)
		time.Sleep(time.Minute)
		w.peer.forget()
		counter.all.Store(0)
		counter.empty.Store(0)
		const changes = 100
		for i := range changes {
			w.write("p", i+1)
			time.Sleep(10 * time.Millisecond)
		}
		all, empty := counter.all.Load(), counter.empty.Load()
		t.Logf("claims=%d empty=%d deliveries=%d", all, empty, len(w.peer.seen(notification.EventNotification)))
		require.Len(t, w.peer.seen(notification.EventNotification), changes)
		require.LessOrEqual(t, empty, int64(2), "those of the poll")
		require.LessOrEqual(t, all, int64(changes+2))
		require.NoError(t, w.stop())
	})
}

// What is numbered while a delivery is under way goes out as soon as it has ended.
func TestEventsDuringADelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *subscription.Config) { c.Poll = 10 * time.Second })
		_, err := w.Create(t.Context(), "", json.RawMessage(subscriptionJSON(anyPatient)))
		require.NoError(t, err)
		time.Sleep(time.Minute)
		w.peer.forget()
		w.peer.answerWith(func(context.Context, int, attempt) error {
			time.Sleep(100 * time.Millisecond)
			return nil
		})
		for i := range 5 {
			w.peer.forget()
			w.write("p", 2*i+1)
			time.Sleep(50 * time.Millisecond)
			w.write("p", 2*i+2) // when the first is under way
			time.Sleep(11 * time.Second)
			seen := w.peer.seen(notification.EventNotification)
			require.Len(t, seen, 2)
			require.Equal(t, 100*time.Millisecond, seen[1].at.Sub(seen[0].at))
		}
		require.NoError(t, w.stop())
	})
}
