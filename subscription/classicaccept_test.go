package subscription_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/shared"
	"github.com/carillon-fhir/carillon/subscription"
)

// spec: CLS-05, CLS-15
func TestClassicIsKeptAsWritten(t *testing.T) { // CLS-15: what the guide would add has a meaning here
	synctest.Test(t, func(t *testing.T) {
		w, _ := newClassicWorld(t)
		for _, edit := range []func(map[string]any){withoutPayload, func(map[string]any) {}} {
			id := w.subscribeClassic(highBilirubin, edit)
			s, err := w.Get(t.Context(), "", id)
			require.NoError(t, err)
			var stored, sent map[string]any
			require.NoError(t, json.Unmarshal(s.Resource, &stored))
			require.NoError(t, json.Unmarshal([]byte(classic(highBilirubin, edit)), &sent))
			delete(stored, "id")
			delete(stored, "meta")
			sent["status"] = "active"
			require.Equal(t, sent, stored)
			again, _, err := w.Update(t.Context(), "", id, s.Resource, "")
			require.NoError(t, err, "it can be written back as read")
			require.Contains(t, string(again.Resource), `"status":"active"`)
		}
	})
}

// spec: CLS-04, CLS-15, CLS-16, CLS-17
func TestClassicIsRefused(t *testing.T) { // CLS-04, CLS-16, CLS-17, CLS-15
	channel := func(name, kind string, value any) func(map[string]any) { return channelExtension(name, kind, value) }
	for name, tc := range map[string]struct {
		criteria, element string
		edit              func(map[string]any)
	}{
		"unknown parameter":       {"Observation?colour=crimson", "Subscription.criteria", nil},
		"chain without resolver":  {"Observation?patient.name=x", "Subscription.criteria", nil},
		"_has without resolver":   {"Patient?_has:Observation:patient:code=1", "Subscription.criteria", nil},
		"_include":                {"Observation?_include=Observation:patient", "Subscription.criteria", nil},
		"_format":                 {"Observation?code=1&_format=json", "Subscription.criteria", nil},
		"syntax":                  {"Observation?code", "Subscription.criteria", nil},
		"no type":                 {"encounter-start", "Subscription.criteria", nil},
		"type that is not served": {"Encounter?status=finished", "Subscription.criteria", nil},
		"type of another release": {"SubscriptionTopic?status=active", "Subscription.criteria", nil},
		"too many parameters":     {"Observation?" + strings.Repeat("code=1&", 100) + "code=1", "Subscription.criteria", nil},
		"filter of the guide":     {"Observation?code=1", "Subscription.criteria.extension", filter("patient=Patient/1")},
		"heartbeat":               {"Observation?code=1", "Subscription.channel.extension", channel("backport-heartbeat-period", "valueUnsignedInt", 60)},
		"timeout":                 {"Observation?code=1", "Subscription.channel.extension", channel("backport-timeout", "valueUnsignedInt", 60)},
		"maxCount":                {"Observation?code=1", "Subscription.channel.extension", channel("backport-max-count", "valuePositiveInt", 10)},
		"content level": {"Observation?code=1", "Subscription.channel.payload.extension", setChannel("_payload", map[string]any{
			"extension": []any{map[string]any{"url": backport + "backport-payload-content", "valueCode": "id-only"}}})},
		"channel that is not served": {"Observation?code=1", "Subscription.channel.type", setChannel("type", "email")},
		"message channel":            {"Observation?code=1", "Subscription.channel.type", setChannel("type", "message")},
		"XML":                        {"Observation?code=1", "Subscription.channel.payload", setChannel("payload", "application/fhir+xml")},
		"tag of STU3":                {"Observation?code=1", "Subscription.tag", set("tag", []any{map[string]any{"system": "http://example.com/tags", "code": "x"}})},
		"no reason":                  {"Observation?code=1", "Subscription.reason", func(s map[string]any) { delete(s, "reason") }},
		"filterBy of R5":             {"Observation?code=1", "Subscription", set("filterBy", []any{})},
		"end in the past":            {"Observation?code=1", "Subscription.end", set("end", "1999-01-01T00:00:00Z")},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, _ := newClassicWorld(t)
				edits := []func(map[string]any){}
				if tc.edit != nil {
					edits = append(edits, tc.edit)
				}
				_, err := w.Create(t.Context(), "", json.RawMessage(classic(tc.criteria, edits...)))
				var refusal *subscription.Refusal
				require.ErrorAs(t, err, &refusal)
				require.Equal(t, tc.element, refusal.Issues[0].Element, "%v", refusal)
				require.NotContains(t, refusal.Error(), "crimson")
				found, err := w.Search(t.Context(), "", nil)
				require.NoError(t, err)
				require.Zero(t, found.Total)
			})
		})
	}
}

func TestClassicConfig(t *testing.T) {
	refusedBy := func(change func(*subscription.Config)) error {
		cfg := subscription.Config{Channels: []subscription.Channel{new(listener)}, Release: subscription.R4, BaseURL: base, Authorizer: subscription.InsecureAllowAll{}}
		change(&cfg)
		_, err := subscription.New(cfg)
		return err
	}
	require.ErrorContains(t, refusedBy(func(c *subscription.Config) { c.Classic = []string{"Ward"} }), "Config.Classic")
	require.ErrorContains(t, refusedBy(func(c *subscription.Config) { c.Release, c.Classic = subscription.R5, []string{"Patient"} }), "R5 has no query criteria")
	synctest.Test(t, func(t *testing.T) {
		off := newWorld(t)
		_, err := off.Create(t.Context(), "", json.RawMessage(classic("Patient?gender=female")))
		require.ErrorContains(t, err, "Query criteria are not supported")
		_, previous := off.Wants("", "Observation", subscription.Create)
		require.False(t, previous)

		w, _ := newClassicWorld(t)
		for _, i := range []subscription.Interaction{subscription.Create, subscription.Update, subscription.Delete} {
			current, previous := w.Wants("", "Observation", i)
			require.Equal(t, i != subscription.Delete, current)
			require.False(t, previous, "the new version alone counts")
		}
		_, err = w.Create(t.Context(), "", json.RawMessage(subscriptionJSON("https://carillon-fhir.github.io/fhir/SubscriptionTopic/classic")))
		require.ErrorContains(t, err, "topic is not supported", "it is implied, and no topic to subscribe to")
		require.NotContains(t, string(w.CapabilityFragment(subscription.R4)), "SubscriptionTopic/classic")
	})
}

// spec: CLS-15
func TestClassicHasNoOperations(t *testing.T) { // CLS-15
	synctest.Test(t, func(t *testing.T) {
		w, _ := newClassicWorld(t)
		id := w.subscribeClassic("Patient")
		_, err := w.Status(t.Context(), "", []string{id}, nil, base)
		require.ErrorContains(t, err, "no $status")
		_, err = w.Events(t.Context(), "", id, 0, 0, "")
		require.ErrorContains(t, err, "no $events")
		all, err := w.Status(t.Context(), "", nil, nil, base)
		require.NoError(t, err)
		require.NotContains(t, string(all), id)
	})
}

func TestClassicReferenceExamples(t *testing.T) { // the standard's examples
	dir := shared.Dir(t)
	for name, refused := range map[string]string{
		"subscription-r4-rest-hook-empty": "", "subscription-r4-rest-hook-payload": "", "subscription-r4-websocket": "",
		"subscription-stu3-rest-hook": "Subscription.tag",
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join(dir, "spec/reference-examples/classic", name+".json"))
			require.NoError(t, err)
			synctest.Test(t, func(t *testing.T) {
				w, _ := newClassicWorld(t, func(c *subscription.Config) { c.Channels = append(c.Channels, &listener{kind: "websocket"}) })
				s, err := w.Create(t.Context(), "", raw)
				if refused != "" {
					require.ErrorContains(t, err, refused)
					return
				}
				require.NoError(t, err)
				require.Contains(t, string(s.Resource), `"status":"active"`)
			})
		})
	}
}

func TestClassicByRelease(t *testing.T) {
	for release, served := range map[subscription.Release]bool{subscription.R4: true, subscription.R4B: true, subscription.R5: false} {
		t.Run(release.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, l := newClassicWorld(t, func(c *subscription.Config) {
					if c.Release = release; !served {
						c.Classic = nil
					}
				})
				s, err := w.Create(t.Context(), "", json.RawMessage(classic("Patient?gender=female")))
				w.write("p", 1)
				time.Sleep(time.Second)
				if !served {
					require.Error(t, err)
					require.Empty(t, l.all())
					return
				}
				require.NoError(t, err)
				require.Equal(t, []string{string(patientJSON("p", 1))}, l.bodies(s.ID))
			})
		})
	}
}
