package notification

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/stretchr/testify/require"
)

const base = "https://fhir.example.com/r4/"

// example is the Notification that most reference examples are variants of.
func example(id string, status int, t Type, content Content) *Notification {
	return &Notification{
		ID: id, StatusID: fmt.Sprintf("0d6a3f0e-5c1b-4b7e-9c55-0f4d2f7b1a%02d", status), Timestamp: at30,
		Type: t, Content: content, Status: "active",
		Subscription: base + "Subscription/sub-17",
		Topic:        "https://topics.example.com/SubscriptionTopic/encounter-finished",
	}
}

var (
	at28 = time.Date(2026, 3, 2, 8, 15, 28, 0, time.UTC)
	at30 = time.Date(2026, 3, 2, 8, 15, 30, 0, time.UTC)
)

var releases = []fhirpath.Release{fhirpath.R4, fhirpath.R4B, fhirpath.R5}

// move makes n what the examples of r are: on a server of that release, with resources
// of it.
func (n *Notification) move(r fhirpath.Release) {
	n.Subscription = moved(r, n.Subscription)
	move := func(e *Entry) {
		e.FullURL = moved(r, e.FullURL)
		if r == fhirpath.R5 && e.Resource != nil {
			e.Resource = json.RawMessage(strings.NewReplacer(
				`"status": "finished"`, `"status": "completed"`,
				`"class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}`,
				`"class": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}]}]`,
			).Replace(string(e.Resource)))
		}
	}
	for i := range n.Events {
		e := &n.Events[i]
		move(&e.Focus)
		for j := range e.Context {
			move(&e.Context[j])
		}
		for j := range e.Queries {
			e.Queries[j].Query = moved(r, e.Queries[j].Query)
		}
	}
}

func moved(r fhirpath.Release, url string) string {
	return strings.Replace(url, "/r4/", "/"+strings.ToLower(r.String())+"/", 1)
}

func (n *Notification) with(since int64, events ...Event) *Notification {
	n.EventsSinceSubscriptionStart, n.Events = since, events
	return n
}

func (n *Notification) failing(errors ...Coding) *Notification {
	n.Status, n.Errors = "error", errors
	return n
}

func encounter(id, method, url, status string) Entry {
	return Entry{FullURL: base + "Encounter/" + id, Method: method, URL: url, Status: status, Resource: json.RawMessage(`{
		"resourceType": "Encounter", "id": "` + id + `",
		"meta": {"versionId": "3", "lastUpdated": "2026-03-02T08:15:29Z"},
		"status": "finished",
		"class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
		"subject": {"reference": "Patient/pat-9"}
	}`)}
}

func patient() Entry {
	return Entry{FullURL: base + "Patient/pat-9", URL: "Patient/pat-9", Resource: json.RawMessage(`{
		"resourceType": "Patient", "id": "pat-9", "meta": {"versionId": "1"}, "active": true,
		"name": [{"family": "Rivera", "given": ["Ana"]}]
	}`)}
}

func updated() Event {
	return Event{Number: 42, Timestamp: at30, Focus: encounter("enc-501", "PUT", "Encounter/enc-501", "200"), Context: []Entry{patient()}}
}

// twoEvents are an update and a creation.
func twoEvents() []Event {
	return []Event{
		{Number: 44, Timestamp: at28, Focus: encounter("enc-502", "PUT", "Encounter/enc-502", "200")},
		{Number: 45, Timestamp: at30, Focus: encounter("enc-503", "POST", "Encounter", "201")},
	}
}

// requireInvariants checks what the definition of Bundle and section 8 of the digest
// demand of each notification Bundle.
func requireInvariants(t *testing.T, r fhirpath.Release, raw []byte, n *Notification) {
	t.Helper()
	history := r != fhirpath.R5
	bundle := decode(t, raw).(map[string]any)
	if history {
		require.Equal(t, "history", bundle["type"], "BND-01")
	} else {
		require.Equal(t, "subscription-notification", bundle["type"], "BND-02")
	}
	require.NotContains(t, bundle, "total", "bdl-1 allows it in a history, nobody asks for it")
	entries := bundle["entry"].([]any)
	versions := make(map[[2]any]bool)
	for i, e := range entries {
		entry := e.(map[string]any)
		request, _ := entry["request"].(map[string]any)
		response, _ := entry["response"].(map[string]any)
		resource, _ := entry["resource"].(map[string]any)
		meta, _ := resource["meta"].(map[string]any)
		require.NotContains(t, entry, "search", "bdl-2, entry %d", i)
		require.NotEmpty(t, entry["fullUrl"], "bdl-15, BND-11")
		require.NotContains(t, entry["fullUrl"], "/_history/", "bdl-8, entry %d", i)
		if request["method"] == "DELETE" && !n.ShowDeleted {
			require.Nil(t, resource, "AMB-14")
		}
		if history {
			require.NotEmpty(t, request["method"], "bdl-3, entry %d", i)
			require.NotEmpty(t, request["url"], "bdl-3, entry %d", i)
			require.Regexp(t, `^[2][0-9]{2}`, response["status"], "bdl-4, entry %d", i)
			continue
		}
		require.Nil(t, response, "BND-06, entry %d", i)
		require.True(t, resource != nil || request != nil, "bdl-5, entry %d", i)
		key := [2]any{entry["fullUrl"], meta["versionId"]}
		require.False(t, versions[key], "bdl-7, entry %d", i)
		versions[key] = true
	}
	first := entries[0].(map[string]any)
	status := first["resource"].(map[string]any)
	require.Equal(t, "urn:uuid:"+status["id"].(string), first["fullUrl"], "BND-11")
	if history {
		require.True(t, strings.HasSuffix(first["request"].(map[string]any)["url"].(string), "/$status"), "BND-03")
		require.Equal(t, "200", first["response"].(map[string]any)["status"], "BND-05")
	} else {
		require.NotContains(t, first, "request", "BND-06")
	}
	carrier := "SubscriptionStatus"
	if r == fhirpath.R4 {
		carrier = "Parameters"
	}
	require.Equal(t, carrier, status["resourceType"], "BND-01")
	if n.Content != FullResource && !n.EntryPerReference {
		require.Len(t, entries, 1, "PAY-02, AMB-09")
	}
	for i, e := range entries[1:] {
		require.NotEqual(t, carrier, resourceType(e), "BND-01, entry %d", i+1)
		if n.Content != FullResource {
			require.NotContains(t, e, "resource", "PAY-06")
		}
	}
}

func resourceType(entry any) any {
	resource, _ := entry.(map[string]any)["resource"].(map[string]any)
	return resource["resourceType"]
}

func decode(t testing.TB, raw []byte) any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.UseNumber()
	var v any
	require.NoError(t, decoder.Decode(&v), "%s", raw)
	require.False(t, decoder.More())
	return v
}
