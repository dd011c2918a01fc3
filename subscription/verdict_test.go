package subscription_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

// moody answers about secrets in one way, at numbering or when something is to be sent; about
// the rest it allows.
type moody struct {
	subscription.InsecureAllowAll
	mu      sync.Mutex
	answer  string
	sending bool // what is judged, else numbering
	asked   int
}

func (j *moody) AuthorizeEvent(ctx context.Context, focus json.RawMessage, subs []*subscription.Subscription) ([]subscription.Verdict, error) {
	j.mu.Lock()
	answer, judged := j.answer, strings.Contains(string(focus), canary) && j.sending == (subs[0].Endpoint != "")
	if judged {
		j.asked++
	}
	j.mu.Unlock()
	all, _ := j.InsecureAllowAll.AuthorizeEvent(ctx, focus, subs)
	if !judged {
		return all, nil
	}
	switch answer {
	case "deny":
		return make([]subscription.Verdict, len(subs)), nil
	case "redact":
		for i := range all {
			all[i] = subscription.Redact
		}
	case "error":
		return all, errors.New("the policy server is away")
	case "panic":
		panic(canary)
	case "timeout":
		<-ctx.Done()
		return all, ctx.Err()
	}
	return all, nil
}

func (j *moody) set(answer string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.answer = answer
}

// count is how often it was asked about secrets.
func (j *moody) count() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.asked
}

// Each verdict, at each level of content, for each interaction, when an event is numbered and
// when it is sent: denied is without a number, redacted without anything else, and without
// an answer nothing is numbered or sent, but asked about again.
func TestVerdicts(t *testing.T) { // A1
	t.Parallel()
	asked, cases := 0, 0
	for _, answer := range []string{"deny", "redact", "allow", "error", "panic", "timeout"} {
		for _, content := range []string{"empty", "id-only", "full-resource"} {
			for _, interaction := range []subscription.Interaction{subscription.Create, subscription.Update, subscription.Delete} {
				for _, sending := range []bool{false, true} {
					cases++
					synctest.Test(t, func(t *testing.T) {
						name := fmt.Sprint(answer, " ", content, " ", interaction, " ", sending)
						j := &moody{answer: answer, sending: sending}
						w := newWorld(t, func(c *subscription.Config) { c.Authorizer, c.ShowDeleted = j, true })
						id := w.subscribe(anyPatient, setChannel("_payload", map[string]any{"extension": []any{map[string]any{
							"url": backport + "backport-payload-content", "valueCode": content}}}))
						secret := subscription.ResourceChange{Interaction: interaction, Resource: json.RawMessage(secretPatient)}
						if secret.Previous = secret.Resource; interaction == subscription.Create {
							secret.Previous = nil
						} else if interaction == subscription.Delete {
							secret.Resource = nil
						}
						require.NoError(t, w.OnResourceChange(t.Context(), patient("first", 1), secret, patient("last", 1)))
						time.Sleep(4 * time.Minute)
						sent := w.peer.seen(notification.EventNotification)
						told := func() (n int) {
							for _, a := range w.peer.seen(notification.EventNotification) {
								n += strings.Count(string(a.body), canary)
							}
							return n
						}
						switch unanswered := answer == "error" || answer == "panic" || answer == "timeout"; {
						case unanswered && sending && content == "empty": // there is nothing to ask about
							require.Equal(t, []int64{1, 2, 3}, numbers(sent), name)
							require.Zero(t, told(), name)
						case unanswered:
							require.Equal(t, []int64{1}, numbers(sent), name)
							require.Zero(t, told(), name)
							r, err := w.store.GetSubscription(t.Context(), "", id)
							require.NoError(t, err)
							require.EqualValues(t, map[bool]int{false: 1, true: 3}[sending], r.Count, name)
							require.Greater(t, j.count(), 3, name)
							j.set("allow")
							time.Sleep(10 * time.Minute)
							require.Equal(t, []int64{1, 2, 3}, numbers(w.peer.seen(notification.EventNotification)), name)
							require.Equal(t, content != "empty", told() > 0, name)
						case answer == "deny" && !sending:
							require.Equal(t, []int64{1, 2}, numbers(sent), name)
							require.Zero(t, told(), name)
						case answer == "allow":
							require.Equal(t, []int64{1, 2, 3}, numbers(sent), name)
							require.Equal(t, content != "empty", told() > 0, name)
						default: // redacted, or denied too late for its number
							require.Equal(t, []int64{1, 2, 3}, numbers(sent), name)
							require.Zero(t, told(), name)
							require.Empty(t, sent[1].Events[0].Focus.FullURL, name)
						}
						asked += j.count()
						require.NoError(t, w.stop())
					})
				}
			}
		}
	}
	require.GreaterOrEqual(t, cases, 60)
	t.Logf("A1 cases=%d asked=%d shown against a verdict=0", cases, asked)
}
