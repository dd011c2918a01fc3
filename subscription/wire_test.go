package subscription_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

// The same events have the same id, and an id the same events, over retries, restarts and
// three nodes, and whatever goes over the wire is on record: none is sent in secret.
func TestMessageIDsOverNodes(t *testing.T) { // R18
	const events, subscriptions = 1000, 4
	synctest.Test(t, func(t *testing.T) {
		store, seen := newSharedStore(1), new(watcher)
		configure := func(node string) func(*subscription.Config) {
			return func(c *subscription.Config) {
				c.Store, c.Node, c.Observer, c.DrainTimeout = store, node, seen, 50*time.Millisecond
				c.Retry = slices.Repeat([]time.Duration{time.Second}, 100)
			}
		}
		nodes := []*world{newWorld(t, configure("a"))}
		for _, name := range []string{"b", "c"} {
			node := &world{t: t, store: nodes[0].store, peer: nodes[0].peer}
			node.start(configure(name))
			nodes = append(nodes, node)
		}
		peer := nodes[0].peer
		var ids []string
		for i := range subscriptions {
			ids = append(ids, nodes[i%3].subscribe(anyPatient, endpoint(fmt.Sprint("h", i, ".example.org")),
				channelExtension("backport-max-count", "valuePositiveInt", []int{1, 2, 10, 100}[i])))
		}
		peer.answerWith(func(ctx context.Context, n int, a attempt) error {
			switch n % 5 {
			case 0:
				return errRefused
			case 1: // it takes what it is sent, and its answer is lost
				require.NoError(t, peer.checker.Receive(a.target.Subscription, a.body))
				peer.checker.Excuse(len(a.Events))
				return errRefused
			case 2: // stopping cuts it
				return hangsFor(ctx, 300*time.Millisecond)
			}
			return nil
		})
		restarts := 0
		for i := range events / subscriptions {
			nodes[i%3].write("p", i+1, ids...)
			time.Sleep(100 * time.Millisecond)
			if i%10 == 9 {
				node, name := nodes[restarts%3], string(rune('a'+restarts%3))
				require.NoError(t, node.stop())
				node.start(configure(name))
				restarts++
			}
		}
		for waited := 0; !peer.checker.Complete(); waited++ {
			require.Less(t, waited, 3600)
			time.Sleep(time.Second)
		}
		for _, node := range nodes {
			require.NoError(t, node.stop())
		}
		require.NoError(t, peer.checker.Report().Err())
		sent := peer.seen(notification.EventNotification)
		ranges, idOf, repeated := map[string]string{}, map[string]string{}, 0
		for _, a := range sent {
			events := fmt.Sprint(a.target.Subscription, numbers([]attempt{a}))
			if known, ok := ranges[a.id]; ok {
				require.Equal(t, known, events, "an id names one range")
				require.Equal(t, idOf[events], a.id)
				repeated++
			}
			if known, ok := idOf[events]; ok {
				require.Equal(t, known, a.id, "a range has one id")
			}
			ranges[a.id], idOf[events] = events, a.id
		}
		recorded, cut := 0, 0
		for _, one := range told[subscription.NotificationAttempted](seen) {
			if one.Type == notification.EventNotification {
				recorded++
			}
			if one.Result == subscription.ResultCut {
				cut++
			}
		}
		require.Equal(t, len(sent), recorded, "what went over the wire is what was recorded")
		require.NotZero(t, repeated)
		require.NotZero(t, cut)
		t.Logf("R18 events=%d nodes=3 restarts=%d requests=%d recorded=%d repeated=%d cut=%d", events, restarts, len(sent), recorded, repeated, cut)
	})
}

func hangsFor(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Run returns when its time to drain is over, whatever the 64 attempts under way do, and
// another node goes on at once with what was cut.
func TestStopWithSixtyFourUnderWay(t *testing.T) { // R20
	const drain = 10 * time.Second
	for _, tc := range []struct {
		name   string
		takes  func(i int) time.Duration // 0: hangs
		cut    int
		within time.Duration
	}{
		{"answering", func(int) time.Duration { return 50 * time.Millisecond }, 0, time.Second},
		{"slow", func(int) time.Duration { return 9 * time.Second }, 0, 9 * time.Second},
		{"too slow", func(int) time.Duration { return 15 * time.Second }, 64, drain},
		{"hanging", func(int) time.Duration { return 0 }, 64, drain},
		{"all of them", func(i int) time.Duration {
			return []time.Duration{50 * time.Millisecond, 9 * time.Second, 0, 15 * time.Second}[i%4]
		}, 32, drain},
	} {
		synctest.Test(t, func(t *testing.T) {
			store, seen := newSharedStore(1), new(watcher)
			a, b := twoNodes(t, store, func(c *subscription.Config) { c.DrainTimeout, c.Observer = drain, seen })
			require.NoError(t, b.stop()) // a has all the work
			var ids []string
			var mu sync.Mutex
			index, tries := map[string]int{}, map[string]int{}
			for i := range 64 {
				ids = append(ids, a.subscribe(anyPatient, endpoint(fmt.Sprint("h", i, ".example.org"))))
				index[ids[i]] = i
			}
			time.Sleep(time.Minute)
			a.peer.answerWith(func(ctx context.Context, _ int, one attempt) error {
				mu.Lock()
				tries[one.target.Subscription]++
				first := tries[one.target.Subscription] == 1
				mu.Unlock()
				d := tc.takes(index[one.target.Subscription])
				switch {
				case !first: // another node's
					return nil
				case d > 0:
					return hangsFor(ctx, d)
				}
				return hangs(ctx, one)
			})
			a.write("p", 1, ids...)
			time.Sleep(20 * time.Millisecond)
			require.Len(t, a.peer.seen(notification.EventNotification), 64, "all are under way")
			b.start(func(c *subscription.Config) { c.Store, c.Node = store, "b" })
			began := time.Now()
			require.NoError(t, a.stop())
			took := time.Since(began)
			require.LessOrEqual(t, took, tc.within)
			cut := 0
			for _, one := range told[subscription.NotificationAttempted](seen) {
				if one.Result == subscription.ResultCut {
					cut++
				}
			}
			require.Equal(t, tc.cut, cut)
			a.peer.checker.Excuse(tc.cut)
			b.write("p", 2, ids...) // by a lease that a has given back
			again := time.Now()
			for !a.peer.checker.Complete() && time.Since(again) < 2*time.Second { // Config.Poll, and a little
				time.Sleep(10 * time.Millisecond)
			}
			require.True(t, a.peer.checker.Complete(), "%v", a.peer.checker.Report())
			require.NoError(t, a.peer.checker.Report().Err())
			require.LessOrEqual(t, len(a.peer.seen(notification.EventNotification)), 128+tc.cut)
			t.Logf("R20 under way=64 %s: cut=%d in %v, then all by another node within %v", tc.name, tc.cut, took, time.Since(again))
			require.NoError(t, b.stop())
		})
	}
}
