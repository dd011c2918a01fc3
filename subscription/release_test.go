package subscription_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/shared"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

var releases = []subscription.Release{subscription.R4, subscription.R4B, subscription.R5}

// of makes a world that serves a release.
func of(r subscription.Release) func(*subscription.Config) {
	return func(c *subscription.Config) { c.Release = r }
}

// subscriptionR5 writes a Subscription of R5; edits are of its members.
func subscriptionR5(topicURL string, edit ...func(map[string]any)) string {
	s := map[string]any{
		"resourceType": "Subscription", "status": "requested", "topic": topicURL,
		"channelType": map[string]any{"code": "rest-hook"}, "endpoint": "https://subscriber.example.org/hook",
		"contentType": "application/fhir+json", "content": "full-resource",
	}
	for _, f := range edit {
		f(s)
	}
	raw, _ := json.Marshal(s)
	return string(raw)
}

// inRelease is a Subscription with a filter and a header in the form of a release.
func inRelease(r subscription.Release, content string, edit ...func(map[string]any)) string {
	if r == subscription.R5 {
		return subscriptionR5(anyPatient, append([]func(map[string]any){set("content", content),
			set("filterBy", []any{map[string]any{"resourceType": "Patient", "filterParameter": "gender", "value": "female"}}),
			set("parameter", []any{map[string]any{"name": "Authorization", "value": secret}})}, edit...)...)
	}
	return subscriptionJSON(anyPatient, append([]func(map[string]any){filter("Patient?gender=female"), headers("Authorization: " + secret),
		setChannel("_payload", map[string]any{"extension": []any{map[string]any{"url": backport + "backport-payload-content", "valueCode": content}}})}, edit...)...)
}

// bundleForm tells in which release's form a notification is.
func bundleForm(t *testing.T, raw []byte) subscription.Release {
	t.Helper()
	doc, err := fhirpath.Parse(raw)
	require.NoError(t, err)
	for e := range doc.Root().Get("entry").Elements() {
		if e.Path("resource", "resourceType").Is("Parameters") {
			return subscription.R4
		}
		require.Equal(t, "SubscriptionStatus", e.Path("resource", "resourceType").Text())
		break
	}
	if doc.Root().Get("type").Is("subscription-notification") {
		return subscription.R5
	}
	require.Equal(t, "history", doc.Root().Get("type").Text())
	return subscription.R4B
}

// In each release the same change leads to the same events, written as that release
// has it.
// spec: BND-01, BND-02, STS-08, AMB-21, EVN-01, EVN-05, FLT-01, FLT-02, FLT-08, CH-REST-02, CH-REST-03, PAY-04
// spec: PAY-10, OP-06, LIFE-07, ACC-14
func TestEveryReleaseFromWriteToNotification(t *testing.T) { // docs/conformance.md, Notifications, CH-REST-02, CH-REST-03
	for _, r := range releases {
		for _, content := range []string{"empty", "id-only", "full-resource"} {
			t.Run(r.String()+" "+content, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, of(r))
					s, err := w.Create(t.Context(), "", json.RawMessage(inRelease(r, content)))
					require.NoError(t, err)
					require.NotContains(t, string(s.Resource), "secret")
					synctest.Wait()
					require.Equal(t, "active", w.status(s.ID))
					w.write("p", 1, s.ID)
					w.write("p", 2, s.ID)
					male := strings.Replace(string(patientJSON("q", 1)), "female", "male", 1)
					require.NoError(t, w.OnResourceChange(t.Context(), subscription.ResourceChange{Interaction: subscription.Create, Resource: json.RawMessage(male)}))
					time.Sleep(time.Second)
					events := w.peer.seen(notification.EventNotification)
					require.Equal(t, []int64{1, 2}, numbers(events))
					require.Equal(t, []string{"Authorization: " + secret}, events[0].target.Headers)
					for _, a := range append(events, w.peer.seen(notification.Handshake)...) {
						require.Equal(t, r, bundleForm(t, a.body))
						require.Equal(t, base+"/Subscription/"+s.ID, a.Subscription)
					}
					require.Equal(t, content == "full-resource", strings.Contains(string(events[0].body), "multipleBirthInteger"))
					require.Equal(t, content != "empty", strings.Contains(string(events[0].body), "Patient/p"))

					raw, err := w.Events(t.Context(), "", s.ID, 1, 2, "")
					require.NoError(t, err)
					require.Equal(t, r, bundleForm(t, raw))
					n, err := notification.Parse(raw)
					require.NoError(t, err)
					require.Len(t, n.Events, 2)
					require.EqualValues(t, 2, n.EventsSinceSubscriptionStart)

					raw, err = w.Status(t.Context(), "", []string{s.ID}, nil, base+"/Subscription/$status")
					require.NoError(t, err)
					n, err = notification.Parse(raw)
					require.NoError(t, err)
					require.Equal(t, "active", n.Status)
					require.EqualValues(t, 2, n.EventsSinceSubscriptionStart)
					require.Equal(t, r == subscription.R4, strings.Contains(string(raw), `"Parameters"`))
					require.NoError(t, w.stop())
				})
			})
		}
	}
}

// spec: ACC-01, ACC-02, ACC-03, ACC-05, ACC-12, ACC-18, FLT-08, LIFE-12, CH-CUS-02
func TestRefusedSubscriptionsOfR5(t *testing.T) {
	drop := func(name string) func(map[string]any) { return func(s map[string]any) { delete(s, name) } }
	filterBy := func(members ...any) func(map[string]any) {
		f := map[string]any{}
		for i := 0; i < len(members); i += 2 {
			f[members[i].(string)] = members[i+1]
		}
		return set("filterBy", []any{f})
	}
	extension := map[string]any{"extension": []any{map[string]any{"url": backport + "backport-filter-criteria", "valueString": "gender=male"}}}
	cases := []struct {
		name    string
		raw     string
		status  int
		element string
	}{
		{"no topic", subscriptionR5(anyPatient, drop("topic")), 400, "Subscription.topic"},
		{"topic is an object", subscriptionR5(anyPatient, set("topic", map[string]any{})), 400, "Subscription.topic"},
		{"unknown topic", subscriptionR5("https://topics.example.org/none"), 422, "Subscription.topic"},
		{"an extension of topic", subscriptionR5(anyPatient, set("_topic", extension)), 422, "Subscription.topic.extension"},
		{"criteria of R4", subscriptionR5(anyPatient, set("criteria", anyPatient)), 422, "Subscription"},
		{"channel of R4", subscriptionR5(anyPatient, set("channel", map[string]any{"type": "rest-hook"})), 422, "Subscription"},
		{"error of R4", subscriptionR5(anyPatient, set("error", "x")), 422, "Subscription"},
		{"a filter of the guide", subscriptionR5(anyPatient, set("extension", extension["extension"])), 422, "Subscription.extension"},
		{"a heartbeat of the guide", subscriptionR5(anyPatient, set("_contentType", map[string]any{"extension": []any{map[string]any{"url": backport + "backport-heartbeat-period", "valueUnsignedInt": 1}}})), 422, "Subscription.contentType.extension"},
		{"filter that the topic lacks", subscriptionR5(anyPatient, filterBy("filterParameter", "birthdate", "value", "2020")), 422, "Subscription.filterBy"},
		{"filter without value", subscriptionR5(anyPatient, filterBy("filterParameter", "gender")), 422, "Subscription.filterBy[0].value"},
		{"filter without parameter", subscriptionR5(anyPatient, filterBy("value", "male")), 422, "Subscription.filterBy[0].filterParameter"},
		{"comparator beside modifier", subscriptionR5(anyPatient, filterBy("filterParameter", "gender", "value", "male", "comparator", "eq", "modifier", "not")), 422, "Subscription.filterBy[0]"}, // scr-1, ACC-18
		{"modifier that the topic lacks", subscriptionR5(anyPatient, filterBy("filterParameter", "gender", "value", "male", "modifier", "in")), 422, "Subscription.filterBy"},
		{"an extension of a filter", subscriptionR5(anyPatient, filterBy("filterParameter", "gender", "value", "male", "extension", extension["extension"])), 422, "Subscription.filterBy[0]"},
		{"filters in an object", subscriptionR5(anyPatient, set("filterBy", map[string]any{})), 422, "Subscription.filterBy"},
		{"halves of what is no primitive", subscriptionR5(anyPatient, set("_filterBy", []any{map[string]any{"extension": extension["extension"]}})), 422, "Subscription"},
		{"no channelType", subscriptionR5(anyPatient, drop("channelType")), 400, "Subscription.channelType"},
		{"channelType is a code", subscriptionR5(anyPatient, set("channelType", "rest-hook")), 400, "Subscription.channelType"},
		{"channelType without code", subscriptionR5(anyPatient, set("channelType", map[string]any{"display": "x"})), 400, "Subscription.channelType.code"},
		{"channel that is not here", subscriptionR5(anyPatient, set("channelType", map[string]any{"code": "websocket"})), 422, "Subscription.channelType"},
		{"custom channel that is not here", subscriptionR5(anyPatient, set("channelType", map[string]any{"system": "https://x.example.org", "code": "rest-hook"})), 422, "Subscription.channelType"},
		{"content", subscriptionR5(anyPatient, set("content", "everything")), 422, "Subscription.content"},
		{"content is a number", subscriptionR5(anyPatient, set("content", 1)), 400, "Subscription.content"},
		{"contentType", subscriptionR5(anyPatient, set("contentType", "application/fhir+xml")), 422, "Subscription.contentType"},
		{"FHIR version", subscriptionR5(anyPatient, set("contentType", "application/fhir+json; fhirVersion=4.0")), 422, "Subscription.contentType"},
		{"heartbeatPeriod", subscriptionR5(anyPatient, set("heartbeatPeriod", "60")), 400, "Subscription.heartbeatPeriod"},
		{"negative timeout", subscriptionR5(anyPatient, set("timeout", -1)), 400, "Subscription.timeout"},
		{"maxCount 0", subscriptionR5(anyPatient, set("maxCount", 0)), 400, "Subscription.maxCount"},
		{"maxCount in a fraction", subscriptionR5(anyPatient, set("maxCount", 1.5)), 400, "Subscription.maxCount"},
		{"parameter without value", subscriptionR5(anyPatient, set("parameter", []any{map[string]any{"name": "A"}})), 400, "Subscription.parameter.value"},
		{"parameter with two names", subscriptionR5(anyPatient, set("parameter", []any{map[string]any{"name": "A: b\r\nC", "value": "d"}})), 400, "Subscription.parameter.name"},
		{"parameter is an object", subscriptionR5(anyPatient, set("parameter", map[string]any{})), 400, "Subscription.parameter"},
		{"a mask for what is not stored", subscriptionR5(anyPatient, set("parameter", []any{map[string]any{"name": "A", "value": "***"}})), 422, "Subscription.parameter"},
		{"unknown status", subscriptionR5(anyPatient, set("status", "on")), 400, "Subscription.status"},
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, of(subscription.R5))
		for _, tc := range cases {
			_, err := w.Create(t.Context(), "", json.RawMessage(tc.raw))
			var refusal *subscription.Refusal
			require.ErrorAs(t, err, &refusal, tc.name)
			require.Equal(t, tc.status, refusal.Status, "%s: %v", tc.name, err)
			var elements []string
			for _, issue := range refusal.Issues {
				elements = append(elements, issue.Element)
			}
			require.Contains(t, elements, tc.element, "%s: %v", tc.name, err)
		}
		found, err := w.Search(t.Context(), "", nil)
		require.NoError(t, err)
		require.Zero(t, found.Total)
	})
	t.Logf("R5 refused=%d", len(cases))
}

// spec: LIFE-02, ACC-17, ACC-21, AMB-12, SEC-03, CH-03, CH-REST-03
func TestAcceptedSubscriptionOfR5(t *testing.T) { // ACC-21, AMB-12, SEC-03
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, of(subscription.R5))
		s, err := w.Create(t.Context(), "", json.RawMessage(`{"resourceType":"Subscription","status":"active","name":"n","identifier":[{"value":"i"}],`+
			`"topic":"`+anyPatient+`","channelType":{"system":"http://terminology.hl7.org/CodeSystem/subscription-channel-type","code":"rest-hook"},`+
			`"endpoint":"https://a.example.org","heartbeatPeriod":1,"timeout":3600,"maxCount":100000,"managingEntity":{"reference":"Organization/1"},`+
			`"parameter":[{"id":"x","name":"A","value":"b"},{"name":"a","value":"c"}],`+
			`"filterBy":[{"filterParameter":"gender","value":"female"}]}`))
		require.NoError(t, err)
		doc, err := fhirpath.Parse(s.Resource)
		require.NoError(t, err)
		for name, want := range map[string]string{
			"status": `"requested"`, "contentType": `"application/fhir+json"`, "content": `"empty"`, "heartbeatPeriod": "10", "timeout": "30", "maxCount": "100",
			"parameter": `[{"id":"x","name":"A","value":"***"},{"name":"a","value":"***"}]`, "name": `"n"`, "identifier": `[{"value":"i"}]`,
			"managingEntity": `{"reference":"Organization/1"}`, "filterBy": `[{"filterParameter":"gender","value":"female"}]`,
		} {
			require.Equal(t, want, string(doc.Root().Get(name).Raw()), name)
		}
		synctest.Wait()
		back := strings.Replace(string(s.Resource), `"requested"`, `"active"`, 1)
		_, _, err = w.Update(t.Context(), "", s.ID, json.RawMessage(back), "")
		require.NoError(t, err)
		require.Equal(t, "active", w.status(s.ID), "nothing has changed")
		w.write("p", 1, s.ID)
		time.Sleep(time.Second)
		events := w.peer.seen(notification.EventNotification)
		require.Equal(t, []string{"A: b", "a: c"}, events[0].target.Headers)
		require.Len(t, w.peer.seen(notification.Handshake), 1)

		thief := strings.Replace(back, "a.example.org", "thief.example.org", 1)
		_, _, err = w.Update(t.Context(), "", s.ID, json.RawMessage(thief), "")
		require.ErrorContains(t, err, "Subscription.parameter")

		wrong := strings.Replace(back, `"active"`, `"entered-in-error"`, 1)
		_, _, err = w.Update(t.Context(), "", s.ID, json.RawMessage(wrong), "")
		require.NoError(t, err)
		heartbeats := len(w.peer.seen(notification.Heartbeat))
		require.Equal(t, "entered-in-error", w.status(s.ID), "LIFE-02")
		require.NoError(t, w.OnResourceChange(t.Context(), patient("p", 2)))
		time.Sleep(time.Hour)
		require.Len(t, w.peer.seen(notification.EventNotification), 1)
		require.Len(t, w.peer.seen(notification.Heartbeat), heartbeats)
		_, _, err = w.Update(t.Context(), "", s.ID, json.RawMessage(back), "")
		require.NoError(t, err)
		synctest.Wait()
		w.write("p", 3, s.ID)
		time.Sleep(time.Second)
		require.Equal(t, []int64{1, 2}, numbers(w.peer.seen(notification.EventNotification)), "the numbers go on")
	})
}

// An R4 server tells the status as R4B does where its host, or the Subscription, says so.
// spec: CH-04, ACC-11, AMB-29
func TestStatusAsR4B(t *testing.T) { // CH-04, ACC-11
	payload := func(mime string) func(map[string]any) { return setChannel("payload", mime) }
	cases := []struct {
		host          subscription.Release
		mime, content string
		want          subscription.Release // 0: refused
	}{
		{0, "application/fhir+json", "full-resource", subscription.R4},
		{0, "application/fhir+json; fhirVersion=4.0", "full-resource", subscription.R4},
		{0, "application/fhir+json; fhirVersion=4.0.1", "empty", subscription.R4},
		{0, "application/fhir+json; fhirVersion=4.3", "id-only", subscription.R4B},
		{0, "application/fhir+json;fhirversion=4.3.0", "empty", subscription.R4B},
		{0, "application/fhir+json; fhirVersion=4.3", "full-resource", 0},
		{0, "application/fhir+json; fhirVersion=5.0", "empty", 0},
		{0, "application/fhir+json; fhirVersion=4", "empty", 0},
		{subscription.R4B, "application/fhir+json", "full-resource", subscription.R4B},
		{subscription.R4B, "application/fhir+json; fhirVersion=4.0", "full-resource", subscription.R4},
	}
	for _, tc := range cases {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, func(c *subscription.Config) { c.StatusRelease = tc.host })
			s, err := w.Create(t.Context(), "", json.RawMessage(inRelease(subscription.R4, tc.content, payload(tc.mime))))
			if tc.want == 0 {
				require.ErrorContains(t, err, "Subscription.channel.payload", tc.mime)
				return
			}
			require.NoError(t, err, tc.mime)
			synctest.Wait()
			w.write("p", 1, s.ID)
			time.Sleep(time.Second)
			events := w.peer.seen(notification.EventNotification)
			require.Len(t, events, 1)
			require.Equal(t, tc.want, bundleForm(t, events[0].body), tc.mime)
			require.Equal(t, tc.mime, events[0].target.ContentType)
			raw, err := w.Events(t.Context(), "", s.ID, 0, 0, "")
			require.NoError(t, err)
			require.Equal(t, tc.want, bundleForm(t, raw), tc.mime)
		})
	}
	for _, r := range []subscription.Release{subscription.R4B, subscription.R5} {
		_, err := subscription.New(subscription.Config{Release: r, StatusRelease: subscription.R4})
		require.ErrorContains(t, err, "StatusRelease")
	}
	_, err := subscription.New(subscription.Config{Release: subscription.R4, StatusRelease: subscription.R5})
	require.ErrorContains(t, err, "StatusRelease")
}

// The reference Subscriptions of each release are accepted where the host has what they
// ask for, and refused for that element where it has not.
// spec: PROF-01, ACC-03, CH-03
func TestReferenceSubscriptions(t *testing.T) {
	missing := map[string]string{ // in a world with rest-hook alone
		"subscription-websocket.json": "type", "subscription-email.json": "type", "subscription-message.json": "type", "subscription-custom-channel.json": "type",
	}
	accepted, refused := 0, 0
	for _, r := range releases {
		status := "finished"
		if r == subscription.R5 {
			status = "completed"
		}
		finishedEncounter := parseTopic(t, `{"resourceType":"SubscriptionTopic","url":"https://topics.example.com/SubscriptionTopic/encounter-finished","version":"1.0.0","status":"active",`+
			`"resourceTrigger":[{"resource":"Encounter","queryCriteria":{"current":"status=`+status+`"}}],"canFilterBy":[{"resource":"Encounter","filterParameter":"patient"},`+
			`{"resource":"Encounter","filterParameter":"class","modifier":["not"]},{"resource":"Encounter","filterParameter":"date","comparator":["ge"]}]}`)
		files, err := filepath.Glob(filepath.Join(shared.Dir(t), "spec/reference-examples", strings.ToLower(r.String()), "subscription-*.json"))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, of(r), func(c *subscription.Config) { c.Topics = []*topic.Topic{finishedEncounter} })
			for _, file := range files {
				name := filepath.Base(file)
				raw, err := os.ReadFile(file)
				require.NoError(t, err)
				if name == "subscription-rejected.json" { // an OperationOutcome
					continue
				}
				raw = []byte(strings.Replace(string(raw), "2027-01-01", "2127-01-01", 1))
				_, err = w.Create(t.Context(), "", raw)
				if element := missing[name]; element != "" {
					require.ErrorContains(t, err, element, "%v %s", r, name)
					refused++
					continue
				}
				require.NoError(t, err, "%v %s", r, name)
				accepted++
			}
		})
	}
	t.Logf("reference Subscriptions accepted=%d refused=%d", accepted, refused)
	require.Equal(t, 3, accepted)
	require.Equal(t, 5, refused)
}
