package notification

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

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
func requireInvariants(t *testing.T, raw []byte, n *Notification) {
	t.Helper()
	bundle := decode(t, raw).(map[string]any)
	require.Equal(t, "history", bundle["type"])
	require.NotContains(t, bundle, "total", "bdl-1 allows it, nobody asks for it")
	entries := bundle["entry"].([]any)
	for i, e := range entries {
		entry := e.(map[string]any)
		request, _ := entry["request"].(map[string]any)
		require.NotEmpty(t, request["method"], "bdl-3, entry %d", i)
		require.NotEmpty(t, request["url"], "bdl-3, entry %d", i)
		response, _ := entry["response"].(map[string]any)
		require.Regexp(t, `^[2][0-9]{2}`, response["status"], "bdl-4, entry %d", i)
		require.NotContains(t, entry, "search", "bdl-2, entry %d", i)
		require.NotEmpty(t, entry["fullUrl"])
		require.NotContains(t, entry["fullUrl"], "/_history/", "bdl-8, entry %d", i)
		if request["method"] == "DELETE" {
			require.NotContains(t, entry, "resource", "AMB-14")
		}
	}
	first := entries[0].(map[string]any)
	status := first["resource"].(map[string]any)
	require.Equal(t, "Parameters", status["resourceType"], "BND-01")
	require.Equal(t, "urn:uuid:"+status["id"].(string), first["fullUrl"], "BND-11")
	require.True(t, strings.HasSuffix(first["request"].(map[string]any)["url"].(string), "/$status"), "BND-03")
	require.Equal(t, "200", first["response"].(map[string]any)["status"], "BND-05")
	if n.Content != FullResource {
		require.Len(t, entries, 1, "PAY-02, AMB-09")
	}
	for i, e := range entries[1:] {
		require.NotEqual(t, "Parameters", resourceType(e), "BND-01, entry %d", i+1)
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
