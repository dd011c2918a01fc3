package notification

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/stretchr/testify/require"
)

// TestRoundTrip is Parse after Append for random notifications of every kind, which
// also hold the invariants of a Bundle.
// spec: BND-01, BND-02, BND-03, BND-04, BND-05, BND-06, BND-07, BND-08, BND-09, BND-10, BND-11, AMB-04, AMB-08
// spec: AMB-09, PAY-02
func TestRoundTrip(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	count := 0
	for i := range 1000 {
		for _, r := range releases {
			n := randomNotification(random, r)
			raw, err := Append(nil, r, n)
			require.NoError(t, err)
			requireInvariants(t, r, raw, n)
			got, err := Parse(raw)
			require.NoError(t, err, "%s", raw)
			got.Problems = nil // such as numbers that make no sense
			require.Equal(t, visible(n, r), got, "%v %d: %s", r, i, raw)
			count++
		}
	}
	t.Logf("notifications=%d", count)
}

// visible is what a subscriber can know of n.
func visible(n *Notification, r fhirpath.Release) *Notification {
	v := *n
	if r == fhirpath.R5 && v.Type == QueryEvent && len(n.Events) == 0 {
		v.Type = QueryStatus
	}
	if !v.showsTopic() {
		v.Topic = ""
	}
	v.Events, v.EntryPerReference, v.ShowDeleted = nil, false, false
	full, references := false, false
	show := func(e Entry) Entry {
		references = true
		if !n.hasEntries() {
			return Entry{FullURL: e.FullURL}
		}
		e.Method, e.URL, e.Status = n.request(&e)
		e.Resource = n.shown(&e)
		if r == fhirpath.R5 {
			e.Status = ""
			if e.Method == "GET" && e.Resource != nil {
				e.Method, e.URL = "", ""
			}
		}
		full = full || e.Resource != nil || e.Method == "DELETE"
		v.ShowDeleted = v.ShowDeleted || e.Resource != nil && e.Method == "DELETE"
		return e
	}
	for _, e := range n.Events {
		shown := Event{Number: e.Number, Timestamp: e.Timestamp, Authorization: e.Authorization}
		if r == fhirpath.R4 {
			shown.Triggers = e.Triggers
		}
		if n.Content != Empty && e.Focus.FullURL != "" {
			shown.Focus, shown.Queries = show(e.Focus), e.Queries
			for _, c := range e.Context {
				shown.Context = append(shown.Context, show(c))
			}
		}
		v.Events = append(v.Events, shown)
	}
	switch {
	case len(v.Events) == 0:
		v.Content = ""
	case full:
	case references: // even if everything is withheld: that looks like id-only with entries
		v.EntryPerReference = n.hasEntries()
		v.Content = IDOnly
	default:
		v.Content = Empty
	}
	return &v
}

func randomNotification(random *rand.Rand, r fhirpath.Release) *Notification {
	pick := func(texts ...string) string { return texts[random.IntN(len(texts))] }
	code := func() Coding { return Coding{System: pick("", "http://example.com"), Code: pick("no-response", `\`)} }
	n := &Notification{
		ID: pick("n-1", "", `"`), StatusID: pick("0d6a3f0e-5c1b-4b7e-9c55-0f4d2f7b1a01", "x\n"),
		Timestamp: []time.Time{{}, at30, at30.Add(123456789)}[random.IntN(3)],
		Type:      []Type{Handshake, Heartbeat, EventNotification, QueryEvent}[random.IntN(4)],
		Content:   []Content{Empty, IDOnly, FullResource}[random.IntN(3)],
		Topic:     pick("", "https://example.com/topic|1"), Subscription: pick(base+"Subscription/1", "Subscription/é"),
		Status:                       pick("requested", "active", "error", "off"),
		EventsSinceSubscriptionStart: random.Int64(),
		EntryPerReference:            random.IntN(2) == 0, ShowDeleted: random.IntN(2) == 0,
	}
	for range random.IntN(3) {
		n.Errors = append(n.Errors, code())
	}
	if n.Type == Handshake || n.Type == Heartbeat || n.Type == QueryEvent && random.IntN(4) == 0 {
		return n
	}
	for i := range 1 + random.IntN(8) {
		e := Event{Number: int64(i + 1), Timestamp: []time.Time{{}, at28}[random.IntN(2)]}
		for range random.IntN(2) {
			e.Triggers = append(e.Triggers, code())
			e.Queries = append(e.Queries, RelatedQuery{Type: code(), Query: base + "Observation"}, RelatedQuery{Query: "b"})
		}
		if random.IntN(3) == 0 {
			e.Authorization = Authorization{Type: code(), Value: pick("", "x")}
		}
		id, state := random.IntN(3), random.IntN(2)
		if r == fhirpath.R5 { // where one entry may stand for several events, see TestVersions
			id, state = i, i/3
		}
		if random.IntN(8) == 0 { // withheld
			n.Events = append(n.Events, e)
			continue
		}
		e.Focus = Entry{FullURL: base + "Encounter/" + strconv.Itoa(id), Method: pick("PUT", "DELETE", "", "POST"), URL: "Encounter"}
		if random.IntN(3) > 0 {
			e.Focus.Resource = json.RawMessage(fmt.Sprintf(`{"resourceType":"Encounter","version":%d}`, i))
		}
		for id := range random.IntN(3) { // a state of its own, or one that events share
			e.Context = append(e.Context, Entry{
				FullURL:  base + "Patient/" + strconv.Itoa(id),
				Resource: json.RawMessage(fmt.Sprintf(`{"resourceType":"Patient","meta":{"versionId":"%d"}}`, state)),
			})
		}
		n.Events = append(n.Events, e)
	}
	return n
}
