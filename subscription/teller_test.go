package subscription_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// When Run has returned, OnNotified is not at work: the host may close what it needs. It has
// DrainTimeout for what is left; what it has not been told of by then is sent again.
func TestOnNotifiedEndsWithRun(t *testing.T) {
	for name, slow := range map[string]struct {
		takes func(context.Context)
		told  int64 // at least, of 61
	}{
		"quick":   {func(context.Context) { time.Sleep(time.Millisecond) }, 61},
		"slow":    {func(context.Context) { time.Sleep(time.Second) }, 10},
		"hanging": {func(ctx context.Context) { <-ctx.Done(); time.Sleep(100 * time.Millisecond) }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var begun, ended atomic.Int64
				w := newWorld(t, withPlug, func(c *subscription.Config) {
					c.DrainTimeout = 10 * time.Second
					c.OnNotified = func(ctx context.Context, n subscription.Notified) {
						begun.Add(1)
						slow.takes(ctx)
						ended.Add(1)
					}
				})
				id := w.subscribe(anyPatient, overWebsocket)
				c := connect(t, w.Engine, true)
				require.NoError(t, c.Bind(t.Context(), w.token(id), subscription.BindOptions{}))
				for i := range 60 {
					w.write("p", i+1)
				}
				synctest.Wait()
				require.Len(t, c.seen(), 61)
				stopped := time.Now()
				require.NoError(t, w.stop())
				require.Less(t, time.Since(stopped), 12*time.Second)
				told := ended.Load()
				require.GreaterOrEqual(t, told, slow.told)
				r, err := w.store.GetSubscription(t.Context(), "", id)
				require.NoError(t, err)
				require.Equal(t, told-1, r.Cursor, "what was told of, but for the handshake, is recorded")
				c.Close()
				time.Sleep(time.Hour)
				require.Equal(t, told, begun.Load())
			})
		})
	}
}
