package notification

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/stretchr/testify/require"
)

// TestTolerates gives the forms that the digest saw other servers send: each is
// understood, and what is wrong with it is told, by its element and nothing else.
// spec: CLI-07, OP-17, OP-18, USE-04, USE-05, EVN-08, AMB-08, AMB-21, STS-06, BND-18
func TestTolerates(t *testing.T) {
	full := func(n *Notification) *Notification { return n.with(42, updated()) }
	const parameters, status = "Bundle.entry[0].resource.parameter", "Bundle.entry[0].resource"
	for name, c := range map[string]struct {
		release  fhirpath.Release
		old, new string // what is replaced in a full-resource notification of event 42
		want     []string
	}{
		"nothing":                   {fhirpath.R4, "", "", nil},
		"candle: no request":        {fhirpath.R4, `"request":{"method":"PUT","url":"Encounter/enc-501"},`, "", []string{"Bundle.entry[1].request"}},
		"candle: no response":       {fhirpath.R4, `,"response":{"status":"200"}}]}`, "}]}", []string{"Bundle.entry[2].response"}},
		"candle: string reference":  {fhirpath.R4, `"valueReference":{"reference":"https://fhir.example.com/r4/Subscription/sub-17"}`, `"valueString":"https://fhir.example.com/r4/Subscription/sub-17"`, []string{parameters + "[0]"}},
		"HAPI: date of an event":    {fhirpath.R4, `"valueInstant":"2026-03-02T08:15:30Z"`, `"valueDate":"2026-03-02"`, []string{parameters + "[5].part[1]"}},
		"HAPI: dateTime":            {fhirpath.R4, `valueInstant`, `valueDateTime`, []string{parameters + "[5].part[1]"}},
		"R11: integer":              {fhirpath.R4, `"event-number","valueString":"42"`, `"event-number","valueInteger":42`, []string{parameters + "[5].part[0]"}},
		"unsignedInt":               {fhirpath.R4, `"events-since-subscription-start","valueString":"42"`, `"events-since-subscription-start","valueUnsignedInt":42`, []string{parameters + "[4]"}},
		"string status":             {fhirpath.R4, `"name":"status","valueCode"`, `"name":"status","valueString"`, []string{parameters + "[2]"}},
		"HAPI: relative focus":      {fhirpath.R4B, `"focus":{"reference":"https://fhir.example.com/r4/Encounter`, `"focus":{"reference":"Encounter`, []string{status + ".notificationEvent[0]"}},
		"Aidbox: numbers":           {fhirpath.R4B, `"eventNumber":"42"`, `"eventNumber":42`, []string{status + ".notificationEvent[0].eventNumber"}},
		"Aidbox: empty error":       {fhirpath.R4B, `"topic":`, `"error":[],"topic":`, []string{status + ".error"}},
		"athenahealth: draft":       {fhirpath.R4B, `"topic":`, `"eventsInNotification":1,"topic":`, []string{status + ".eventsInNotification"}},
		"athenahealth: restarts":    {fhirpath.R4B, `"eventNumber":"42"`, `"eventNumber":"1"`, []string{status}},
		"Medplum: no fullUrl":       {fhirpath.R4B, `"fullUrl":"urn:uuid:0d6a3f0e-5c1b-4b7e-9c55-0f4d2f7b1a01",`, "", []string{"Bundle.entry[0].fullUrl"}},
		"Medplum: number 0":         {fhirpath.R4B, `"eventNumber":"42"`, `"eventNumber":"0"`, []string{status + ".notificationEvent[0]"}},
		"Argonaut: $status URL":     {fhirpath.R4, `"fullUrl":"urn:uuid:0d6a3f0e-5c1b-4b7e-9c55-0f4d2f7b1a01"`, `"fullUrl":"https://fhir.example.com/r4/Subscription/sub-17/$status"`, nil},
		"OP-18: $events":            {fhirpath.R4, `/$status"}`, `/$events"}`, []string{"Bundle.entry[0].request.url"}},
		"OP-17: query-events":       {fhirpath.R5, `"event-notification"`, `"query-events"`, []string{status}},
		"official R5: response":     {fhirpath.R5, `"url":"Encounter/enc-501"}`, `"url":"Encounter/enc-501"},"response":{"status":"201"}`, []string{"Bundle.entry[1].response"}},
		"official: http, https":     {fhirpath.R5, `"focus":{"reference":"https:`, `"focus":{"reference":"http:`, []string{status + ".notificationEvent[0]"}},
		"R5 in R4's Bundle":         {fhirpath.R4, `"history"`, `"subscription-notification"`, []string{"Bundle.type", "Bundle.entry[0].request", "Bundle.entry[0].response", "Bundle.entry[1].response", "Bundle.entry[2].response"}},
		"R5 status in a history":    {fhirpath.R5, `"subscription-notification"`, `"history"`, []string{"Bundle.entry[0].request", "Bundle.entry[0].response", "Bundle.entry[1].response", "Bundle.entry[2].request", "Bundle.entry[2].response"}},
		"a collection":              {fhirpath.R5, `"subscription-notification"`, `"collection"`, []string{"Bundle.type"}},
		"HAPI: relative":            {fhirpath.R4B, `"subscription":{"reference":"https://fhir.example.com/r4/`, `"subscription":{"reference":"`, []string{status}},
		"version specific":          {fhirpath.R4B, `"fullUrl":"https://fhir.example.com/r4/Patient/pat-9"`, `"fullUrl":"https://fhir.example.com/r4/Patient/pat-9/_history/1"`, []string{"Bundle.entry[2].fullUrl"}},
		"an entry is missing":       {fhirpath.R5, `,{"fullUrl":"https://fhir.example.com/r4/Patient/pat-9","resource"`, `,{"fullUrl":"https://fhir.example.com/r4/Patient/other","resource"`, []string{status + ".notificationEvent[0]"}},
		"unknown status":            {fhirpath.R5, `"status":"active"`, `"status":"canary"`, []string{status}},
		"no status":                 {fhirpath.R4, `{"name":"status","valueCode":"active"},`, "", []string{status}},
		"no count":                  {fhirpath.R5, `"eventsSinceSubscriptionStart":"42",`, "", []string{status}},
		"count of an earlier event": {fhirpath.R4B, `"eventsSinceSubscriptionStart":"42",`, `"eventsSinceSubscriptionStart":"41",`, []string{status}},
		"count of another event":    {fhirpath.R5, `"eventsSinceSubscriptionStart":"42",`, `"eventsSinceSubscriptionStart":"43",`, []string{status}},
		"no events":                 {fhirpath.R5, `"notificationEvent":[`, `"notificationEvents":[`, []string{status}},
		"two hints": {fhirpath.R5, `"eventNumber":`, `"extension":[{"url":"` + authorizationURL + `"},{"url":"` + authorizationURL + `"}],"eventNumber":`,
			[]string{status + ".notificationEvent[0].extension"}},
		"an entry without anything": {fhirpath.R5, `"request":{"method":"PUT","url":"Encounter/enc-501"}`, `"link":[]},{"fullUrl":"urn:x"`, []string{"Bundle.entry[2]"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw, err := Append(nil, c.release, full(example("n-1", 1, EventNotification, FullResource)))
			require.NoError(t, err)
			require.Contains(t, string(raw), c.old)
			broken := strings.Replace(string(raw), c.old, c.new, 1)
			n, err := Parse([]byte(broken))
			require.NoError(t, err)
			var elements []string
			for i := range n.Problems {
				elements = append(elements, n.Problems[i].Element)
				require.NotContains(t, n.Problems[i].Error(), "canary")
			}
			require.Equal(t, c.want, elements, "%v", n.Problems)
			require.Contains(t, n.Subscription, "Subscription/sub-17")
			if name != "no events" {
				require.Len(t, n.Events, 1)
				require.JSONEq(t, string(updated().Focus.Resource), string(n.Events[0].Focus.Resource))
			}
		})
	}
}

// TestToleratesSeveral is BND-17: a heartbeat of Medplum speaks of all subscriptions.
// spec: BND-17, CLI-07
func TestToleratesSeveral(t *testing.T) {
	one, err := Append(nil, fhirpath.R4B, example("n-1", 1, Heartbeat, Empty).with(5))
	require.NoError(t, err)
	raw := strings.Replace(string(one), `"entry":[`, `"entry":[{"resource":{"resourceType":"SubscriptionStatus","status":"active",
		"type":"heartbeat","subscription":{"reference":"Subscription/2"}}},`, 1)
	all, err := ParseAll([]byte(raw))
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.Equal(t, "Subscription/2", all[0].Subscription)
	require.Equal(t, int64(5), all[1].EventsSinceSubscriptionStart)
	require.Equal(t, InvalidError{"Bundle.entry", "speaks of several subscriptions (BND-17)"}, all[1].Problems[0])
	require.Len(t, all[0].Problems, len(all[1].Problems)+1, "the relative reference is its own")
}

// TestProblemsAreBounded: a hostile Bundle of small entries costs no more than its size.
func TestProblemsAreBounded(t *testing.T) {
	raw, err := Append(nil, fhirpath.R4, example("n-1", 1, Heartbeat, Empty).with(5))
	require.NoError(t, err)
	n, err := Parse([]byte(strings.TrimSuffix(string(raw), `]}`) + strings.Repeat(`,{}`, 10000) + `]}`))
	require.NoError(t, err)
	require.Len(t, n.Problems, maxProblems)
}

// TestNotFirst is BND-01.
// spec: BND-01
func TestNotFirst(t *testing.T) {
	raw, err := Append(nil, fhirpath.R5, example("n-1", 1, EventNotification, FullResource).with(42, updated()))
	require.NoError(t, err)
	var bundle map[string]any
	require.NoError(t, json.Unmarshal(raw, &bundle))
	entries := bundle["entry"].([]any)
	entries[0], entries[1] = entries[1], entries[0]
	n, err := Parse(encode(t, bundle))
	require.NoError(t, err)
	require.Equal(t, []InvalidError{{"Bundle.entry[0]", "the status comes first (BND-01)"}}, n.Problems)
	require.NotNil(t, n.Events[0].Focus.Resource)
}

// TestDrafts is STS-07 and the Argonaut proxy: events are counted, not numbered.
// spec: STS-07
func TestDrafts(t *testing.T) {
	parse := func(status, entries string) *Notification {
		n, err := Parse([]byte(`{"resourceType":"Bundle","type":"history","entry":[{"fullUrl":"urn:uuid:u","resource":{"resourceType":"Parameters","parameter":[
			{"name":"subscription","valueReference":{"reference":"https://h/Subscription/1"}},{"name":"status","valueCode":"active"},
			{"name":"type","valueCode":"event-notification"},` + status + `]},"request":{"method":"GET","url":"/$status"},"response":{"status":"200"}}` + entries + `]}`))
		require.NoError(t, err)
		return n
	}
	counts := func(since, count string) string {
		return `{"name":"events-since-subscription-start","valueUnsignedInt":` + since + `},{"name":"events-in-notification","valueUnsignedInt":` + count + `}`
	}
	const a, b = `,{"fullUrl":"https://h/Encounter/a","resource":{"a":1}}`, `,{"fullUrl":"https://h/Patient/b","resource":{"b":1}}`

	n := parse(counts("310", "1"), "")
	require.Equal(t, []Event{{Number: 310}}, n.Events)
	require.Equal(t, Empty, n.Content)
	n = parse(counts("310", "1"), a+b)
	require.Equal(t, []Event{{
		Number:  310,
		Focus:   Entry{FullURL: "https://h/Encounter/a", Resource: json.RawMessage(`{"a":1}`)},
		Context: []Entry{{FullURL: "https://h/Patient/b", Resource: json.RawMessage(`{"b":1}`)}},
	}}, n.Events)
	n = parse(counts("310", "2"), a+b)
	require.Equal(t, []int64{309, 310}, []int64{n.Events[0].Number, n.Events[1].Number})
	require.JSONEq(t, `{"b":1}`, string(n.Events[1].Focus.Resource))
	for _, senseless := range []string{counts("310", "3"), counts("1", "2"), counts("9223372036854775807", "9223372036854775807"), counts("5", "0")} {
		n = parse(senseless, a+b)
		require.Empty(t, n.Events)
		require.Equal(t, InvalidError{"Bundle.entry[0].resource", "is of events, and has none (sst-1)"}, n.Problems[len(n.Problems)-1])
	}
}
