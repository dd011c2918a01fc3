package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/validate"
	"github.com/carillon-fhir/carillon/notification"
)

// TestReleases makes the main checks against the process in each release: what it sends
// and answers is valid by the release's own definitions.
func TestReleases(t *testing.T) {
	for _, r := range []fhirpath.Release{fhirpath.R4, fhirpath.R4B, fhirpath.R5} {
		t.Run(r.String(), func(t *testing.T) { testRelease(t, r) })
	}
}

func testRelease(t *testing.T, r fhirpath.Release) {
	definitions := validate.Load(t, r)
	checks := 0
	valid := func(raw []byte) {
		t.Helper()
		require.Empty(t, definitions.Validate("", raw), string(raw))
		checks++
	}
	var mu sync.Mutex
	arrived := map[notification.Type][][]byte{}
	subscriber := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		raw, _ := io.ReadAll(q.Body)
		if n, err := notification.Parse(raw); err == nil && q.Header.Get("Authorization") == "Bearer s" {
			mu.Lock()
			defer mu.Unlock()
			arrived[n.Type] = append(arrived[n.Type], raw)
		}
	}))
	t.Cleanup(subscriber.Close)
	k := &kit{posted: map[string][]posted{}, client: http.Client{Timeout: patience}, endpoint: subscriber.URL}
	base, server := start(t, "-release", r.String(), "-allow-private", "-min-heartbeat", "1s", "-retry", "1s")
	k.base = base
	t.Cleanup(func() {
		k.client.CloseIdleConnections()
		require.NoError(t, server.Process.Signal(syscall.SIGTERM))
		require.NoError(t, server.Wait())
	})
	received := func(kind notification.Type, n int) []byte {
		t.Helper()
		var raw []byte
		require.Eventually(t, func() bool {
			mu.Lock()
			defer mu.Unlock()
			if len(arrived[kind]) < n {
				return false
			}
			raw = arrived[kind][n-1]
			return true
		}, patience, 5*time.Millisecond, "%s %d", kind, n)
		return raw
	}

	status, _, raw := k.call(t, "GET", "/metadata", "")
	require.Equal(t, 200, status)
	require.Contains(t, string(raw), `"fhirVersion":"`+r.Version()+`"`)
	topicType := map[bool]string{true: "Basic", false: "SubscriptionTopic"}[r == fhirpath.R4]
	status, _, raw = k.call(t, "GET", "/"+topicType, "")
	require.Equal(t, 200, status)
	topics := decode[bundle](t, raw)
	require.Len(t, topics.Entry, 5)
	for _, e := range topics.Entry {
		valid(e.Resource)
		status, _, _ = k.call(t, "GET", "/"+topicType+"/"+path.Base(e.FullURL), "")
		require.Equal(t, 200, status)
	}

	finished := map[bool]string{true: "completed", false: "finished"}[r == fhirpath.R5]
	const complete = "https://carillon-fhir.github.io/topics/encounter-complete"
	body := fmt.Sprintf(`{"resourceType":"Subscription","status":"requested","reason":"r","criteria":%q,"_criteria":{"extension":[{"url":%q,"valueString":"Encounter?patient=Patient/1"}]},
		"channel":{"type":"rest-hook","endpoint":%q,"header":["Authorization: Bearer s"],"payload":"application/fhir+json","_payload":{"extension":[{"url":%q,"valueCode":"full-resource"}]},
		"extension":[{"url":%q,"valueUnsignedInt":1}]}}`, complete, guide+"backport-filter-criteria", k.endpoint+"/hook", guide+"backport-payload-content", guide+"backport-heartbeat-period")
	if r == fhirpath.R5 {
		body = fmt.Sprintf(`{"resourceType":"Subscription","status":"requested","topic":%q,"filterBy":[{"resourceType":"Encounter","filterParameter":"patient","value":"Patient/1"}],
			"channelType":{"code":"rest-hook"},"endpoint":%q,"parameter":[{"name":"Authorization","value":"Bearer s"}],"contentType":"application/fhir+json","content":"full-resource","heartbeatPeriod":1}`, complete, k.endpoint+"/hook")
	}
	status, _, raw = k.call(t, "POST", "/Subscription", body)
	require.Equal(t, 201, status, string(raw))
	valid(raw)
	id := decode[stored](t, raw).ID
	k.awaitActive(t, id)
	valid(received(notification.Handshake, 1))

	encounter := func(id, patient string) string {
		class := `{"code":"AMB"}`
		if r == fhirpath.R5 {
			class = `[{"coding":[{"code":"AMB"}]}]`
		}
		return fmt.Sprintf(`{"resourceType":"Encounter","id":%q,"status":%q,"class":%s,"subject":{"reference":%q}}`, id, finished, class, patient)
	}
	for i, patient := range []string{"Patient/1", "Patient/2", "Patient/1"} {
		id := fmt.Sprint("e", i)
		status, _, raw = k.call(t, "PUT", "/Encounter/"+id, encounter(id, patient))
		require.Equal(t, 201, status, string(raw))
	}
	valid(received(notification.EventNotification, 1))
	second := received(notification.EventNotification, 2)
	valid(second)
	require.Contains(t, string(second), `"e2"`)
	valid(received(notification.Heartbeat, 1))

	for _, path := range []string{"/$status", "/$events", "/$events?content=empty", "/$events?eventsSinceNumber=3"} {
		status, _, raw = k.call(t, "GET", "/Subscription/"+id+path, "")
		require.Equal(t, 200, status, string(raw))
		valid(raw)
	}
	status, _, raw = k.call(t, "GET", "/Subscription?url="+k.endpoint+"/hook", "")
	require.Equal(t, 200, status)
	require.Len(t, decode[bundle](t, raw).Entry, 1)
	valid(raw)
	status, _, raw = k.call(t, "POST", "/Subscription/"+id+"/$resend", `{"resourceType":"Parameters","parameter":[{"name":"eventsSinceNumber","valueString":"2"}]}`)
	require.Equal(t, 200, status, string(raw))
	require.JSONEq(t, eventsOf(t, second), eventsOf(t, received(notification.EventNotification, 3)))
	status, _, raw = k.call(t, "PUT", "/"+topicType+"/topic-mine", `{"resourceType":"`+topicType+`","id":"topic-mine"}`)
	require.Equal(t, 403, status, string(raw))
	status, _, raw = k.call(t, "POST", "/Subscription", `{"resourceType":"Subscription","status":"requested"}`)
	require.Equal(t, 400, status)
	require.NotEmpty(t, issues(t, raw))
	status, _, _ = k.call(t, "DELETE", "/Subscription?url="+k.endpoint+"/hook", "")
	require.Equal(t, 204, status)
	t.Logf("%v valid=%d", r, checks)
}

// eventsOf returns the numbers and foci of a notification, as JSON.
func eventsOf(t *testing.T, raw []byte) string {
	t.Helper()
	n, err := notification.Parse(raw)
	require.NoError(t, err)
	events := map[int64]string{}
	for _, e := range n.Events {
		events[e.Number] = e.Focus.FullURL
	}
	out, err := json.Marshal(events)
	require.NoError(t, err)
	return string(out)
}
