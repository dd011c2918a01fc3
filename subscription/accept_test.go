package subscription_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/subscription"
)

// spec: LIFE-01, LIFE-09, LIFE-12, ACC-01, ACC-02, ACC-03, ACC-05, ACC-07, ACC-08, ACC-09, ACC-10, ACC-11
// spec: ACC-13, ACC-20, ACC-21, ACC-22, AMB-03, CH-02, INF-12, INF-13, EXT-03, EXT-06, CH-WS-04
func TestRefusedSubscriptions(t *testing.T) {
	past := time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC).Format(time.RFC3339)
	extension := func(url string, value ...string) map[string]any {
		e := map[string]any{"url": url}
		if len(value) == 2 {
			e[value[0]] = value[1]
		}
		return map[string]any{"extension": []any{e}}
	}
	cases := []struct {
		name    string
		raw     string
		status  int
		element string
	}{
		{"not JSON", `{"resourceType":`, 400, ""},
		{"duplicate keys", `{"resourceType":"Subscription","status":"requested","status":"off"}`, 400, ""},
		{"too deep", strings.Repeat(`{"a":`, 300) + "1" + strings.Repeat("}", 300), 400, ""},
		{"too large", `{"resourceType":"Subscription","reason":"` + strings.Repeat("x", 11<<20) + `"}`, 413, ""},
		{"another type", `{"resourceType":"Patient"}`, 400, "Subscription"},
		{"array", `[]`, 400, "Subscription"},
		{"no status", subscriptionJSON(anyPatient, func(s map[string]any) { delete(s, "status") }), 400, "Subscription.status"},
		{"unknown status", subscriptionJSON(anyPatient, set("status", "on")), 400, "Subscription.status"},
		{"status is a number", subscriptionJSON(anyPatient, set("status", 1)), 400, "Subscription.status"},
		{"no reason", subscriptionJSON(anyPatient, func(s map[string]any) { delete(s, "reason") }), 400, "Subscription.reason"},
		{"no criteria", subscriptionJSON(""), 400, "Subscription.criteria"},
		{"classic criteria", subscriptionJSON("Observation?code=1"), 422, "Subscription.criteria"},
		{"unknown topic", subscriptionJSON("https://topics.example.org/none"), 422, "Subscription.criteria"},
		{"unknown version", subscriptionJSON(finished + "|9"), 422, "Subscription.criteria"},
		{"unknown filter", subscriptionJSON(anyPatient, filter("Patient?phase-of-moon=full")), 422, "Subscription.criteria.extension"},
		{"filter that the topic lacks", subscriptionJSON(anyPatient, filter("Patient?birthdate=2020")), 422, "Subscription.criteria.extension"},
		{"filter on another type", subscriptionJSON(anyPatient, filter("Encounter?patient=Patient/1")), 422, "Subscription.criteria.extension"},
		{"filter modifier", subscriptionJSON(anyPatient, filter("Patient?gender:in=x")), 422, "Subscription.criteria.extension"},
		{"filter without value", subscriptionJSON(anyPatient, filter("gender")), 422, "Subscription.criteria.extension"},
		{"cross-version filter", subscriptionJSON(anyPatient, set("_criteria", extension("http://hl7.org/fhir/5.0/subscriptions-backport/StructureDefinition/backport-filter-criteria", "valueString", "Encounter.patient=Patient/123"))), 422, "Subscription.criteria.extension"},
		{"misspelt filter", subscriptionJSON(anyPatient, set("_criteria", extension(backport+"backport-filter-criterion", "valueString", "gender=male"))), 422, "Subscription.criteria.extension"},
		{"unknown modifier extension", subscriptionJSON(anyPatient, set("modifierExtension", []any{map[string]any{"url": "http://example.org/x", "valueBoolean": true}})), 422, "Subscription.modifierExtension"},
		{"end in the past", subscriptionJSON(anyPatient, set("end", past)), 400, "Subscription.end"},
		{"end is no instant", subscriptionJSON(anyPatient, set("end", "tomorrow")), 400, "Subscription.end"},
		{"no channel", subscriptionJSON(anyPatient, func(s map[string]any) { delete(s, "channel") }), 400, "Subscription.channel"},
		{"unknown channel code", subscriptionJSON(anyPatient, setChannel("type", "pigeon")), 400, "Subscription.channel.type"},
		{"channel that is not here", subscriptionJSON(anyPatient, setChannel("type", "email")), 422, "Subscription.channel.type"},
		{"custom channel that is not here", subscriptionJSON(anyPatient, setChannel("_type", map[string]any{"extension": []any{map[string]any{"url": backport + "backport-channel-type", "valueCoding": map[string]any{"code": "zulip"}}}})), 422, "Subscription.channel.type"},
		{"content level", subscriptionJSON(anyPatient, setChannel("_payload", extension(backport+"backport-payload-content", "valueCode", "everything"))), 422, "Subscription.channel.payload"},
		{"cross-version content level", subscriptionJSON(anyPatient, setChannel("_payload", extension("http://hl7.org/fhir/5.0/x"))), 422, "Subscription.channel.payload"},
		{"FHIR version", subscriptionJSON(anyPatient, setChannel("payload", "application/fhir+json; fhirVersion=5.0")), 422, "Subscription.channel.payload"},
		{"payload is no MIME type", subscriptionJSON(anyPatient, setChannel("payload", "json please")), 400, "Subscription.channel.payload"},
		{"XML", subscriptionJSON(anyPatient, setChannel("payload", "application/fhir+xml")), 422, "Subscription.channel.payload"},
		{"filterBy of R5", subscriptionJSON(anyPatient, set("filterBy", []any{map[string]any{"filterParameter": "gender", "value": "male"}})), 422, "Subscription"},
		{"heartbeatPeriod of R5", subscriptionJSON(anyPatient, setChannel("heartbeatPeriod", 60)), 422, "Subscription.channel"},
		{"filters in an array", subscriptionJSON(anyPatient, set("_criteria", []any{extension(backport+"backport-filter-criteria", "valueString", "gender=male")})), 400, "Subscription.criteria"},
		{"filters in a string", subscriptionJSON(anyPatient, set("_criteria", "gender=male")), 400, "Subscription.criteria"},
		{"a filter that is no list", subscriptionJSON(anyPatient, set("_criteria", map[string]any{"extension": map[string]any{"url": backport + "backport-filter-criteria", "valueString": "gender=male"}})), 400, "Subscription.criteria.extension"},
		{"an extension that is no object", subscriptionJSON(anyPatient, set("_criteria", map[string]any{"extension": []any{"gender=male"}})), 400, "Subscription.criteria.extension"},
		{"too many filters", subscriptionJSON(anyPatient, filter(strings.Split(strings.Repeat("gender=male ", 101), " ")[:101]...)), 422, "Subscription.criteria.extension"},
		{"content level in an array", subscriptionJSON(anyPatient, setChannel("_payload", []any{})), 400, "Subscription.channel.payload"},
		{"two content levels", subscriptionJSON(anyPatient, setChannel("_payload", map[string]any{"extension": []any{
			map[string]any{"url": backport + "backport-payload-content", "valueCode": "id-only"},
			map[string]any{"url": backport + "backport-payload-content", "valueCode": "full-resource"}}})), 400, "Subscription.channel.payload.extension"},
		{"two heartbeats", subscriptionJSON(anyPatient, channelExtension("backport-heartbeat-period", "valueUnsignedInt", 60), channelExtension("backport-heartbeat-period", "valueUnsignedInt", 6000)), 400, "Subscription.channel.extension"},
		{"maxCount 0", subscriptionJSON(anyPatient, channelExtension("backport-max-count", "valuePositiveInt", 0)), 400, "Subscription.channel.extension"},
		{"negative heartbeat", subscriptionJSON(anyPatient, channelExtension("backport-heartbeat-period", "valueUnsignedInt", -1)), 400, "Subscription.channel.extension"},
		{"heartbeat is text", subscriptionJSON(anyPatient, channelExtension("backport-heartbeat-period", "valueString", "60")), 400, "Subscription.channel.extension"},
		{"misspelt channel extension", subscriptionJSON(anyPatient, channelExtension("backport-heart-beat", "valueUnsignedInt", 1)), 422, "Subscription.channel.extension"},
		{"header is an object", subscriptionJSON(anyPatient, setChannel("header", []any{map[string]any{}})), 400, "Subscription.channel.header"},
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for _, tc := range cases {
			_, err := w.Create(t.Context(), "", json.RawMessage(tc.raw))
			var refusal *subscription.Refusal
			require.ErrorAs(t, err, &refusal, tc.name)
			require.Equal(t, tc.status, refusal.Status, "%s: %v", tc.name, err)
			doc, err := fhirpath.Parse(refusal.OperationOutcome())
			require.NoError(t, err)
			require.True(t, doc.Root().Get("resourceType").Is("OperationOutcome"))
			found := tc.element == ""
			for issue := range doc.Root().Get("issue").Elements() {
				require.NotEmpty(t, issue.Path("details", "text").Text(), tc.name)
				for e := range issue.Get("expression").Elements() {
					found = found || strings.HasPrefix(e.Text(), tc.element)
				}
			}
			require.True(t, found, "%s: %s must be named in %s", tc.name, tc.element, refusal.OperationOutcome())
		}
		found, err := w.Search(t.Context(), "", nil)
		require.NoError(t, err)
		require.Zero(t, found.Total, "nothing is stored")
	})
}

func TestEveryProblemIsReportedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		_, err := w.Create(t.Context(), "", json.RawMessage(subscriptionJSON("https://topics.example.org/none", setChannel("type", "email"))))
		var refusal *subscription.Refusal
		require.ErrorAs(t, err, &refusal)
		require.Len(t, refusal.Issues, 2)
	})
}

// spec: LIFE-04, LIFE-10, ACC-21, AMB-02, SEC-03, EXT-04, EXT-05, EXT-06
func TestAcceptedSubscription(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		raw := subscriptionJSON(anyPatient, set("id", "mine"), set("status", "active"), set("contact", []any{map[string]any{"system": "phone", "value": "1"}}),
			set("meta", map[string]any{"profile": []string{backport + "backport-subscription"}, "versionId": "77"}),
			setChannel("header", []string{"Authorization: Basic a:b"}),
			channelExtension("backport-heartbeat-period", "valueInteger", 1),
			channelExtension("backport-timeout", "valueUnsignedInt", 3600),
			channelExtension("backport-max-count", "valuePositiveInt", 100000))
		s, err := w.Create(t.Context(), "", json.RawMessage(raw))
		require.NoError(t, err)
		require.NotEqual(t, "mine", s.ID, "a create gets an id of the server's")
		doc, err := fhirpath.Parse(s.Resource)
		require.NoError(t, err)
		root := doc.Root()
		require.Equal(t, s.ID, root.Get("id").Text())
		require.Equal(t, "requested", root.Get("status").Text(), "AMB-02")
		require.Equal(t, "1", root.Path("meta", "versionId").Text())
		require.Equal(t, 1, root.Path("meta", "profile").Len())
		require.Equal(t, `[{"system":"phone","value":"1"}]`, string(root.Get("contact").Raw()))
		require.Equal(t, `["Authorization: ***"]`, string(root.Path("channel", "header").Raw()), "headers are echoed, their values are not")
		numbers := map[string]string{}
		for ext := range root.Path("channel", "extension").Elements() {
			for name, value := range ext.Members() {
				if name != "url" {
					numbers[strings.TrimPrefix(ext.Get("url").Text(), backport)] += name + "=" + string(value.Raw())
				}
			}
		}
		require.Equal(t, map[string]string{ // brought within the host's limits, and shown (ACC-21)
			"backport-heartbeat-period": "valueUnsignedInt=10",
			"backport-timeout":          "valueUnsignedInt=30",
			"backport-max-count":        "valuePositiveInt=100",
		}, numbers)
	})
}

// spec: ACC-16, PAY-11, AMB-02
func TestLeastIsTheDefault(t *testing.T) { // ACC-16, interop 1
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s, err := w.Create(t.Context(), "", json.RawMessage(`{"resourceType":"Subscription","status":"active","reason":"r","criteria":"`+anyPatient+`","channel":{"type":"rest-hook","endpoint":"https://a.example.org"}}`))
		require.NoError(t, err)
		doc, err := fhirpath.Parse(s.Resource)
		require.NoError(t, err)
		channel := doc.Root().Get("channel")
		require.Equal(t, "application/fhir+json", channel.Get("payload").Text())
		for ext := range channel.Path("_payload", "extension").Elements() {
			require.Equal(t, "empty", ext.Get("valueCode").Text())
		}
		time.Sleep(time.Second)
		w.write("p", 1)
		time.Sleep(time.Second)
		require.NotContains(t, string(w.peer.seen("event-notification")[0].body), "Patient/")
	})
}

func TestCheckStoresNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		accepted, err := w.Check(t.Context(), "", subscription.R4, json.RawMessage(subscriptionJSON(anyPatient)))
		require.NoError(t, err)
		require.Contains(t, string(accepted), anyPatient)
		found, err := w.Search(t.Context(), "", nil)
		require.NoError(t, err)
		require.Zero(t, found.Total)
	})
}
