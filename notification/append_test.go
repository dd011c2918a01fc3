package notification

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/shared"
	"github.com/stretchr/testify/require"
)

// examples are the notifications of the standard, as files of spec/reference-examples.
func examples(r fhirpath.Release) map[string]*Notification {
	deleted := Event{Number: 43, Timestamp: at30, Focus: encounter("enc-501", "DELETE", "Encounter/enc-501", "204")}
	hs := example("n-hs", 1, Handshake, Empty)
	hs.Status = "requested"
	withEntries := example("n-idx", 5, EventNotification, IDOnly).with(42, updated())
	withEntries.EntryPerReference = true
	all := map[string]*Notification{
		"notification-handshake.json":                  hs,
		"notification-heartbeat.json":                  example("n-hb", 2, Heartbeat, FullResource).with(41),
		"notification-event-empty.json":                example("n-em", 3, EventNotification, Empty).with(42, updated()),
		"notification-event-id-only.json":              example("n-id", 4, EventNotification, IDOnly).with(42, updated()),
		"notification-event-id-only-with-entries.json": withEntries,
		"notification-event-full-resource.json":        example("n-fr", 6, EventNotification, FullResource).with(42, updated()),
		"notification-event-full-resource-delete.json": example("n-del", 7, EventNotification, FullResource).with(43, deleted),
		"notification-event-multiple-id-only.json":     example("n-mul", 8, EventNotification, IDOnly).with(45, twoEvents()...),
		"operation-events-response.json":               example("events-result", 11, QueryEvent, FullResource).with(45, twoEvents()...),
		"operation-events-response-id-only.json":       example("events-result", 11, QueryEvent, IDOnly).with(45, twoEvents()...),
		"operation-events-response-empty.json":         example("events-result", 11, QueryEvent, Empty).with(45, twoEvents()...),
		"error-while-delivering-heartbeat.json":        example("n-er", 12, Heartbeat, IDOnly).with(48).failing(noResponse),
	}
	if r != fhirpath.R5 { // of the guide for R4 and R4B
		hinted := updated()
		hinted.Context = nil
		hinted.Queries = []RelatedQuery{{
			Type:  Coding{System: "http://example.org/query-types", Code: "discharge-meds"},
			Query: base + "MedicationRequest?encounter=enc-501",
		}}
		hinted.Authorization = Authorization{
			Type:  Coding{System: "http://example.org/auth", Code: "authorization_base"},
			Value: "opaque-one-time-code",
		}
		all["notification-event-id-only-related-query-and-auth.json"] = example("n-rq", 14, EventNotification, IDOnly).with(42, hinted)
	}
	for _, n := range all {
		n.move(r)
	}
	return all
}

var noResponse = Coding{System: "http://terminology.hl7.org/CodeSystem/subscription-error", Code: "no-response"}

// spec: BND-01, BND-02, BND-03, BND-04, BND-05, BND-06, BND-07, BND-12, BND-13, BND-14, BND-15, STS-01, STS-02
// spec: STS-03, STS-04, STS-05, STS-08, STS-09, PAY-03, PAY-04, PAY-05, PAY-06, PAY-08, EXT-08, EXT-09, AMB-04
// spec: AMB-08, AMB-13, AMB-15, AMB-21, ERR-09, OP-11
func TestAppendReferenceExamples(t *testing.T) {
	for _, r := range releases {
		dir := filepath.Join(shared.Dir(t), "spec", "reference-examples", strings.ToLower(r.String()))
		for name, n := range examples(r) {
			t.Run(r.String()+"/"+name, func(t *testing.T) {
				t.Parallel()
				want, err := os.ReadFile(filepath.Join(dir, name))
				require.NoError(t, err)
				got, err := Append(nil, r, n)
				require.NoError(t, err)
				require.Equal(t, decode(t, want), decode(t, got))
				requireInvariants(t, r, got, n)
				back, err := Parse(got)
				require.NoError(t, err)
				if len(n.Events) > 0 {
					require.Equal(t, n.Content, back.Content)
				}
			})
		}
	}
}

// spec: OP-05, OP-06, STS-05
func TestAppendStatusBundleReferenceExamples(t *testing.T) {
	for _, r := range releases {
		dir := filepath.Join(shared.Dir(t), "spec", "reference-examples", strings.ToLower(r.String()))
		working := example("", 9, QueryStatus, Empty).with(45)
		broken := example("", 10, QueryStatus, FullResource).with(3).failing(noResponse)
		broken.Subscription = base + "Subscription/sub-18"
		working.move(r)
		broken.move(r)
		for _, c := range []struct {
			name, self string
			statuses   []*Notification
		}{
			{"operation-status-response-instance.json", "Subscription/sub-17/$status", []*Notification{working}},
			{"operation-status-response.json", "Subscription/$status?id=sub-17&id=sub-18", []*Notification{working, broken}},
		} {
			t.Run(r.String()+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				want, err := os.ReadFile(filepath.Join(dir, c.name))
				require.NoError(t, err)
				got, err := AppendStatusBundle(nil, r, moved(r, base)+c.self, at30, "status-result", c.statuses)
				require.NoError(t, err)
				require.Equal(t, decode(t, want), decode(t, got))
				back, err := ParseAll(got)
				require.NoError(t, err)
				require.Len(t, back, len(c.statuses))
				for i, n := range c.statuses {
					require.Equal(t, n.Subscription, back[i].Subscription)
					require.Equal(t, n.Errors, back[i].Errors)
				}
			})
		}
	}
}

func TestAppendStatusBundleOfNone(t *testing.T) {
	got, err := AppendStatusBundle([]byte("x"), fhirpath.R4, base+"Subscription/$status", time.Time{}, "", nil)
	require.NoError(t, err)
	require.JSONEq(t, `{"resourceType":"Bundle","type":"searchset","total":0,
		"link":[{"relation":"self","url":"https://fhir.example.com/r4/Subscription/$status"}]}`, string(got[1:]))
}

// spec: PAY-01, PAY-02, PAY-05, AMB-13
func TestAppendContentRules(t *testing.T) {
	secret := Entry{
		FullURL: base + "Patient/canary", URL: "Patient/canary", Method: "PUT", Status: "canary",
		Resource: json.RawMessage(`{"canary":1}`),
	}
	n := example("n-1", 1, EventNotification, Empty).with(1, Event{Number: 1, Focus: secret, Context: []Entry{secret}})

	got, err := Append(nil, fhirpath.R4, n)
	require.NoError(t, err)
	require.NotContains(t, string(got), "canary", "PAY-01, PAY-02")
	require.NotContains(t, string(got), n.Topic, "PAY-05")

	n.Content = IDOnly
	got, err = Append(nil, fhirpath.R4, n)
	require.NoError(t, err)
	require.Equal(t, 2, strings.Count(string(got), "canary"), "focus and additional-context, nothing else")
	require.NotContains(t, string(got), `{"canary":1}`)

	n.Content = FullResource
	got, err = Append(nil, fhirpath.R4, n)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(got), `{"canary":1}`), "the context is the focus again")
}

// spec: PAY-09
func TestAppendWithheld(t *testing.T) {
	withheld := Entry{FullURL: base + "Encounter/1"}
	n := example("n-1", 1, EventNotification, FullResource).with(1, Event{Number: 1, Focus: withheld})
	got, err := Append(nil, fhirpath.R4, n)
	require.NoError(t, err)
	requireInvariants(t, fhirpath.R4, got, n)
	require.JSONEq(t, `{"fullUrl":"https://fhir.example.com/r4/Encounter/1",
		"request":{"method":"GET","url":"https://fhir.example.com/r4/Encounter/1"},
		"response":{"status":"200"}}`, string(encode(t, decode(t, got).(map[string]any)["entry"].([]any)[1])), "PAY-09")
}

func TestAppendContextOnce(t *testing.T) {
	for _, events := range []int{3, 100} { // by comparison, and by map
		t.Run(fmt.Sprint(events), func(t *testing.T) {
			t.Parallel()
			n := example("n-1", 1, EventNotification, FullResource)
			later := patient()
			later.Resource = json.RawMessage(`{"resourceType":"Patient","id":"pat-9","active":false}`)
			for i := range events {
				context := []Entry{patient()}
				if i == events-1 {
					context = []Entry{later, patient(), later} // of one state twice in a row: once
					context[2].Resource = patient().Resource
				}
				n.Events = append(n.Events, Event{
					Number: int64(i + 1), Focus: encounter(fmt.Sprint(i), "PUT", "Encounter", "200"), Context: context,
				})
			}
			n.EventsSinceSubscriptionStart = int64(events)
			got, err := Append(nil, fhirpath.R4, n)
			require.NoError(t, err)
			requireInvariants(t, fhirpath.R4, got, n)
			var patients []any
			for _, e := range decode(t, got).(map[string]any)["entry"].([]any) {
				if resourceType(e) == "Patient" {
					patients = append(patients, e.(map[string]any)["resource"].(map[string]any)["active"])
				}
			}
			require.Equal(t, []any{true, false, true}, patients)
			require.Equal(t, events+2, strings.Count(string(got), "additional-context"))
		})
	}
}

// spec: PAY-12
func TestAppendKeepsBytes(t *testing.T) {
	raw := json.RawMessage("{\n \"resourceType\":\"Basic\", \"n\": 1.00, \"u\":\"\\u00e9\", \"d\":1e400 }")
	n := example("n-1", 1, EventNotification, FullResource).with(1, Event{Number: 1, Focus: Entry{FullURL: base + "Basic/1", Resource: raw}})
	got, err := Append(nil, fhirpath.R4, n)
	require.NoError(t, err)
	require.Contains(t, string(got), string(raw))
}

func TestAppendTimes(t *testing.T) {
	n := example("n-1", 1, EventNotification, Empty).with(1, Event{Number: 1,
		Timestamp: time.Date(2026, 3, 2, 9, 15, 30, 123456789, time.FixedZone("", 3600))})
	n.Timestamp = time.Time{}
	got, err := Append(nil, fhirpath.R4, n)
	require.NoError(t, err)
	require.Contains(t, string(got), `"valueInstant":"2026-03-02T08:15:30.123456789Z"`)
	require.NotContains(t, string(got), `"timestamp":`)
}

func TestAppendEscapes(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"plain":             {"aé€😀</script>&", "aé€😀</script>&"},
		"quotes":            {`a"b\c`, `a"b\c`},
		"control":           {"\x00\x1f\n\t\x7f", "\x00\x1f\n\t\x7f"},
		"invalid UTF-8":     {"a\xffb\xc3", "a\uFFFDb\uFFFD"},
		"surrogate":         {"\xed\xa0\x80", "\uFFFD\uFFFD\uFFFD"},
		"replacement kept":  {"\uFFFD", "\uFFFD"},
		"separators kept":   {"\u2028\u2029", "\u2028\u2029"},
		"overlong encoding": {"\xc0\xaf", "\uFFFD\uFFFD"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw := appendString(nil, c.in)
			var got string
			require.NoError(t, json.Unmarshal(raw, &got))
			require.Equal(t, c.want, got)
			_, err := fhirpath.Parse(raw)
			require.NoError(t, err)
		})
	}
	n := example(`a"b`, 1, Handshake, IDOnly)
	n.StatusID, n.Subscription, n.Topic = `s"`+"\x01", `https://h/"`, "t\xff"
	got, err := Append(nil, fhirpath.R4, n)
	require.NoError(t, err)
	requireInvariants(t, fhirpath.R4, got, n)
	back, err := Parse(got)
	require.NoError(t, err)
	require.Equal(t, []string{`a"b`, "s\"\x01", `https://h/"`, "t\uFFFD"}, []string{back.ID, back.StatusID, back.Subscription, back.Topic})
}

// spec: STS-04, STS-09, BND-09, PAY-14
func TestAppendRefuses(t *testing.T) {
	for element, change := range map[string]func(*Notification){
		"Notification.Content":                      func(n *Notification) { n.Content = "full" },
		"Notification.Content ":                     func(n *Notification) { n.Content = "" },
		"Notification.Status":                       func(n *Notification) { n.Status = "ok" },
		"Notification.StatusID":                     func(n *Notification) { n.StatusID = "" },
		"Notification.Subscription":                 func(n *Notification) { n.Subscription = "" },
		"Notification.EventsSinceSubscriptionStart": func(n *Notification) { n.EventsSinceSubscriptionStart = -1 },
		"Notification.Timestamp":                    func(n *Notification) { n.Timestamp = time.Unix(1<<40, 0) },
		"Notification.Type":                         func(n *Notification) { n.Type = "query-events" },
		"Notification.Type ":                        func(n *Notification) { n.Type = QueryStatus },
		"Notification.Events":                       func(n *Notification) { n.Events = nil },
		"Notification.Events ":                      func(n *Notification) { n.Type = Handshake },
		"Notification.Events  ":                     func(n *Notification) { n.Type = Heartbeat },
		"Notification.Events[0].Number":             func(n *Notification) { n.Events[0].Number = 0 },
		"Notification.Events[0].Timestamp":          func(n *Notification) { n.Events[0].Timestamp = time.Unix(1<<40, 0) },
		"Notification.Events[0].Focus.FullURL":      func(n *Notification) { n.Events[0].Focus.FullURL = "" },
		"Notification.Events[0].Focus.FullURL ":     func(n *Notification) { n.Events[0].Focus.FullURL += "/_history/1" },
		"Notification.Events[0].Focus.Resource":     func(n *Notification) { n.Events[0].Focus.Resource = json.RawMessage("null") },
		"Notification.Events[0].Focus.Resource ":    func(n *Notification) { n.Events[0].Focus.Resource = json.RawMessage{} },
		"Notification.Events[0].Focus.Method":       func(n *Notification) { n.Events[0].Focus.Method = "MERGE" },
		"Notification.Events[0].Context[0].FullURL": func(n *Notification) { n.Events[0].Context[0].FullURL = "" },
		"Notification.Events[0].Triggers[1].Code":   func(n *Notification) { n.Events[0].Triggers = []Coding{{Code: "a"}, {System: "b"}} },
		"Notification.Events[0].Queries[0].Query":   func(n *Notification) { n.Events[0].Queries = []RelatedQuery{{Type: noResponse}} },
		"Notification.Events[0].Authorization.Type": func(n *Notification) { n.Events[0].Authorization.Value = "x" },
		"Notification.Errors[0].Code":               func(n *Notification) { n.Errors = []Coding{{}} },
	} {
		t.Run(element, func(t *testing.T) {
			t.Parallel()
			n := example("n-1", 1, EventNotification, FullResource).with(42, updated())
			change(n)
			for _, r := range releases {
				got, err := Append([]byte("kept"), r, n)
				var invalid *InvalidError
				require.ErrorAs(t, err, &invalid)
				require.Equal(t, strings.TrimSpace(element), invalid.Element)
				require.Equal(t, "kept", string(got))
			}
		})
	}
	_, err := Append(nil, 0, example("n-1", 1, Handshake, Empty))
	require.ErrorIs(t, err, ErrRelease)
	_, err = AppendStatusBundle(nil, 0, "", at30, "", nil)
	require.ErrorIs(t, err, ErrRelease)
	_, err = AppendStatusBundle(nil, fhirpath.R4, "", at30, "", []*Notification{example("", 1, Heartbeat, Empty)})
	require.EqualError(t, err, "notification: Notification.Type: want query-status")
	_, err = AppendStatusBundle(nil, fhirpath.R4, "", at30, "", []*Notification{{}})
	require.Error(t, err)
	_, err = AppendStatusBundle(nil, fhirpath.R4, "", time.Unix(1<<40, 0), "", nil)
	require.Error(t, err)
}

func TestAppendAllocatesOnlyItsBuffer(t *testing.T) {
	n := example("n-1", 1, EventNotification, FullResource)
	for i := range 20 {
		e := updated()
		e.Number = math.MaxInt64 - int64(i)
		n.Events = append(n.Events, e)
	}
	for i := range n.Events {
		e := &n.Events[i]
		e.Focus.FullURL += strconv.Itoa(i) // in R5 a resource that comes twice costs more
		e.Context[0].FullURL += strconv.Itoa(i)
	}
	buffer := make([]byte, 0, size(n))
	for _, r := range releases {
		require.Zero(t, testing.AllocsPerRun(100, func() {
			if _, err := Append(buffer, r, n); err != nil {
				panic(err)
			}
		}), r)
		for name, n := range examples(r) {
			got, err := Append(nil, r, n)
			require.NoError(t, err)
			require.LessOrEqual(t, len(got), size(n), "%s would grow twice", name)
		}
	}
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return raw
}

func BenchmarkAppend(b *testing.B) {
	filler := strings.Repeat(`"text":"`+strings.Repeat("x", 90)+`",`, 19)
	big := updated()
	big.Focus.Resource = json.RawMessage(`{` + filler + `"resourceType":"Encounter"}`)
	many := example("n", 1, EventNotification, FullResource)
	for i := range 1000 {
		e := big
		e.Number = int64(i + 1)
		e.Focus.FullURL += strconv.Itoa(i)
		many.Events = append(many.Events, e)
	}
	for name, n := range map[string]*Notification{
		"handshake":          example("n", 1, Handshake, Empty),
		"empty":              example("n", 1, EventNotification, Empty).with(42, updated()),
		"id-only":            example("n", 1, EventNotification, IDOnly).with(42, updated()),
		"full-resource":      example("n", 1, EventNotification, FullResource).with(42, big),
		"full-resource/1000": many,
	} {
		for _, r := range releases {
			b.Run(name+"/"+r.String(), func(b *testing.B) {
				buffer, err := Append(nil, r, n)
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(len(buffer)))
				b.ReportAllocs()
				for b.Loop() {
					buffer, _ = Append(buffer[:0], r, n)
				}
			})
		}
	}
}

func TestAWithheldEventHasItsNumberOnly(t *testing.T) {
	for _, content := range []Content{Empty, IDOnly, FullResource} {
		raw, err := Append(nil, fhirpath.R4, &Notification{
			ID: "b", StatusID: "s", Timestamp: time.Unix(0, 0), Type: EventNotification, Content: content,
			Subscription: "https://fhir.example.org/Subscription/1", Status: "active", EventsSinceSubscriptionStart: 1,
			Events: []Event{{Number: 1, Timestamp: time.Unix(0, 0)}},
		})
		require.NoError(t, err)
		n, err := Parse(raw)
		require.NoError(t, err)
		require.Len(t, n.Events, 1)
		require.Equal(t, int64(1), n.Events[0].Number)
		require.Empty(t, n.Events[0].Focus.FullURL)
		require.NotContains(t, string(raw), "focus")
	}
}
