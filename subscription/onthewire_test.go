package subscription_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// deliberate takes its time to say what may be sent, unless its question is withdrawn.
type deliberate struct {
	subscription.InsecureAllowAll
	takes     time.Duration
	withdrawn *atomic.Int64
}

func (d deliberate) AuthorizeEvent(ctx context.Context, focus json.RawMessage, subs []*subscription.Subscription) ([]subscription.Verdict, error) {
	if subs[0].Endpoint != "" {
		select {
		case <-time.After(d.takes):
		case <-ctx.Done():
			d.withdrawn.Add(1)
			return nil, ctx.Err()
		}
	}
	return d.InsecureAllowAll.AuthorizeEvent(ctx, focus, subs)
}

// What is ended so that others may come is an attempt at a host that keeps silent: not a
// notification that is still being made, which is nothing of the host's.
func TestNotificationsThatTakeLongToMake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var withdrawn atomic.Int64
		w, h := newWorld(t, func(c *subscription.Config) {
			c.Authorizer = deliberate{takes: 5 * time.Second, withdrawn: &withdrawn}
		}), newHosts()
		w.peer.answerWith(h.respond)
		var ids []string
		for i := range 200 {
			ids = append(ids, w.subscribe(anyPatient, endpoint(fmt.Sprint("h", i, ".example.org"))))
		}
		time.Sleep(time.Minute)
		for version := range 3 {
			w.write("p", version+1, ids...)
			time.Sleep(time.Minute)
		}
		require.Zero(t, withdrawn.Load())
		require.True(t, w.peer.checker.Complete())
		require.NoError(t, w.peer.checker.Report().Err())
		require.NoError(t, w.stop())
	})
}
