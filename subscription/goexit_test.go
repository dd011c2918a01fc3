package subscription_test

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

// quitter ends the goroutines of those who ask it, as t.FailNow does, for as many times as
// it is told to.
type quitter struct {
	subscription.InsecureAllowAll
	numbering, showing atomic.Int64
}

func (q *quitter) AuthorizeEvent(ctx context.Context, focus json.RawMessage, subs []*subscription.Subscription) ([]subscription.Verdict, error) {
	which := &q.numbering
	if subs[0].Endpoint != "" {
		which = &q.showing
	}
	if which.Add(-1) >= 0 {
		runtime.Goexit()
	}
	return q.InsecureAllowAll.AuthorizeEvent(ctx, focus, subs)
}

// A function of the host's that ends the goroutine that calls it costs that attempt, and
// nothing else: its claim runs out, whoever writes the Subscription does not wait for it,
// and there are as many workers as before.
func TestHostEndsGoroutines(t *testing.T) { // R21
	const quits = 40 // workers are fewer
	for name, quit := range map[string]func(*subscription.Config, *peer, *quitter){
		"OnStatus": func(c *subscription.Config, _ *peer, _ *quitter) {
			var n atomic.Int64
			c.OnStatus = func(context.Context, subscription.StatusUpdate) error {
				if n.Add(1) <= quits {
					runtime.Goexit()
				}
				return nil
			}
		},
		"OnNotified": func(c *subscription.Config, _ *peer, _ *quitter) {
			var n atomic.Int64
			c.OnNotified = func(context.Context, subscription.Notified) {
				if n.Add(1) <= quits {
					runtime.Goexit()
				}
			}
		},
		"Channel": func(_ *subscription.Config, p *peer, _ *quitter) {
			p.answerWith(func(_ context.Context, n int, _ attempt) error {
				if n <= quits {
					runtime.Goexit()
				}
				return nil
			})
		},
		"Authorizer of what is sent": func(_ *subscription.Config, _ *peer, q *quitter) { q.showing.Store(quits) },
		"Authorizer of numbers":      func(_ *subscription.Config, _ *peer, q *quitter) { q.numbering.Store(quits) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, q := &world{t: t, store: memory.New(), peer: new(peer)}, new(quitter)
				w.start(func(c *subscription.Config) {
					c.Authorizer, c.Concurrency, c.PerHost = q, 2, 2
					quit(c, w.peer, q)
				})
				var ids []string
				for i := range 20 {
					ids = append(ids, w.subscribe(anyPatient, endpoint(fmt.Sprint("h", i, ".example.org"))))
				}
				for version := range 4 {
					w.write("p", version+1, ids...)
					time.Sleep(time.Second)
				}
				raw := subscriptionJSON(anyPatient, set("id", ids[0]), endpoint("h0.example.org"), set("reason", "another"))
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				_, _, err := w.Update(ctx, "", ids[0], json.RawMessage(raw), "")
				require.NoError(t, err)
				require.NoError(t, ctx.Err())
				w.peer.checker.Excuse(quits)
				time.Sleep(20 * time.Minute)
				require.True(t, w.peer.checker.Complete(), "%v", w.peer.checker.Report())
				require.NoError(t, w.peer.checker.Report().Err())
				require.NotEmpty(t, w.peer.seen(notification.EventNotification))
				require.NoError(t, w.stop())
			})
		})
	}
}
