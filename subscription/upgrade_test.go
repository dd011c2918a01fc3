package subscription_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
	"github.com/carillon-fhir/carillon/topic/search"
)

// What docs/upgrade.md says of stored Subscriptions whose topic, filter or search parameter
// goes and comes back, at run time or over a restart: what happened meanwhile is not counted,
// what happened since it came back is, and is sent when the client asks.
func TestWhatASubscriptionNeedsGoesAndComesBack(t *testing.T) {
	const gender, nickname = `{"resource":"Patient","filterParameter":"gender"}`, `{"resource":"Patient","filterParameter":"nickname"}`
	whole := strings.Replace(anyPatientText, gender, gender+","+nickname, 1)
	definitions, err := search.NewDefinitions(subscription.R4, json.RawMessage(`{"resourceType":"SearchParameter","url":"https://example.org/SearchParameter/nickname",
		"code":"nickname","type":"string","base":["Patient"],"expression":"Patient.gender"}`))
	require.NoError(t, err)
	given := func(text string, d *search.Definitions) func(*subscription.Config) {
		return func(c *subscription.Config) { c.Topics, c.Definitions = []*topic.Topic{parseTopic(t, text)}, d }
	}
	for name, c := range map[string]struct {
		filter, meanwhile string
		definitions       *search.Definitions // meanwhile
		restart           bool
	}{
		"topic":                            {"gender=female", finishedTopic, definitions, false},
		"topic, over a restart":            {"gender=female", finishedTopic, definitions, true},
		"filter":                           {"gender=female", strings.Replace(whole, gender+",", "", 1), definitions, false},
		"filter, over a restart":           {"gender=female", strings.Replace(whole, gender+",", "", 1), definitions, true},
		"search parameter, over a restart": {"nickname=female", whole, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, given(whole, definitions))
				load := func(text string, d *search.Definitions) {
					if c.restart {
						require.NoError(t, w.stop())
						w.start(given(text, d))
					} else {
						require.NoError(t, w.SetTopics(t.Context(), parseTopic(t, text)))
					}
					time.Sleep(5 * time.Second)
				}
				id := w.subscribe(anyPatient, filter(c.filter))
				other := w.subscribe(anyPatient) // suffers only where the topic is gone
				w.write("p", 1, id, other)
				time.Sleep(time.Second)
				load(c.meanwhile, c.definitions)
				require.Equal(t, "error not-supported", w.status(id))
				require.Equal(t, c.meanwhile == finishedTopic, w.status(other) != "active")
				w.write("p", 2)
				time.Sleep(time.Second)
				load(whole, definitions)
				require.Equal(t, "error not-supported", w.status(id), "the client asks, nobody else")
				w.write("p", 3)
				time.Sleep(time.Second)
				stored, err := w.Get(t.Context(), "", id)
				require.NoError(t, err)
				_, _, err = w.Update(t.Context(), "", id, stored.Resource, "")
				require.NoError(t, err)
				time.Sleep(time.Second)
				require.Equal(t, "active", w.status(id))
				w.write("p", 4)
				time.Sleep(time.Second)
				var got []string
				for _, a := range w.peer.seen(notification.EventNotification) {
					if a.target.Subscription == id {
						var focus struct{ Meta struct{ VersionID string } }
						require.NoError(t, json.Unmarshal(a.Events[0].Focus.Resource, &focus))
						got = append(got, fmt.Sprint(a.Events[0].Number, " is version ", focus.Meta.VersionID))
					}
				}
				require.Equal(t, []string{"1 is version 1", "2 is version 3", "3 is version 4"}, got)
				require.NoError(t, w.stop())
			})
		})
	}
}

// What else docs/upgrade.md says of a server that is configured anew.
func TestServerIsConfiguredAnew(t *testing.T) {
	beats := channelExtension("backport-heartbeat-period", "valueUnsignedInt", 20)
	for name, c := range map[string]struct {
		change subscription.Config // what is not zero replaces
		check  func(t *testing.T, w *world, before, events []attempt)
	}{
		"retired": {subscription.Config{Topics: []*topic.Topic{parseTopic(t, strings.Replace(anyPatientText, `"active"`, `"retired"`, 1))}}, func(t *testing.T, w *world, _, events []attempt) {
			require.Equal(t, []int64{1, 2}, numbers(events), "who has subscribed goes on")
			_, err := w.Create(t.Context(), "", json.RawMessage(subscriptionJSON(anyPatient)))
			require.ErrorContains(t, err, "retired")
		}},
		"another trigger": {subscription.Config{Topics: []*topic.Topic{parseTopic(t, strings.Replace(anyPatientText, `"resource":"Patient"}]`, `"resource":"Patient","queryCriteria":{"current":"gender=male"}}]`, 1))}}, func(t *testing.T, _ *world, _, events []attempt) {
			require.Equal(t, []int64{1}, numbers(events))
		}},
		"BaseURL": {subscription.Config{BaseURL: "https://new.example.org/r4"}, func(t *testing.T, _ *world, _, events []attempt) {
			require.Equal(t, "https://fhir.example.org/r4/Patient/p", events[0].Events[0].Focus.FullURL)
			require.Equal(t, "https://new.example.org/r4/Patient/p", events[1].Events[0].Focus.FullURL)
			require.True(t, strings.HasPrefix(events[1].Subscription, "https://new.example.org/r4/Subscription/"))
		}},
		"MinHeartbeat": {subscription.Config{MinHeartbeat: time.Minute}, func(t *testing.T, w *world, before, _ []attempt) {
			require.Len(t, before, 5, "every 20 seconds")
			time.Sleep(5 * time.Minute)
			require.InDelta(t, len(before)+5, len(w.peer.seen(notification.Heartbeat)), 1, "every minute")
			found, err := w.Search(t.Context(), "", nil)
			require.NoError(t, err)
			require.Contains(t, string(found.Matches[0].Resource), `"valueUnsignedInt":20`, "the text is as it was")
			s, _, err := w.Update(t.Context(), "", found.Matches[0].ID, found.Matches[0].Resource, "")
			require.NoError(t, err)
			require.Contains(t, string(s.Resource), `"valueUnsignedInt":60`, "until the client writes it")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				id := w.subscribe(anyPatient, beats)
				time.Sleep(101 * time.Second)
				before := w.peer.seen(notification.Heartbeat)
				w.write("p", 1)
				time.Sleep(time.Second)
				require.NoError(t, w.stop())
				w.start(func(cfg *subscription.Config) {
					if c.change.Topics != nil {
						cfg.Topics = c.change.Topics
					}
					if c.change.BaseURL != "" {
						cfg.BaseURL = c.change.BaseURL
					}
					cfg.MinHeartbeat = c.change.MinHeartbeat
				})
				w.write("p", 2)
				time.Sleep(time.Second)
				require.Equal(t, "active", w.status(id))
				c.check(t, w, before, w.peer.seen(notification.EventNotification))
				require.NoError(t, w.stop())
			})
		})
	}
}

// What waited while the server was configured anew goes out as the new configuration has it.
func TestWhatWaitedFollowsTheNewBase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.subscribe(anyPatient)
		w.peer.answerWith(refuseAll)
		w.write("p", 1, id)
		time.Sleep(time.Second)
		require.NoError(t, w.stop())
		w.peer.answerWith(nil)
		w.start(func(c *subscription.Config) { c.BaseURL = "https://new.example.org/r4" })
		time.Sleep(time.Minute)
		events := w.peer.seen(notification.EventNotification)
		first, last := events[0], events[len(events)-1]
		require.Equal(t, []int64{1, 1}, []int64{first.Events[0].Number, last.Events[0].Number})
		require.Equal(t, "https://fhir.example.org/r4/Patient/p", first.Events[0].Focus.FullURL)
		require.Equal(t, "https://new.example.org/r4/Patient/p", last.Events[0].Focus.FullURL)
		require.NotEqual(t, first.ID, last.ID, "a Subscription at another place is another one")
		require.NoError(t, w.stop())
	})
}

// A store is of one release: under another, nothing that was written in the first is sent.
func TestStoreOfAnotherRelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.subscribe(anyPatient)
		require.NoError(t, w.stop())
		w.start(func(c *subscription.Config) { c.Release = subscription.R5 })
		w.write("p", 1)
		time.Sleep(time.Minute)
		require.Equal(t, "error", strings.TrimSpace(w.status(id)))
		require.Empty(t, w.peer.seen(notification.EventNotification))
		require.NoError(t, w.stop())
	})
}
