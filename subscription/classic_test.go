package subscription_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/invariant"
	"github.com/carillon-fhir/carillon/internal/shared"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

// listener is a channel and a subscriber to whom classic notifications come.
type listener struct {
	kind    string // of channel; "": rest-hook
	confirm bool   // Subscriptions have to be confirmed

	mu     sync.Mutex
	told   []telling
	answer func(n int) error // nil: accepts; n counts from 1
}

// telling is what was sent, and whether it was accepted.
type telling struct {
	at       time.Time
	target   subscription.Target
	message  subscription.Message
	accepted bool
}

func (l *listener) Type() string {
	if l.kind == "" {
		return "rest-hook"
	}
	return l.kind
}
func (*listener) Check(context.Context, subscription.Target) error { return nil }
func (l *listener) NeedsConfirmation(subscription.Target) bool     { return l.confirm }

func (l *listener) Send(_ context.Context, t subscription.Target, m subscription.Message) (err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.answer != nil {
		err = l.answer(len(l.told) + 1)
	}
	l.told = append(l.told, telling{time.Now(), t, m, err == nil})
	return err
}

func (l *listener) answerWith(f func(n int) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answer = f
}

// all returns everything that was sent.
func (l *listener) all() []telling {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.told)
}

// to returns what was sent to a Subscription.
func (l *listener) to(id string) (list []telling) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.told {
		if s.target.Subscription == id {
			list = append(list, s)
		}
	}
	return list
}

// bodies returns what was accepted for a Subscription.
func (l *listener) bodies(id string) (list []string) {
	for _, s := range l.to(id) {
		if s.accepted {
			list = append(list, string(s.message.Body))
		}
	}
	return list
}

// newClassicWorld is a host that serves query criteria for Observations and Patients.
func newClassicWorld(t *testing.T, change ...func(*subscription.Config)) (*world, *listener) {
	l := new(listener)
	return newWorld(t, append([]func(*subscription.Config){func(c *subscription.Config) {
		c.Channels, c.Classic = []subscription.Channel{l}, []string{"Observation", "Patient"}
	}}, change...)...), l
}

// classic writes a classic Subscription as a client would, with a payload.
func classic(criteria string, edit ...func(map[string]any)) string {
	bare := func(s map[string]any) { delete(s["channel"].(map[string]any), "_payload") }
	return subscriptionJSON(criteria, append([]func(map[string]any){bare}, edit...)...)
}

func withoutPayload(s map[string]any) { delete(s["channel"].(map[string]any), "payload") }

func (w *world) subscribeClassic(criteria string, edit ...func(map[string]any)) string {
	w.t.Helper()
	s, err := w.Create(w.t.Context(), "", json.RawMessage(classic(criteria, edit...)))
	require.NoError(w.t, err)
	require.Contains(w.t, string(s.Resource), `"status":"active"`, "there is no handshake (CLS-05)")
	return s.ID
}

// bilirubin is an Observation of that value.
func bilirubin(id string, version int, value string) json.RawMessage {
	return fmt.Appendf(nil, `{"resourceType":"Observation","id":%q,"meta":{"versionId":"%d"},"status":"final","code":{"coding":[{"system":"http://loinc.org","code":"1975-2"}]},`+
		`"valueQuantity":{"value":%s,"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"}}`, id, version, value)
}

const highBilirubin = "/Observation?code=http://loinc.org|1975-2&value-quantity=gt1.0|http://unitsofmeasure.org|mg/dL"

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

// spec: CLS-05, CLS-12, CLS-13, HB-12, LIFE-19
func TestClassicLife(t *testing.T) { // CLS-05, CLS-12, CLS-13, HB-12, R16
	synctest.Test(t, func(t *testing.T) {
		var statuses []string
		w, l := newClassicWorld(t, withRetry(time.Second, 2*time.Second), func(c *subscription.Config) {
			c.OnStatus = func(_ context.Context, s subscription.StatusUpdate) error {
				statuses = append(statuses, string(s.Status))
				return nil
			}
		})
		end := time.Now().Add(2 * time.Hour).UTC().Format(time.RFC3339)
		id := w.subscribeClassic("Patient?gender=female", set("end", end))
		time.Sleep(time.Second)
		require.Empty(t, l.all(), "nothing is sent but what matches")
		w.write("a", 1)
		time.Sleep(time.Second)
		l.answerWith(func(int) error { return errRefused })
		w.write("b", 1)
		w.write("c", 1)
		time.Sleep(time.Minute)
		require.Equal(t, "error no-response", w.status(id))
		require.Len(t, l.to(id), 4, "a, and b three times")
		require.Equal(t, l.to(id)[1].message.ID, l.to(id)[3].message.ID)
		l.answerWith(nil)
		w.write("d", 1)
		time.Sleep(10 * time.Minute)
		require.Len(t, l.to(id), 4, "nothing is sent until the client asks")
		s, err := w.Get(t.Context(), "", id)
		require.NoError(t, err)
		_, _, err = w.Update(t.Context(), "", id, s.Resource, "")
		require.NoError(t, err)
		require.Equal(t, "active", w.status(id))
		time.Sleep(time.Second)
		var got []string
		for _, body := range l.bodies(id) {
			got = append(got, parsedJSON(t, body).Get("id").Text())
		}
		require.Equal(t, []string{"a", "b", "c", "d"}, got)
		time.Sleep(2 * time.Hour)
		require.Equal(t, "off ended", w.status(id))
		w.write("e", 1)
		time.Sleep(time.Hour)
		require.Len(t, l.bodies(id), 4)
		require.Equal(t, []string{"active", "error", "active", "off"}, statuses)
	})
}

func parsedJSON(t testing.TB, raw string) fhirpath.Node {
	t.Helper()
	doc, err := fhirpath.Parse([]byte(raw))
	require.NoError(t, err)
	return doc.Root()
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

// spec: CH-EML-06
func TestClassicConfirmation(t *testing.T) { // CH-EML-06: nobody is mailed who has not asked for it
	synctest.Test(t, func(t *testing.T) {
		w, l := newClassicWorld(t)
		l.confirm = true
		s, err := w.Create(t.Context(), "", json.RawMessage(classic("Patient")))
		require.NoError(t, err)
		require.Contains(t, string(s.Resource), `"status":"requested"`)
		w.write("a", 1)
		time.Sleep(time.Hour)
		require.Len(t, l.all(), 1)
		require.NotEmpty(t, l.all()[0].message.Confirmation)
		require.NotNil(t, l.all()[0].message.Classic)
		require.Empty(t, l.all()[0].message.Body)
		require.NoError(t, w.Confirm(t.Context(), l.all()[0].message.Confirmation))
		time.Sleep(time.Second)
		require.Equal(t, []string{"", string(patientJSON("a", 1))}, l.bodies(s.ID))
		now, err := w.Get(t.Context(), "", s.ID)
		require.NoError(t, err)
		_, _, err = w.Update(t.Context(), "", s.ID, json.RawMessage(strings.Replace(string(now.Resource), `"Patient"`, `"Observation"`, 1)), "")
		require.NoError(t, err)
		time.Sleep(time.Second)
		require.Equal(t, "requested not-confirmed", w.status(s.ID), "that is something else")
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

func TestClassicTenants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, l := newClassicWorld(t)
		for _, tenant := range []string{"north", "south"} {
			_, err := w.Create(t.Context(), tenant, json.RawMessage(classic("Patient")))
			require.NoError(t, err)
		}
		change := patient("p", 1)
		change.Tenant = "south"
		require.NoError(t, w.OnResourceChange(t.Context(), change))
		time.Sleep(time.Second)
		require.Len(t, l.all(), 1)
		require.Equal(t, "south", l.all()[0].target.Tenant)
	})
}

// spec: CLS-14
func TestClassicRights(t *testing.T) { // CLS-14, A2
	for _, tc := range []struct {
		name          string
		numbered, now subscription.Verdict
		full, pings   int
	}{
		{"allowed", subscription.Allow, subscription.Allow, 3, 3},
		{"denied", subscription.Deny, subscription.Allow, 1, 1},
		{"redacted", subscription.Redact, subscription.Allow, 1, 3},
		{"redacted since", subscription.Allow, subscription.Redact, 0, 3},
		{"denied since", subscription.Allow, subscription.Deny, 0, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				policy := &revocable{}
				policy.verdict.Store(int64(tc.numbered))
				w, l := newClassicWorld(t, func(c *subscription.Config) { c.Authorizer = policy })
				full, pings := w.subscribeClassic("Patient"), w.subscribeClassic("Patient", withoutPayload)
				l.answerWith(func(int) error { return errRefused })
				w.write("canary", 1)
				w.write("canary", 2)
				time.Sleep(100 * time.Millisecond) // numbered, and tried
				before := len(l.to(full))
				policy.verdict.Store(int64(tc.now))
				l.answerWith(nil)
				w.write("last", 1)
				time.Sleep(time.Hour)
				require.Len(t, l.bodies(full), tc.full)
				require.Len(t, l.bodies(pings), tc.pings)
				for _, s := range l.to(full)[before:] {
					if tc.now != subscription.Allow {
						require.Fail(t, "nothing may go out any more", "%v", s)
					}
				}
				if tc.numbered == subscription.Redact {
					require.Equal(t, []string{string(patientJSON("last", 1))}, l.bodies(full))
				}
				require.Equal(t, "active", w.status(full))
				require.NoError(t, w.stop())
			})
		})
	}
}

// What is passed over holds nothing up, whatever the machine's clock says beside the
// engine's.
func TestClassicGoesOnAfterWhatIsWithheld(t *testing.T) { // R22
	synctest.Test(t, func(t *testing.T) {
		policy, l := &revocable{}, new(listener)
		policy.verdict.Store(int64(subscription.Redact))
		w := &world{t: t, store: memory.New(), peer: new(peer)}
		w.prepare(func(c *subscription.Config) {
			c.Channels, c.Classic, c.Authorizer = []subscription.Channel{l}, []string{"Patient"}, policy
		})
		w.SetWall(func(now time.Time) time.Time { return now.Add(-time.Hour) })
		w.run()
		id := w.subscribeClassic("Patient")
		w.write("canary", 1)
		time.Sleep(time.Second)
		policy.verdict.Store(int64(subscription.Allow))
		w.write("last", 1)
		time.Sleep(time.Minute)
		require.Len(t, l.bodies(id), 1)
		require.NoError(t, w.stop())
	})
}

// focusOf is what a resource says it is.
func focusOf(n fhirpath.Node) invariant.Focus {
	return invariant.Focus{Reference: n.Get("resourceType").Text() + "/" + n.Get("id").Text(), Version: n.Path("meta", "versionId").Text()}
}

// judge holds what arrived for classic Subscriptions against what was to arrive, in that
// order: the number of an event is its place in it.
func judge(t testing.TB, l *listener, expected map[string][]invariant.Focus, faults int) invariant.Report {
	var checker invariant.Checker
	checker.Excuse(faults)
	for id, foci := range expected {
		for _, f := range foci {
			checker.Expect(id, f)
		}
		for _, body := range l.bodies(id) {
			f := focusOf(parsedJSON(t, body))
			place := slices.Index(foci, f)
			if place < 0 {
				place = len(foci)
			}
			checker.ReceiveEvent(id, int64(place)+1, f)
		}
	}
	return checker.Report()
}

// TestClassicKeepsThePromise is R10 for query criteria: with an endpoint that fails three
// times of ten, everything arrives, in order.
func TestClassicKeepsThePromise(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, l := newClassicWorld(t)
		all, high := w.subscribeClassic("Observation"), w.subscribeClassic(highBilirubin)
		l.answerWith(func(n int) error {
			if n%10 < 3 {
				return errRefused
			}
			return nil
		})
		expected := map[string][]invariant.Focus{}
		const events = 1000
		for i := range events {
			c := subscription.ResourceChange{Interaction: subscription.Create, Resource: bilirubin(fmt.Sprint("o", i), 1, fmt.Sprint(float64(i%20)/10))}
			require.NoError(t, w.OnResourceChange(t.Context(), c))
			f := focusOf(parsedJSON(t, string(c.Resource)))
			expected[all] = append(expected[all], f)
			if i%20 > 10 {
				expected[high] = append(expected[high], f)
			}
			if i%7 == 0 {
				time.Sleep(10 * time.Millisecond)
			}
		}
		time.Sleep(24 * time.Hour)
		report := judge(t, l, expected, 0)
		require.NoError(t, report.Err())
		require.Equal(t, events+events*9/20, report.Events)
		for i, s := range l.to(all) { // a message keeps its id until it is accepted, and then there is another
			if i > 0 {
				before := l.to(all)[i-1]
				require.Equal(t, !before.accepted, before.message.ID == s.message.ID)
			}
			if i > 20 {
				break
			}
		}
		t.Logf("R10 classic attempts=%d %v", len(l.all()), report)
		require.NoError(t, w.stop())
	})
}

// TestClassicAcrossNodes: a Subscription that one node has accepted holds at once for
// what another one writes.
func TestClassicAcrossNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, l := newClassicWorld(t)
		other, err := subscription.New(subscription.Config{
			Store: w.store, Channels: []subscription.Channel{l}, Release: subscription.R4, BaseURL: base,
			Authorizer: subscription.InsecureAllowAll{}, Node: "b", Classic: []string{"Observation", "Patient"},
		})
		require.NoError(t, err)
		expected := map[string][]invariant.Focus{}
		for i := range 200 {
			id := w.subscribeClassic(fmt.Sprintf("Patient?_id=p%d,last", i))
			require.NoError(t, other.OnResourceChange(t.Context(), patient(fmt.Sprint("p", i), 1)))
			expected[id] = []invariant.Focus{{Reference: fmt.Sprint("Patient/p", i), Version: "1"}, {Reference: "Patient/last", Version: "1"}}
		}
		require.NoError(t, other.OnResourceChange(t.Context(), patient("last", 1)))
		time.Sleep(time.Minute)
		report := judge(t, l, expected, 0)
		require.NoError(t, report.Err())
		require.Equal(t, 400, report.Events)
		t.Logf("CLS nodes=2 %v", report)
	})
}

// TestClassicAfterATopic: one Subscription goes from a topic, with a batch under way, to
// query criteria and back. Its client gets each event once, and no deletion as a resource.
// spec: ACC-22
func TestClassicAfterATopic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, l := newClassicWorld(t)
		s, err := w.Create(t.Context(), "", json.RawMessage(subscriptionJSON(anyPatient, channelExtension("backport-max-count", "valuePositiveInt", 10))))
		require.NoError(t, err)
		time.Sleep(time.Second)
		l.answerWith(func(int) error { return errRefused })
		var want []string
		for i := range 5 {
			w.write("p", i+1)
			want = append(want, string(patientJSON("p", i+1)))
		}
		require.NoError(t, w.OnResourceChange(t.Context(), subscription.ResourceChange{Interaction: subscription.Delete, Previous: patientJSON("p", 5)}))
		time.Sleep(100 * time.Millisecond)
		var text map[string]any
		require.NoError(t, json.Unmarshal([]byte(classic("Patient")), &text))
		text["id"] = s.ID
		raw, err := json.Marshal(text)
		require.NoError(t, err)
		_, _, err = w.Update(t.Context(), "", s.ID, raw, "")
		require.NoError(t, err)
		l.answerWith(nil)
		w.write("q", 1)
		want = append(want, string(patientJSON("q", 1)))
		time.Sleep(time.Hour)
		var got []string
		for _, told := range l.to(s.ID) {
			if told.message.Classic != nil && told.accepted {
				got = append(got, string(told.message.Body))
			}
		}
		require.Equal(t, want, got)

		require.NoError(t, json.Unmarshal([]byte(subscriptionJSON(anyPatient)), &text))
		raw, err = json.Marshal(text)
		require.NoError(t, err)
		_, _, err = w.Update(t.Context(), "", s.ID, raw, "")
		require.NoError(t, err)
		time.Sleep(time.Second)
		require.Equal(t, "active", w.status(s.ID))
		last := l.to(s.ID)[len(l.to(s.ID))-1].message
		require.Equal(t, "handshake", string(last.Notification.Type))
		require.EqualValues(t, 7, last.Notification.EventsSinceSubscriptionStart)
	})
}

func TestClassicThatIsNoLongerServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, l := newClassicWorld(t)
		id := w.subscribeClassic("Patient")
		time.Sleep(time.Second)
		require.NoError(t, w.stop())
		off := func(c *subscription.Config) { c.Channels = []subscription.Channel{l} }
		w.start(off)
		w.write("p", 1)
		time.Sleep(time.Minute)
		require.Equal(t, "error not-supported", w.status(id))
		require.Empty(t, l.all())
		require.NoError(t, w.stop())
		w.start(off, func(c *subscription.Config) { c.Classic = []string{"Observation"} })
		time.Sleep(time.Minute)
		require.Equal(t, "error not-supported", w.status(id))
	})
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

// classicPolicy lets everybody subscribe to what is about patient 1, and shows what it saw.
type classicPolicy struct {
	subscription.InsecureAllowAll
	seen *[]string
}

func (p classicPolicy) AuthorizeSubscription(_ context.Context, s *subscription.Subscription) (string, error) {
	*p.seen = append(*p.seen, fmt.Sprint(s.Topic, s.Classic, " ", s.Filters))
	for _, f := range s.Filters {
		if f.String() == s.Classic+".patient=Patient/1" {
			return "one", nil
		}
	}
	return "", errors.New("not about the patient")
}

// spec: ACC-15, SEC-02
func TestClassicAuthorizer(t *testing.T) { // what a policy needs is there, without reading the resource
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		w, _ := newClassicWorld(t, func(c *subscription.Config) { c.Authorizer = classicPolicy{seen: &seen} })
		w.subscribeClassic("Observation?patient=Patient/1&code=1975-2")
		_, err := w.Create(t.Context(), "", json.RawMessage(classic("Observation?code=1975-2")))
		var refusal *subscription.Refusal
		require.ErrorAs(t, err, &refusal)
		require.Equal(t, 403, refusal.Status)
		require.Equal(t, []string{
			"Observation [Observation.patient=Patient/1 Observation.code=1975-2]", "Observation [Observation.code=1975-2]",
		}, seen)
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
