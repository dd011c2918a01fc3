package subscription_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

const feed = "https://topics.example.org/feed"

// feedTopic has triggers that say which events they are: one that the hook decides,
// one that needs the host, and one for events that the host raises.
var feedTopic = `{"resourceType":"SubscriptionTopic","url":"` + feed + `","status":"active",
	"resourceTrigger":[` + feedTrigger("new", `"queryCriteria":{"current":"status=planned"}`) + `,` +
	feedTrigger("woman", `"fhirPathCriteria":"%current.subject.resolve().gender = 'female'"`) + `],
	"eventTrigger":[{"resource":"Encounter","event":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0003","code":"A01"},{"system":"urn:feed","code":"in"}]}}],
	"canFilterBy":[{"filterParameter":"trigger","modifier":["not"]}]}`

func feedTrigger(code, criteria string) string {
	return fmt.Sprintf(`{"resource":"Encounter",%s,"extension":[{"url":%q,"valueCodeableConcept":{"coding":[{"system":"urn:feed","code":%q}]}}]}`,
		criteria, topic.EventURL, code)
}

// Filters by trigger ask which events fired: of the changes that the hook decides, of
// those that the sequencer does, and of what the host raises (FLT-12).
// spec: FLT-12, TOP-03, USE-01
func TestFiltersByEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withTopics(parseTopic(t, feedTopic)), func(c *subscription.Config) { c.Resolver = newShelf() })
		ids := map[string]string{"": w.subscribe(feed)}
		for _, filters := range []string{"trigger=new", "trigger=woman", "trigger:not=new", "trigger=urn:feed|in", "trigger=A01,woman"} {
			ids[filters] = w.subscribe(feed, filter("Encounter?"+filters))
		}
		change := func(id, status, patient string) {
			require.NoError(t, w.OnResourceChange(t.Context(), subscription.ResourceChange{Interaction: subscription.Create, Resource: json.RawMessage(
				`{"resourceType":"Encounter","id":"` + id + `","status":"` + status + `","subject":{"reference":"Patient/` + patient + `"}}`)}))
		}
		change("both", "planned", "w")
		change("new", "planned", "m")
		change("woman", "finished", "w")
		change("none", "finished", "m")
		require.NoError(t, w.OnEvent(t.Context(), subscription.TopicEvent{
			Events: []topic.Coding{admitted}, Focus: json.RawMessage(`{"resourceType":"Encounter","id":"raised","status":"finished"}`)}))
		time.Sleep(time.Minute)
		got := map[string][]string{}
		for _, a := range w.peer.seen(notification.EventNotification) {
			for _, e := range a.Events {
				got[a.target.Subscription] = append(got[a.target.Subscription], e.Focus.FullURL[len(base+"/Encounter/"):])
			}
		}
		for filters, want := range map[string][]string{
			"":                    {"both", "new", "woman", "raised"},
			"trigger=new":         {"both", "new"},
			"trigger=woman":       {"both", "woman"},
			"trigger:not=new":     {"woman", "raised"},
			"trigger=urn:feed|in": nil,
			"trigger=A01,woman":   {"both", "woman", "raised"},
		} {
			require.Equal(t, want, got[ids[filters]], filters)
		}
		x, err := w.Explain(t.Context(), subscription.ExplainRequest{Subscription: ids["trigger=woman"], Change: encounterOf("x", "w")})
		require.NoError(t, err)
		require.True(t, x.Notifies, x.Reason)
		x, err = w.Explain(t.Context(), subscription.ExplainRequest{Subscription: ids["trigger=woman"], Change: encounterOf("x", "m")})
		require.NoError(t, err)
		require.False(t, x.Notifies)
	})
}

// The same event about the same version twice is two events: only a change is known
// by its version.
func TestEventsRaisedTwiceAreTwo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withTopics(parseTopic(t, admissionTopic)))
		id := w.subscribe(admission)
		for range 2 {
			require.NoError(t, w.OnEvent(t.Context(), subscription.TopicEvent{
				Events: []topic.Coding{admitted}, Method: "PUT", Focus: json.RawMessage(`{"resourceType":"Encounter","id":"e","meta":{"versionId":"1"}}`)}))
		}
		time.Sleep(time.Minute)
		require.Equal(t, 2, w.peer.checker.Received(id))
	})
}
