package validate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/shared"
	"github.com/stretchr/testify/require"
)

// TestMutations breaks a valid Bundle in one place each: every one must be found, and
// by the rule that it breaks.
func TestMutations(t *testing.T) {
	const full, idOnly, entries, status, hinted = "notification-event-full-resource.json", "notification-event-id-only.json",
		"notification-event-id-only-with-entries.json", "operation-status-response.json", "notification-event-id-only-related-query-and-auth.json"
	const r4, r4b, r5 = fhirpath.R4, fhirpath.R4B, fhirpath.R5
	mutations := []struct {
		name     string
		release  fhirpath.Release
		file     string
		old, new string
		rule     string
	}{
		{"entry without request", r4, full, `,"request":{"method":"PUT","url":"Encounter/enc-501"}`, ``, "bdl-3"},
		{"entry without response", r4, full, `,"response":{"status":"200"}}]}`, `}]}`, "bdl-4"},
		{"status without request", r4b, idOnly, `,"request":{"method":"GET","url":"https://fhir.example.com/r4b/Subscription/sub-17/$status"}`, ``, "bdl-3"},
		{"request without url", r4, full, `"method":"PUT","url":"Encounter/enc-501"`, `"method":"PUT"`, "cardinality"},
		{"response without status", r4b, full, `"response":{"status":"200"}}]}`, `"response":{"etag":"1"}}]}`, "cardinality"},
		{"unknown method", r4, full, `"method":"PUT"`, `"method":"MERGE"`, "binding"},
		{"a collection", r4, idOnly, `"type":"history"`, `"type":"collection"`, "pattern"},
		{"R5's type in R4B", r4b, idOnly, `"type":"history"`, `"type":"subscription-notification"`, "binding"},
		{"R4B's type in R5", r5, idOnly, `"type":"subscription-notification"`, `"type":"history"`, "bdl-3b"},
		{"total", r5, idOnly, `"type":"subscription-notification"`, `"type":"subscription-notification","total":1`, "bdl-1"},
		{"search in a notification", r4, idOnly, `"response":{"status":"200"}`, `"response":{"status":"200"},"search":{"mode":"match"}`, "bdl-2"},
		{"version specific fullUrl", r4, full, `"fullUrl":"https://fhir.example.com/r4/Patient/pat-9"`, `"fullUrl":"https://fhir.example.com/r4/Patient/pat-9/_history/1"`, "bdl-8"},
		{"R5 response", r5, entries, `"url":"Encounter/enc-501"}`, `"url":"Encounter/enc-501"},"response":{"status":"200"}`, "cardinality"},
		{"R5 without fullUrl", r5, entries, `"fullUrl":"https://fhir.example.com/r5/Encounter/enc-501",`, ``, "bdl-15"},
		{"R5 entry of nothing", r5, entries, `,"request":{"method":"GET","url":"Encounter/enc-501"}`, ``, "bdl-5"},
		{"R5 twice the same", r5, full, `{"fullUrl":"https://fhir.example.com/r5/Patient/pat-9"`, `{"fullUrl":"https://fhir.example.com/r5/Patient/pat-9","resource":{"resourceType":"Patient","meta":{"versionId":"1"}}},{"fullUrl":"https://fhir.example.com/r5/Patient/pat-9"`, "bdl-7"},
		{"R5 status is not first", r5, full, `"entry":[`, `"entry":[{"fullUrl":"https://h/Basic/1","resource":{"resourceType":"Basic"}},`, "bdl-13"},
		{"R4 status is not first", r4, full, `"entry":[`, `"entry":[{"fullUrl":"https://h/Basic/1","request":{"method":"GET","url":"x"},"response":{"status":"200"}},`, "order"},
		{"two statuses", r4b, idOnly, `"entry":[`, `"entry":[{"fullUrl":"urn:uuid:0d6a3f0e-5c1b-4b7e-9c55-0f4d2f7b1a99","resource":{"resourceType":"SubscriptionStatus","type":"heartbeat","subscription":{"reference":"Subscription/1"}},"request":{"method":"GET","url":"x"},"response":{"status":"200"}},`, "slicing"},
		{"no status", r4, idOnly, `"resourceType":"Parameters"`, `"resourceType":"OperationOutcome"`, "slicing"},
		{"SubscriptionStatus in R4", r4, idOnly, `"resourceType":"Parameters"`, `"resourceType":"SubscriptionStatus"`, "type"},
		{"number as a number", r5, idOnly, `"eventNumber":"42"`, `"eventNumber":42`, "type"},
		{"number as a number in R4B", r4b, idOnly, `"eventNumber":"42"`, `"eventNumber":42`, "type"},
		{"number as text", r5, idOnly, `"eventNumber":"42"`, `"eventNumber":"4e1"`, "type"},
		{"number as an integer in R4", r4, idOnly, `"event-number","valueString":"42"`, `"event-number","valueInteger":42`, "type"},
		{"no number in R4", r4, idOnly, `{"name":"event-number","valueString":"42"},`, ``, "slicing"},
		{"no number in R4B", r4b, idOnly, `"eventNumber":"42",`, ``, "cardinality"},
		{"status as a string", r4, idOnly, `"name":"status","valueCode"`, `"name":"status","valueString"`, "type"},
		{"no status parameter", r4, idOnly, `{"name":"status","valueCode":"active"},`, ``, "slicing"},
		{"two topics", r4, idOnly, `{"name":"status"`, `{"name":"topic","valueCanonical":"https://h/t"},{"name":"status"`, "slicing"},
		{"unknown status", r4b, idOnly, `"status":"active"`, `"status":"enabled"`, "binding"},
		{"R5's status in R4", r4, idOnly, `"valueCode":"active"`, `"valueCode":"entered-in-error"`, "binding"},
		{"misspelt type", r5, idOnly, `"type":"event-notification"`, `"type":"query-events"`, "binding"},
		{"event notification without events", r4b, idOnly, `"type":"heartbeat"`, `"type":"event-notification"`, "sst-1"},
		{"answer of $events without events", r5, idOnly, `"type":"heartbeat"`, `"type":"query-event"`, "sst-1"},
		{"answer of $status without status", r5, status, `"status":"active",`, ``, "sst-2"},
		{"answer of $status without self link", r5, status, `"relation":"self"`, `"relation":"next"`, "bdl-18"},
		{"answer of $status with response", r4, status, `"search":{"mode":"match"}`, `"search":{"mode":"match"},"response":{"status":"200"}`, "bdl-4"},
		{"answer of $status of something else", r5, status, `"resourceType":"SubscriptionStatus"`, `"resourceType":"Basic"`, "type"},
		{"no subscription", r5, idOnly, `"subscription":{"reference":"https://fhir.example.com/r5/Subscription/sub-17"},`, ``, "cardinality"},
		{"parameter of nothing", r4, idOnly, `,{"name":"additional-context","valueReference":{"reference":"https://fhir.example.com/r4/Patient/pat-9"}}`, `,{"name":"additional-context"}`, "inv-1"},
		{"date of an event", r4b, idOnly, `"timestamp":"2026-03-02T08:15:30Z","focus"`, `"timestamp":"2026-03-02","focus"`, "type"},
		{"dateTime of an event", r4, idOnly, `valueInstant`, `valueDateTime`, "type"},
		{"timestamp without zone", r4, idOnly, `"timestamp":"2026-03-02T08:15:30Z","entry"`, `"timestamp":"2026-03-02T08:15:30","entry"`, "type"},
		{"no UUID", r4, idOnly, `urn:uuid:0d6a3f0e-5c1b-4b7e-9c55-0f4d2f7b1a04`, `urn:uuid:1`, "type"},
		{"an id with a slash", r4, idOnly, `"id":"n-id"`, `"id":"n/id"`, "type"},
		{"unknown element", r5, idOnly, `"eventNumber":`, `"number":"1","eventNumber":`, "type"},
		{"no list", r5, idOnly, `"additionalContext":[{"reference":"https://fhir.example.com/r5/Patient/pat-9"}]`, `"additionalContext":{"reference":"https://fhir.example.com/r5/Patient/pat-9"}`, "type"},
		{"empty list", r4b, idOnly, `"topic":`, `"error":[],"topic":`, "type"},
		{"empty object", r4b, idOnly, `"topic":`, `"error":[{}],"topic":`, "type"},
		{"wrong element inside", r4, full, `"status":"finished"`, `"status":["finished"]`, "type"},
		{"hint without type", r4b, hinted, `{"url":"type","valueCoding":{"system":"http://example.org/auth","code":"authorization_base"}},`, ``, "slicing"},
		{"query as a uri", r4b, hinted, `{"url":"query","valueString"`, `{"url":"query","valueUri"`, "type"},
		{"query without a query", r4, hinted, `,{"name":"query","valueString":"https://fhir.example.com/r4/MedicationRequest?encounter=enc-501"}`, ``, "slicing"},
		{"extension with value and extensions", r4b, hinted, `{"url":"query","valueString"`, `{"url":"query","extension":[{"url":"x","valueString":"y"}],"valueString"`, "ext-1"},
		{"twice the same name", r4, idOnly, `"type":"history"`, `"type":"history","type":"history"`, "syntax"},
	}
	for _, m := range mutations {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			file := m.file
			if m.rule == "sst-1" {
				file = "notification-heartbeat.json"
			}
			raw := compact(t, filepath.Join(shared.Dir(t), "spec", "reference-examples", strings.ToLower(m.release.String()), file))
			d := Load(t, m.release)
			require.Empty(t, d.Bundle([]byte(raw)))
			require.Contains(t, raw, m.old)
			var rules []string
			for _, issue := range d.Bundle([]byte(strings.Replace(raw, m.old, m.new, 1))) {
				rules = append(rules, issue.Rule)
				require.NotEmpty(t, issue.String())
			}
			require.Contains(t, rules, m.rule)
		})
	}
	t.Logf("mutations=%d", len(mutations))
}

// TestSubscriptions breaks a Subscription against its profile, whose rules are about
// extensions of primitives.
func TestSubscriptions(t *testing.T) {
	d := Load(t, fhirpath.R4)
	raw := compact(t, filepath.Join(shared.Dir(t), "spec", "reference-examples", "r4", "subscription-rest-hook.json"))
	require.Empty(t, d.Validate(guide+"backport-subscription", []byte(raw)))
	for old, replaced := range map[string][2]string{
		`"reason":`:             {`"_extra":`, "cardinality"},
		`"valueCode":"id-only"`: {`"valueCode":"everything"`, "binding"},
		`"type":"rest-hook"`:    {`"type":"pigeon"`, "binding"},
		`"_payload":{`:          {`"_payload":{"id":"x"},"_endpoint":{`, "slicing"},
		`"valueUnsignedInt"`:    {`"valueInteger"`, "type"},
	} {
		require.Contains(t, raw, old)
		var rules []string
		for _, issue := range d.Validate(guide+"backport-subscription", []byte(strings.Replace(raw, old, replaced[0], 1))) {
			rules = append(rules, issue.Rule)
		}
		require.Contains(t, rules, replaced[1], old)
	}
}

// What other packages' tests call fails for a broken Bundle, and for a profile that is unknown.
func TestBundleFails(t *testing.T) {
	var broken recorder
	Bundle(&broken, fhirpath.R4, []byte(`{"resourceType":"Bundle","type":"history"}`))
	if broken.skipped {
		t.Skip("the shared data folder, which has the StructureDefinitions, is absent: set CARILLON_SHARED to run this test")
	}
	require.Positive(t, broken.failures)
	require.Panics(t, func() { Load(t, fhirpath.R4).Validate("http://unknown", []byte(`{"resourceType":"Basic"}`)) })
}

type recorder struct {
	testing.TB
	failures int
	skipped  bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.failures++ }
func (r *recorder) Skip(...any)           { r.skipped = true }

func compact(t *testing.T, file string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	var out strings.Builder
	inside := false
	for i, c := range raw {
		if c == '"' && raw[i-1] != '\\' {
			inside = !inside
		}
		if inside || !strings.ContainsRune(" \n\t", rune(c)) {
			out.WriteByte(c)
		}
	}
	return out.String()
}
