package subscription_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// hinting gives a hint that no two attempts share, and fails or panics about some.
type hinting struct {
	subscription.InsecureAllowAll
	redact bool
	given  int
}

var hintType = notification.Coding{System: "urn:auth", Code: "one-time"}

func (h *hinting) AuthorizationHint(_ context.Context, _ *subscription.Subscription, focus json.RawMessage) (notification.Authorization, error) {
	var resource struct{ ID string }
	_ = json.Unmarshal(focus, &resource)
	switch resource.ID {
	case "failing":
		return notification.Authorization{}, errors.New("secret")
	case "panicking":
		panic("secret")
	case "untyped":
		return notification.Authorization{Value: "secret"}, nil
	}
	h.given++
	return notification.Authorization{Type: hintType, Value: fmt.Sprint("code-", h.given)}, nil
}

func (h *hinting) AuthorizeEvent(ctx context.Context, focus json.RawMessage, subs []*subscription.Subscription) ([]subscription.Verdict, error) {
	verdicts, err := h.InsecureAllowAll.AuthorizeEvent(ctx, focus, subs)
	if h.redact {
		verdicts[0] = subscription.Redact
	}
	return verdicts, err
}

// EXT-08, EXT-09, STS-11: an event tells what it stands for, what may be asked about it and
// how to be allowed to, as far as its level and its subscriber's rights go.
// spec: EXT-08, EXT-09, STS-03, STS-11, SEC-07
func TestHints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		about := parseTopic(t, feedTopic)
		about.NotificationShapes = []topic.NotificationShape{{Resource: "Encounter", RelatedQueries: []topic.RelatedQuery{
			{Type: topic.Coding{System: "urn:queries", Code: "orders"}, Query: "MedicationRequest?encounter=[id]"},
			{Query: "https://other.example.org/[id]"},
		}}}
		policy := &hinting{}
		w := newWorld(t, withTopics(about), func(c *subscription.Config) { c.Authorizer, c.Resolver = policy, newShelf() })
		id := w.subscribe(feed)
		change := func(id string) *notification.Event {
			require.NoError(t, w.OnResourceChange(t.Context(), subscription.ResourceChange{Interaction: subscription.Create, Resource: json.RawMessage(
				`{"resourceType":"Encounter","id":"` + id + `","status":"planned","subject":{"reference":"Patient/m"}}`)}))
			time.Sleep(time.Minute)
			seen := w.peer.seen(notification.EventNotification)
			return &seen[len(seen)-1].Events[0]
		}
		require.Equal(t, notification.Event{
			Triggers: []notification.Coding{{System: "urn:feed", Code: "new"}},
			Queries: []notification.RelatedQuery{
				{Type: notification.Coding{System: "urn:queries", Code: "orders"}, Query: base + "/MedicationRequest?encounter=e1"},
				{Query: "https://other.example.org/e1"},
			},
			Authorization: notification.Authorization{Type: hintType, Value: "code-1"},
		}, onlyHints(change("e1")))
		for _, resource := range []string{"failing", "panicking", "untyped"} {
			hints := onlyHints(change(resource))
			require.Len(t, hints.Queries, 2)
			require.Zero(t, hints.Authorization, "what the host fails to give is left out")
		}

		raw, err := w.Events(t.Context(), "", id, 1, 1, notification.Empty)
		require.NoError(t, err)
		require.NotContains(t, string(raw), "Encounter", "nothing of the resource at empty")
		require.NotContains(t, string(raw), "code-")

		policy.redact = true
		redacted := change("e2")
		require.EqualValues(t, 5, redacted.Number)
		require.Equal(t, notification.Event{}, onlyHints(redacted), "a number and nothing else")
	})
}

func onlyHints(e *notification.Event) notification.Event {
	return notification.Event{Triggers: e.Triggers, Queries: e.Queries, Authorization: e.Authorization}
}

// PAY-06, AMB-14: entries at id-only and the last state of a deletion, if the host wants so.
// spec: PAY-06, AMB-09, AMB-14
func TestShapesThatAreTheHostsToChoose(t *testing.T) {
	for _, chosen := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, func(c *subscription.Config) { c.EntryPerReference, c.ShowDeleted = chosen, chosen })
			id := w.subscribe(anyPatient)
			patient := json.RawMessage(`{"resourceType":"Patient","id":"p","gender":"female"}`)
			require.NoError(t, w.OnResourceChange(t.Context(), subscription.ResourceChange{Interaction: subscription.Delete, Previous: patient}))
			time.Sleep(time.Minute)
			for level, holds := range map[notification.Content]string{
				notification.IDOnly:       `{"fullUrl":"` + base + `/Patient/p","request"`,
				notification.FullResource: `"gender":"female"`,
				notification.Empty:        "",
			} {
				raw, err := w.Events(t.Context(), "", id, 1, 1, level)
				require.NoError(t, err)
				if level == notification.Empty {
					require.NotContains(t, string(raw), "/Patient/p")
					continue
				}
				require.Equal(t, chosen, strings.Contains(string(raw), holds), level)
			}
		})
	}
}
