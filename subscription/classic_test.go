package subscription_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// spec: CLS-02, CLS-03, CLS-05, CLS-06, CLS-07, CLS-15
func TestClassicNewVersionDecides(t *testing.T) { // CLS-02, CLS-03, CLS-06, CLS-07
	for _, tc := range []struct {
		name          string
		before, after string // values; "": there is none
		told          bool
	}{
		{"created, matches", "", "1.1", true},
		{"created, does not", "", "1.0", false},
		{"comes to match", "0.9", "1.1", true},
		{"goes on matching", "1.2", "1.1", true},
		{"stops matching", "1.1", "0.9", false},
		{"never matches", "0.8", "0.9", false},
		{"deleted", "1.1", "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, l := newClassicWorld(t)
				id, pinged := w.subscribeClassic(highBilirubin), w.subscribeClassic(highBilirubin, withoutPayload)
				change := subscription.ResourceChange{Interaction: subscription.Update}
				if tc.before != "" {
					change.Previous = bilirubin("o", 1, tc.before)
				} else {
					change.Interaction = subscription.Create
				}
				if tc.after != "" {
					change.Resource = bilirubin("o", 2, tc.after)
				} else {
					change.Interaction = subscription.Delete
				}
				require.NoError(t, w.OnResourceChange(t.Context(), change))
				time.Sleep(time.Second)
				if !tc.told {
					require.Empty(t, l.all())
					return
				}
				require.Len(t, l.all(), 2)
				full, ping := l.to(id)[0], l.to(pinged)[0]
				require.Equal(t, string(change.Resource), string(full.message.Body), "the host's bytes")
				require.Equal(t, "application/fhir+json", full.message.ContentType)
				require.Equal(t, &subscription.Classic{ResourceType: "Observation", ResourceID: "o"}, full.message.Classic)
				require.True(t, full.target.Classic)
				require.Empty(t, ping.message.Body)
				require.Empty(t, ping.message.ContentType)
				require.Equal(t, new(subscription.Classic), ping.message.Classic, "it says nothing of what happened")
				for _, s := range l.all() {
					require.Nil(t, s.message.Notification)
					require.NotEmpty(t, s.message.ID)
				}
				require.NoError(t, w.stop())
			})
		})
	}
}

func TestClassicForAllTypes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, l := newClassicWorld(t, func(c *subscription.Config) { c.Classic = []string{"Resource"} })
		patients, binaries := w.subscribeClassic("Patient"), w.subscribeClassic("Binary?")
		_, err := w.Create(t.Context(), "", json.RawMessage(classic("Subscription?status=active")))
		require.Error(t, err, "which are the engine's own")
		w.write("p", 1)
		require.NoError(t, w.OnResourceChange(t.Context(), subscription.ResourceChange{Interaction: subscription.Create,
			Resource: json.RawMessage(`{"resourceType":"Binary","id":"b"}`)}))
		time.Sleep(time.Second)
		require.Len(t, l.to(patients), 1)
		require.Len(t, l.to(binaries), 1)
	})
}

// spec: CLS-06, CLS-07, CLS-11
func TestClassicPayloads(t *testing.T) { // CLS-06, CLS-07, CLS-10, CLS-11
	for _, tc := range []struct {
		channel, payload string
		shown            bool
	}{
		{"rest-hook", "", false}, {"rest-hook", "application/fhir+json", true}, {"rest-hook", "application/json", true},
		{"email", "", false}, {"email", "text/plain", false}, {"email", "text/html;attach=application/fhir+json", true},
	} {
		t.Run(tc.channel+" "+tc.payload, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &listener{kind: tc.channel}
				w, _ := newClassicWorld(t, func(c *subscription.Config) { c.Channels = []subscription.Channel{l} })
				payload := setChannel("payload", tc.payload)
				if tc.payload == "" {
					payload = withoutPayload
				}
				id := w.subscribeClassic("Patient", setChannel("type", tc.channel), payload)
				w.write("p", 1)
				time.Sleep(time.Second)
				require.Len(t, l.to(id), 1)
				require.Equal(t, tc.payload, l.to(id)[0].target.ContentType)
				require.Equal(t, tc.shown, len(l.to(id)[0].message.Body) > 0)
				require.Equal(t, tc.shown, l.to(id)[0].message.Classic.ResourceID != "")
			})
		})
	}
}

func TestClassicLargeResource(t *testing.T) { // nothing can stand in for it
	synctest.Test(t, func(t *testing.T) {
		w, l := newClassicWorld(t, func(c *subscription.Config) { c.MaxBytes = 1000 })
		id := w.subscribeClassic("Patient")
		large := json.RawMessage(`{"resourceType":"Patient","id":"p","name":[{"text":"` + strings.Repeat("x", 2000) + `"}]}`)
		require.NoError(t, w.OnResourceChange(t.Context(), subscription.ResourceChange{Interaction: subscription.Create, Resource: large}))
		time.Sleep(time.Second)
		require.Equal(t, []string{string(large)}, l.bodies(id))
	})
}

func TestClassicExplained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := newClassicWorld(t)
		id := w.subscribeClassic(highBilirubin)
		for value, reason := range map[string]string{"0.9": "a filter of the Subscription does not match", "1.1": "it gets an event"} {
			x, err := w.Explain(t.Context(), subscription.ExplainRequest{Subscription: id, Change: subscription.ResourceChange{
				Interaction: subscription.Create, Resource: bilirubin("o", 1, value)}})
			require.NoError(t, err)
			require.Equal(t, reason, x.Reason)
			require.Len(t, x.Filters, 2)
		}
		x, err := w.Explain(t.Context(), subscription.ExplainRequest{Subscription: id, Change: subscription.ResourceChange{
			Interaction: subscription.Delete, Previous: bilirubin("o", 1, "1.1")}})
		require.NoError(t, err)
		require.Equal(t, "no trigger of the topic fires", x.Reason)
	})
}
