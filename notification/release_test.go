package notification

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/stretchr/testify/require"
)

// TestCounters is N4: both counters, where 32 bits and the doubles of JavaScript end.
// spec: EVN-06, STS-04, STS-05, STS-06
func TestCounters(t *testing.T) {
	for _, r := range releases {
		for _, number := range []int64{1 << 31, 1<<53 + 1, 1<<63 - 2} {
			t.Run(fmt.Sprint(r, number), func(t *testing.T) {
				t.Parallel()
				e := updated()
				e.Number = number
				n := example("n-1", 1, EventNotification, IDOnly).with(number+1, e)
				raw, err := Append(nil, r, n)
				require.NoError(t, err)
				since, events := "events-since-subscription-start\",\"valueString\":\"%d\"", "event-number\",\"valueString\":\"%d\""
				if r != fhirpath.R4 {
					since, events = `"eventsSinceSubscriptionStart":"%d"`, `"eventNumber":"%d"`
				}
				require.Contains(t, string(raw), fmt.Sprintf(since, number+1))
				require.Contains(t, string(raw), fmt.Sprintf(events, number))
				back, err := Parse(raw)
				require.NoError(t, err)
				require.Equal(t, []int64{number + 1, number}, []int64{back.EventsSinceSubscriptionStart, back.Events[0].Number})
			})
		}
	}
}

// TestNoEvents is OP-12: only R5 forbids an answer of $events without events.
// spec: OP-12, AMB-10, STS-05
func TestNoEvents(t *testing.T) {
	for r, want := range map[fhirpath.Release]Type{fhirpath.R4: QueryEvent, fhirpath.R4B: QueryEvent, fhirpath.R5: QueryStatus} {
		n := example("n-1", 1, QueryEvent, FullResource).with(7)
		raw, err := Append(nil, r, n)
		require.NoError(t, err)
		requireInvariants(t, r, raw, n)
		back, err := Parse(raw)
		require.NoError(t, err)
		require.Equal(t, want, back.Type)
		require.Equal(t, QueryEvent, n.Type, "n is the caller's")
	}
}

// spec: LIFE-02
func TestStatuses(t *testing.T) {
	n := example("n-1", 1, Heartbeat, Empty)
	n.Status = "entered-in-error"
	for _, r := range releases {
		_, err := Append(nil, r, n)
		require.Equal(t, r == fhirpath.R5, err == nil, "%v: section 1", r)
	}
}

// TestTriggers is STS-11, from the example of the patient data feed of US Core.
// spec: STS-11, USE-01
func TestTriggers(t *testing.T) {
	e := updated()
	e.Triggers = []Coding{{"http://example.com/ehr-events", "lab_result_final"}, {"http://terminology.hl7.org/CodeSystem/v2-0003", "R01"}}
	for _, content := range []Content{Empty, IDOnly} {
		raw, err := Append(nil, fhirpath.R4, example("n-1", 1, EventNotification, content).with(42, e))
		require.NoError(t, err)
		for _, c := range e.Triggers {
			require.Contains(t, string(raw), fmt.Sprintf(`{"name":"trigger","valueCoding":{"system":%q,"code":%q}}`, c.System, c.Code))
		}
		back, err := Parse(raw)
		require.NoError(t, err)
		require.Equal(t, e.Triggers, back.Events[0].Triggers)
		raw, err = Append(nil, fhirpath.R4B, example("n-1", 1, EventNotification, content).with(42, e))
		require.NoError(t, err)
		require.NotContains(t, string(raw), "R01", "no form in R4B")
	}
}

// TestEmptyKeepsQueriesBack is PAY-01: a query names resources. The hint of how to be
// authorized does not, and the guide's example for empty has it.
// spec: PAY-01
func TestEmptyKeepsQueriesBack(t *testing.T) {
	e := updated()
	e.Queries = []RelatedQuery{{Query: "https://fhir.example.com/canary"}}
	e.Authorization = Authorization{Type: Coding{Code: "hint"}, Value: "v"}
	for _, r := range releases {
		raw, err := Append(nil, r, example("n-1", 1, EventNotification, Empty).with(42, e))
		require.NoError(t, err)
		require.NotContains(t, string(raw), "canary")
		back, err := Parse(raw)
		require.NoError(t, err)
		require.Equal(t, e.Authorization, back.Events[0].Authorization)
	}
}

// TestEntryPerReference is PAY-07: fullUrl and request are the resource's URL, also
// where the event was a request of another URL.
// spec: PAY-06, PAY-07
func TestEntryPerReference(t *testing.T) {
	created := Event{Number: 1, Focus: encounter("enc-1", "POST", "Encounter", "201")}
	deleted := Event{Number: 2, Focus: encounter("enc-2", "DELETE", "Encounter/enc-2", "204")}
	n := example("n-1", 1, EventNotification, IDOnly).with(2, created, deleted)
	n.EntryPerReference = true
	for _, r := range releases {
		raw, err := Append(nil, r, n)
		require.NoError(t, err)
		requireInvariants(t, r, raw, n)
		entries := decode(t, raw).(map[string]any)["entry"].([]any)
		require.Len(t, entries, 3)
		require.Equal(t, map[string]any{"method": "GET", "url": base + "Encounter/enc-1"}, entries[1].(map[string]any)["request"])
		require.Equal(t, map[string]any{"method": "GET", "url": "Encounter/enc-2"}, entries[2].(map[string]any)["request"])
	}
}

// TestShowDeleted is AMB-14.
// spec: AMB-14, INF-09
func TestShowDeleted(t *testing.T) {
	n := example("n-1", 1, EventNotification, FullResource).
		with(43, Event{Number: 43, Focus: encounter("enc-501", "DELETE", "Encounter/enc-501", "204")})
	for _, show := range []bool{false, true} {
		n.ShowDeleted = show
		for _, r := range releases {
			raw, err := Append(nil, r, n)
			require.NoError(t, err)
			requireInvariants(t, r, raw, n)
			back, err := Parse(raw)
			require.NoError(t, err)
			require.Equal(t, "DELETE", back.Events[0].Focus.Method)
			require.Equal(t, show, back.Events[0].Focus.Resource != nil)
			require.Equal(t, show, back.ShowDeleted)
		}
	}
}

// TestVersions is BND-08: what R5 does with several events about one resource.
// spec: BND-08
func TestVersions(t *testing.T) {
	entry := func(id, method, version string) Entry {
		e := Entry{FullURL: base + "Encounter/" + id, Method: method, URL: "Encounter/" + id}
		if version != "" {
			e.Resource = json.RawMessage(`{"resourceType":"Encounter","id":"` + id + `","meta":{"versionId":"` + version + `"}}`)
		}
		return e
	}
	unversioned := func(id, state string) Entry {
		return Entry{FullURL: base + "Encounter/" + id, Method: "PUT", Resource: json.RawMessage(`{"state":"` + state + `"}`)}
	}
	for name, c := range map[string]struct {
		events []Event
		want   []string // what tells the entries apart, in their order
	}{
		"two versions":                 {[]Event{{Focus: entry("1", "POST", "1")}, {Focus: entry("1", "PUT", "2")}}, []string{`"1"`, `"2"`}},
		"no versions, the last counts": {[]Event{{Focus: unversioned("1", "a")}, {Focus: unversioned("1", "b")}}, []string{`"b"`}},
		"context of one version, the first": {
			[]Event{{Focus: entry("1", "PUT", "1"), Context: []Entry{entry("9", "", "5")}}, {Focus: entry("2", "PUT", "7"), Context: []Entry{entry("9", "", "5")}}},
			[]string{`"1"`, `"5"`, `"7"`},
		},
		"context is a later focus": {
			[]Event{{Focus: entry("1", "PUT", "1"), Context: []Entry{entry("2", "", "7")}}, {Focus: entry("2", "PUT", "7")}},
			[]string{`"1"`, `"PUT","url":"Encounter/2"`},
		},
		"context is an earlier focus": {
			[]Event{{Focus: entry("2", "PUT", "7")}, {Focus: entry("1", "PUT", "1"), Context: []Entry{entry("2", "", "7")}}},
			[]string{`"PUT","url":"Encounter/2"`, `"1"`},
		},
		"context without version, the last": {
			[]Event{{Focus: entry("1", "PUT", "1"), Context: []Entry{unversioned("9", "a")}}, {Focus: entry("2", "PUT", "7"), Context: []Entry{unversioned("9", "b")}}},
			[]string{`"1"`, `"7"`, `"b"`},
		},
		"deleted, made again, deleted": {
			[]Event{{Focus: entry("1", "DELETE", "")}, {Focus: entry("1", "PUT", "2")}, {Focus: entry("1", "DELETE", "")}},
			[]string{`"2"`, "DELETE"},
		},
		"withheld events": {[]Event{{}, {}, {Focus: entry("1", "PUT", "1")}}, []string{`"1"`}},
	} {
		for _, copies := range []int{0, 100} { // with a few entries, and with many
			t.Run(fmt.Sprint(name, copies), func(t *testing.T) {
				t.Parallel()
				n := example("n-1", 1, EventNotification, FullResource)
				for i := range copies {
					n.Events = append(n.Events, Event{Focus: entry(fmt.Sprint("other-", i), "PUT", "x")})
				}
				n.Events = append(n.Events, c.events...)
				for i := range n.Events {
					n.Events[i].Number = int64(i + 1)
				}
				n.EventsSinceSubscriptionStart = int64(len(n.Events))
				raw, err := Append(nil, fhirpath.R5, n)
				require.NoError(t, err)
				requireInvariants(t, fhirpath.R5, raw, n)
				entries := decode(t, raw).(map[string]any)["entry"].([]any)[1+copies:]
				require.Len(t, entries, len(c.want))
				for i, want := range c.want {
					require.Contains(t, string(encode(t, entries[i])), want)
				}
				back, err := Parse(raw)
				require.NoError(t, err)
				for i := range n.Events {
					require.Equal(t, n.Events[i].Focus.FullURL, back.Events[i].Focus.FullURL)
					require.Equal(t, n.Events[i].Focus.FullURL != "", back.Events[i].Focus.Method != "", "every event has an entry")
				}
			})
		}
	}
}
