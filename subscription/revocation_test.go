package subscription_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

// revocable is a policy that can be changed while events wait.
type revocable struct {
	subscription.InsecureAllowAll
	verdict atomic.Int64 // a Verdict; -1: no answer
}

func (p *revocable) AuthorizeEvent(_ context.Context, _ json.RawMessage, subs []*subscription.Subscription) ([]subscription.Verdict, error) {
	verdict := p.verdict.Load()
	if verdict < 0 {
		return nil, errors.New("the policy server is away")
	}
	verdicts := make([]subscription.Verdict, len(subs))
	for i := range verdicts {
		verdicts[i] = subscription.Verdict(verdict)
	}
	return verdicts, nil
}

// spec: SEC-01, SEC-02, ACC-15, PAY-09
func TestRightThatIsTakenAway(t *testing.T) { // A2
	const events = 500
	for name, batch := range map[string]int{"one by one": 1, "in batches": 20} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				policy := &revocable{}
				policy.verdict.Store(int64(subscription.Allow))
				w := newWorld(t, func(c *subscription.Config) { c.Authorizer = policy })
				id := w.subscribe(anyPatient, channelExtension("backport-max-count", "valuePositiveInt", batch))
				time.Sleep(time.Second)
				w.peer.answerWith(refuseAll)
				for i := range events {
					w.write("p", i+1, id)
				}
				time.Sleep(40 * time.Second) // numbered, and tried
				before := len(w.peer.seen(notification.EventNotification))
				require.Positive(t, before)
				policy.verdict.Store(-1)
				w.peer.answerWith(nil)
				time.Sleep(10 * time.Minute)
				require.Len(t, w.peer.seen(notification.EventNotification), before, "without an answer nothing is sent")
				require.Equal(t, "active", w.status(id), "which is not the endpoint's fault")
				policy.verdict.Store(int64(subscription.Deny))
				time.Sleep(10 * time.Minute)
				after := w.peer.seen(notification.EventNotification)[before:]
				require.Len(t, numbers(after), events)
				for i, number := range numbers(after) {
					require.Equal(t, int64(i+1), number)
				}
				for _, a := range after {
					require.NotContains(t, string(a.body), "Patient")
				}
				read, err := w.Events(t.Context(), "", id, 0, 0, "")
				require.NoError(t, err)
				require.NotContains(t, string(read), "Patient/")
				require.Equal(t, events, strings.Count(string(read), `"event-number"`))
				policy.verdict.Store(-1)
				_, err = w.Events(t.Context(), "", id, 0, 0, "")
				require.Error(t, err)
				_, err = w.Events(t.Context(), "", id, 0, 0, notification.Empty)
				require.NoError(t, err)
				t.Logf("A2 events=%d content=0 gaps=0", events)
				require.NoError(t, w.stop())
			})
		})
	}
}
