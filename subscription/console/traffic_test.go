package console_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/subscription/console"
)

func attempted(id string, events int, result subscription.Result) subscription.NotificationAttempted {
	return subscription.NotificationAttempted{
		Subscription: id, Type: notification.EventNotification, Events: events, Result: result, Began: time.Now(),
	}
}

// A day is shown, what is older is forgotten, and no more is remembered than was said.
func TestTraffic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		traffic := new(console.Traffic)
		w := newWorld(t, console.Config{}, func(c *subscription.Config) {})
		page := console.New(w.Engine, console.Config{Traffic: traffic})
		home := func() string {
			_, body := ask(t, page, "GET", "/", nil)
			return body
		}
		require.Contains(t, home(), "nothing yet")
		for range 24 {
			traffic.Observe(t.Context(), attempted("a", 3, subscription.ResultOK))
			traffic.Observe(t.Context(), attempted("b", 1, subscription.ResultTransient))
			traffic.Observe(t.Context(), attempted("b", 1, subscription.ResultCut)) // says nothing
			traffic.Observe(t.Context(), subscription.HookCalled{Changes: 9})
			time.Sleep(time.Hour)
		}
		require.Contains(t, home(), "69 events in 23 notifications, 23 failed attempts", "of 24 hours, the first is over")
		require.Contains(t, home(), "<b>0</b><span>events delivered in the last hour")
		require.Equal(t, 23, strings.Count(home(), `<rect class="events"`))
		require.Equal(t, 23, strings.Count(home(), `<rect class="failed"`))
		time.Sleep(12 * time.Hour)
		require.Contains(t, home(), "33 events in 11 notifications, 11 failed attempts")
		traffic.Observe(t.Context(), attempted("a", 5, subscription.ResultOK))
		require.Contains(t, home(), "<b>5</b><span>events delivered in the last hour")
		require.Contains(t, home(), "38 events")
		time.Sleep(25 * time.Hour)
		require.Contains(t, home(), "0 events in 0 notifications")

		for i := range 100_000 {
			traffic.Observe(t.Context(), attempted(fmt.Sprint("s", i), 1, subscription.ResultOK))
		}
		require.Contains(t, home(), "100\u202f000 events", "what is not remembered one by one is counted")
	})
}

// BenchmarkTraffic is what each attempt costs, with as many Subscriptions as are
// remembered.
func BenchmarkTraffic(b *testing.B) {
	traffic := new(console.Traffic)
	all := make([]subscription.NotificationAttempted, 40_000)
	for i := range all {
		all[i] = attempted(fmt.Sprint("s", i), 1, subscription.ResultOK)
		traffic.Observe(b.Context(), all[i])
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		traffic.Observe(b.Context(), all[i%len(all)])
	}
}
