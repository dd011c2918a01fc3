package notification

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/stretchr/testify/require"
)

// spec: BND-18, SHP-04, OP-17, STS-11, EVN-05, USE-05
func TestParseLiberal(t *testing.T) {
	focus := func(n *Notification) Entry { return n.Events[0].Focus }
	const status = `"subscription":{"reference":"Subscription/1"},"type":"event-notification"`
	r5 := func(event, entries string) string {
		return `{"resourceType":"Bundle","type":"subscription-notification","entry":[{"resource":{"resourceType":"SubscriptionStatus",` +
			status + `,"notificationEvent":[` + event + `]}}` + entries + `]}`
	}
	for name, c := range map[string]struct {
		raw   string
		check func(t *testing.T, n *Notification)
	}{
		"number counters": {r5(`{"eventNumber":7}`, ""), func(t *testing.T, n *Notification) {
			require.Equal(t, int64(7), n.Events[0].Number)
			require.Equal(t, int64(7), n.EventsSinceSubscriptionStart, "EVN-05")
			require.Equal(t, Empty, n.Content)
		}},
		"string counters": {r5(`{"eventNumber":"9223372036854775807"}`, ""), func(t *testing.T, n *Notification) {
			require.Equal(t, int64(9223372036854775807), n.Events[0].Number)
		}},
		"relative focus": {r5(`{"eventNumber":1,"focus":{"reference":"Encounter/1"}}`, `,{"fullUrl":"https://h/Encounter/1","resource":{"a":1}}`), func(t *testing.T, n *Notification) {
			require.Equal(t, Entry{FullURL: "https://h/Encounter/1", Resource: json.RawMessage(`{"a":1}`)}, focus(n))
			require.Equal(t, FullResource, n.Content)
		}},
		"other scheme": {r5(`{"eventNumber":1,"focus":{"reference":"http://h/Encounter/1"}}`, `,{"fullUrl":"https://h/Encounter/1","resource":{"a":1}}`), func(t *testing.T, n *Notification) {
			require.Equal(t, "http://h/Encounter/1", focus(n).FullURL)
			require.NotNil(t, focus(n).Resource)
		}},
		"version specific": {r5(`{"eventNumber":1,"focus":{"reference":"https://h/Encounter/1/_history/3"}}`, `,{"fullUrl":"https://h/Encounter/1","resource":{"a":1}}`), func(t *testing.T, n *Notification) {
			require.Equal(t, "https://h/Encounter/1", focus(n).FullURL)
			require.JSONEq(t, `{"a":1}`, string(focus(n).Resource))
		}},
		"same id on two servers": {r5(`{"eventNumber":1,"focus":{"reference":"https://b/Encounter/1"}}`, `,{"fullUrl":"https://a/Encounter/1","resource":{"a":1}},{"fullUrl":"https://b/Encounter/1","resource":{"b":1}}`), func(t *testing.T, n *Notification) {
			require.JSONEq(t, `{"b":1}`, string(focus(n).Resource))
		}},
		"no fullUrl": {r5(`{"eventNumber":1,"focus":{"reference":"https://b/Encounter/1"}}`, `,{"request":{"method":"DELETE","url":"Encounter/1"}}`), func(t *testing.T, n *Notification) {
			require.Equal(t, "DELETE", focus(n).Method)
			require.Equal(t, FullResource, n.Content)
		}},
		"no such entry": {r5(`{"eventNumber":1,"focus":{"reference":"https://b/Encounter/1"}}`, `,{"fullUrl":"https://b/Encounter/2"}`), func(t *testing.T, n *Notification) {
			require.Equal(t, Entry{FullURL: "https://b/Encounter/1"}, focus(n))
			require.Equal(t, IDOnly, n.Content)
		}},
		"no FHIR resource": {r5(`{"eventNumber":1,"focus":{"reference":"https://b/docs/1"}}`, `,{"fullUrl":"https://a/docs/1","resource":{}}`), func(t *testing.T, n *Notification) {
			require.Nil(t, focus(n).Resource, "SHP-04: nothing but equality tells")
		}},
		"foci first": {r5(`{"eventNumber":1,"focus":{"reference":"E/1"},"additionalContext":[{"reference":"P/1"}]},{"eventNumber":2,"focus":{"reference":"E/2"},"additionalContext":[{"reference":"P/2"},{"reference":"P/3"}]}`,
			`,{"fullUrl":"E/1","resource":{"e":1}},{"fullUrl":"E/2","resource":{"e":2}},{"fullUrl":"P/2","resource":{"p":2}},{"fullUrl":"P/1","resource":{"p":1}}`), func(t *testing.T, n *Notification) {
			require.JSONEq(t, `{"p":1}`, string(n.Events[0].Context[0].Resource))
			require.JSONEq(t, `{"e":2}`, string(n.Events[1].Focus.Resource))
			require.JSONEq(t, `{"p":2}`, string(n.Events[1].Context[0].Resource))
			require.Nil(t, n.Events[1].Context[1].Resource)
		}},
		"one entry for two events": {r5(`{"eventNumber":1,"focus":{"reference":"E/1"}},{"eventNumber":2,"focus":{"reference":"E/1"}}`, `,{"fullUrl":"E/1","resource":{"e":1}}`), func(t *testing.T, n *Notification) {
			require.JSONEq(t, `{"e":1}`, string(n.Events[1].Focus.Resource), "BND-08")
		}},
		"date of an event": {r5(`{"eventNumber":1,"timestamp":"2026-03-02"}`, ""), func(t *testing.T, n *Notification) {
			require.Equal(t, time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), n.Events[0].Timestamp)
		}},
		"misspelt type": {strings.Replace(r5(`{"eventNumber":1}`, ""), "event-notification", "query-events", 1), func(t *testing.T, n *Notification) {
			require.Equal(t, QueryEvent, n.Type, "OP-17")
		}},
		"unknown parts and empty error": {`{"resourceType":"Bundle","entry":[{"fullUrl":"urn:uuid:u","resource":{"resourceType":"Parameters","parameter":[
			{"name":"subscription","valueString":"https://h/Subscription/1"},{"name":"type","valueCode":"event-notification"},
			{"name":"events-since-subscription-start","valueUnsignedInt":3},{"name":"error","valueCodeableConcept":{"coding":[]}},
			{"name":"notification-event","part":[{"name":"trigger","valueCoding":{"code":"x"}},{"name":"event-number","valueInteger":3}]},
			{"name":"error","valueCodeableConcept":{"coding":[{"code":"a"},{"code":"b","system":"s"}]}}]}}]}`, func(t *testing.T, n *Notification) {
			require.Equal(t, &Notification{
				StatusID: "u", Type: EventNotification, Content: Empty, Subscription: "https://h/Subscription/1",
				EventsSinceSubscriptionStart: 3, Events: []Event{{Number: 3, Triggers: []Coding{{Code: "x"}}}}, Errors: []Coding{{Code: "a"}, {System: "s", Code: "b"}},
				Problems: []InvalidError{
					{"Bundle.type", "want history, subscription-notification or searchset"},
					{"Bundle.entry[0].resource.parameter[0]", "want valueReference"},
					{"Bundle.entry[0].resource.parameter[2]", "want valueString"},
					{"Bundle.entry[0].resource.parameter[4].part[1]", "want valueString"},
					{"Bundle.entry[0].resource", "has no status (STS-01, sst-2)"},
				},
			}, n, "STS-11")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, err := Parse([]byte(c.raw))
			require.NoError(t, err)
			c.check(t, n)
		})
	}
}

func TestParseSeveral(t *testing.T) {
	raw, err := AppendStatusBundle(nil, fhirpath.R4, base, at30, "id", []*Notification{
		example("", 1, QueryStatus, Empty), example("", 2, QueryStatus, Empty)})
	require.NoError(t, err)
	_, err = Parse(raw)
	require.ErrorIs(t, err, ErrSeveral)
	all, err := ParseAll(raw)
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.NotEqual(t, all[0].StatusID, all[1].StatusID)
}

// spec: STS-02
func TestParseRefuses(t *testing.T) {
	parameters := func(p string) string {
		return `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Parameters","parameter":[
			{"name":"subscription","valueReference":{"reference":"canary"}},` + p + `]}}]}`
	}
	status := func(s string) string {
		return `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"SubscriptionStatus",` + s + `}}]}`
	}
	const prefix = "Bundle.entry[0].resource"
	for raw, element := range map[string]string{
		parameters(`{"name":"type","valueCode":"canary"}`):                                                prefix,
		parameters(`{"name":"topic"}`):                                                                    prefix,
		parameters(`{"name":"subscription","valueString":"canary"}`):                                      prefix + ".parameter[1]",
		parameters(`{"name":"events-since-subscription-start","valueString":"canary"}`):                   prefix + ".parameter[1]",
		parameters(`{"name":"events-since-subscription-start","valueString":"-1"}`):                       prefix + ".parameter[1]",
		parameters(`{"name":"events-since-subscription-start","valueInteger":1.0}`):                       prefix + ".parameter[1]",
		parameters(`{"name":"events-since-subscription-start","valueString":"9223372036854775808"}`):      prefix + ".parameter[1]",
		parameters(`{"name":"events-since-subscription-start","valueBoolean":true}`):                      prefix + ".parameter[1]",
		parameters(`{"name":"notification-event"}`):                                                       prefix + ".parameter[1]",
		parameters(`{"name":"notification-event","part":[{"name":"event-number"}]}`):                      prefix + ".parameter[1].part[0]",
		parameters(`{"name":"notification-event","part":[{"name":"timestamp","valueInstant":"canary"}]}`): prefix + ".parameter[1].part[0]",
		status(`"type":"heartbeat"`):                                                                      prefix,
		status(`"subscription":{"identifier":{"value":"canary"}},"type":"heartbeat"`):                     prefix,
		status(`"eventsSinceSubscriptionStart":"x"`):                                                      prefix + ".eventsSinceSubscriptionStart",
		status(`"notificationEvent":[{"eventNumber":1},{}]`):                                              prefix + ".notificationEvent[1].eventNumber",
		status(`"notificationEvent":[{"eventNumber":1,"timestamp":5}]`):                                   prefix + ".notificationEvent[0].timestamp",
		`{"resourceType":"Bundle","timestamp":"canary"}`:                                                  "Bundle.timestamp",
		parameters(`{"name":"events-since-subscription-start","valueString":"1"},
			{"name":"events-since-subscription-start","valueString":"1"}`): prefix + ".parameter[2]",
		parameters(`{"name":"notification-event","part":[{"name":"event-number","valueString":"1"},
			{"name":"event-number","valueString":"2"}]}`): prefix + ".parameter[1].part[1]",
	} {
		t.Run(element, func(t *testing.T) {
			t.Parallel()
			_, err := Parse([]byte(raw))
			var invalid *InvalidError
			require.ErrorAs(t, err, &invalid)
			require.Equal(t, element, invalid.Element)
			require.NotContains(t, err.Error(), "canary")
		})
	}
	for _, raw := range []string{
		`null`, `[]`, `{}`, `{"resourceType":"Patient"}`, `{"resourceType":"Bundle"}`, `{"resourceType":"Bundle","entry":{"resource":[]}}`,
		`{"resourceType":"Bundle","entry":[null,{},{"resource":{"resourceType":"Parameters"}}]}`,
	} {
		_, err := Parse([]byte(raw))
		require.ErrorIs(t, err, ErrNoNotification, raw)
	}
	for _, raw := range []string{``, `{`, `{"a":1,"a":1}`, "\ufeff{}"} {
		_, err := Parse([]byte(raw))
		var syntax *fhirpath.SyntaxError
		require.True(t, errors.As(err, &syntax), "%s: %v", raw, err)
	}
}

// FuzzParse demands that Parse never panics, and that what it understood can be
// written and then reads the same.
func FuzzParse(f *testing.F) {
	for _, r := range releases {
		for _, n := range examples(r) {
			raw, err := Append(nil, r, n)
			require.NoError(f, err)
			f.Add(raw)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		all, err := ParseAll(raw)
		if err != nil {
			require.Empty(t, all)
			return
		}
		require.NotEmpty(t, all)
		for _, n := range all {
			require.LessOrEqual(t, len(n.Problems), maxProblems)
			for _, r := range releases {
				first, err := Append(nil, r, n)
				if err != nil { // others leave out what Append requires
					continue
				}
				again, err := Parse(first)
				require.NoError(t, err)
				if again.Type != n.Type { // OP-12
					continue
				}
				second, err := Append(nil, r, again)
				require.NoError(t, err)
				if again.Content == n.Content {
					require.Equal(t, string(first), string(second))
				}
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	raw, err := Append(nil, fhirpath.R4, examples(fhirpath.R4)["notification-event-full-resource.json"])
	require.NoError(b, err)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(raw); err != nil {
			b.Fatal(err)
		}
	}
}
