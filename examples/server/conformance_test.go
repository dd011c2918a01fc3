package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/shared"
)

// TestConformance makes the checks of Inferno's kit for servers of the Subscriptions
// R5 Backport guide, STU 1.1 on R4 (docs/conformance.md, The checks of Inferno's kit), against the process.
func TestConformance(t *testing.T) { overStores(t, testConformance) }

func testConformance(t *testing.T, store string) {
	k := newKit(t, store)
	t.Run("INF-01 CapabilityStatement", k.capability)       // spec: INF-01, CAP-02, CAP-04, DISC-02
	t.Run("INF-02 create", k.created)                       // spec: INF-02, CH-REST-04, CAP-01
	t.Run("INF-03 handshake", k.handshake)                  // spec: INF-03, PROF-03, PROF-04, EVN-03
	t.Run("INF-04 request and response", k.requests)        // spec: INF-04, BND-01, BND-03, BND-04, BND-05, BND-09, BND-11, BND-14
	t.Run("INF-05 headers and content type", k.headers)     // spec: INF-05, CH-REST-02, CH-REST-03
	t.Run("INF-06 event notification", k.event)             // spec: INF-06, EVN-05, STS-02
	t.Run("INF-07 empty", k.empty)                          // spec: INF-07, PAY-01, PAY-02, PAY-03, PAY-05
	t.Run("INF-08 id-only", k.idOnly)                       // spec: INF-08, PAY-04, PAY-06
	t.Run("INF-09 full-resource", k.fullResource)           // spec: INF-09, PAY-08
	t.Run("INF-10 status", k.status)                        // spec: INF-10, OP-01, OP-05, OP-06, PROF-04
	t.Run("INF-11 heartbeat", k.heartbeats)                 // spec: INF-11, HB-01, HB-03
	t.Run("INF-12 unsupported values", k.unsupported)       // spec: INF-12, ACC-04, ACC-05, ACC-07, ACC-20
	t.Run("INF-13 cross-version extension", k.crossVersion) // spec: INF-13, ACC-13
	t.Run("samples of the kit", k.samples)
}

func (k *kit) capability(t *testing.T) {
	status, _, raw := k.call(t, "GET", "/metadata", "")
	require.Equal(t, http.StatusOK, status)
	type extension struct{ URL, ValueCanonical string }
	type resource struct {
		Type             string
		SupportedProfile []string
		Extension        []extension
	}
	type rest struct{ Resource []resource }
	statement := decode[struct{ Rest []rest }](t, raw)
	require.Len(t, statement.Rest, 1)
	i := slices.IndexFunc(statement.Rest[0].Resource, func(r resource) bool { return r.Type == "Subscription" })
	require.GreaterOrEqual(t, i, 0)
	require.Contains(t, statement.Rest[0].Resource[i].SupportedProfile, guide+"backport-subscription")
	for _, topic := range []string{patientChange, encounterStart} {
		require.Contains(t, statement.Rest[0].Resource[i].Extension, extension{guide + "capabilitystatement-subscriptiontopic-canonical", topic})
	}
}

func (k *kit) created(t *testing.T) {
	status, header, raw := k.call(t, "POST", "/Subscription", k.wish(t, "empty").subscription())
	require.Equal(t, http.StatusCreated, status, string(raw))
	s := decode[stored](t, raw)
	require.Equal(t, stored{"Subscription", s.ID, "requested"}, s)
	require.Contains(t, header.Get("Location"), k.base+"/Subscription/"+s.ID)
	k.awaitActive(t, s.ID)
}

func (k *kit) handshake(t *testing.T) {
	w := k.wish(t, "id-only")
	k.subscribe(t, w)
	b := k.received(t, w.endpoint, "handshake", 1)
	require.Len(t, b.Entry, 1)
	require.Equal(t, "requested", b.status.Get("status").Code)
	require.Equal(t, "0", b.status.Get("events-since-subscription-start").String)
	require.Empty(t, b.status.Get("notification-event").Part)
}

func (k *kit) requests(t *testing.T) {
	w := k.wish(t, "full-resource")
	id := k.subscribe(t, w)
	k.write(t)
	for _, kind := range []string{"handshake", "event-notification"} {
		b := k.received(t, w.endpoint, kind, 1) // bdl-3 and bdl-4 on every entry
		require.Equal(t, "GET", b.Entry[0].Request.Method)
		require.True(t, strings.HasSuffix(b.Entry[0].Request.URL, "Subscription/"+id+"/$status"))
		require.True(t, strings.HasSuffix(b.status.Get("subscription").Reference.Reference, "Subscription/"+id))
	}
}

func (k *kit) headers(t *testing.T) {
	w := k.wish(t, "empty")
	w.payload = "application/fhir+json; fhirVersion=4.0"
	w.headers = []string{"Authorization: Basic a:b==", "X-Route: one", "X-Route: two", "x-spaced:  https://host:1/a: b"}
	k.subscribe(t, w)
	k.write(t)
	for _, kind := range []string{"handshake", "event-notification"} {
		header := k.received(t, w.endpoint, kind, 1).header
		require.Equal(t, "Basic a:b==", header.Get("Authorization"))
		require.Equal(t, []string{"one", "two"}, header.Values("X-Route"))
		require.Equal(t, "https://host:1/a: b", header.Get("X-Spaced"))
		require.True(t, strings.HasPrefix(header.Get("Content-Type"), w.payload), header.Get("Content-Type"))
	}
}

func (k *kit) event(t *testing.T) {
	w := k.wish(t, "id-only")
	k.subscribe(t, w)
	k.write(t)
	for n := 1; n <= 2; n++ {
		s := k.received(t, w.endpoint, "event-notification", n).status
		require.Equal(t, "active", s.Get("status").Code)
		require.Equal(t, fmt.Sprint(n), statusResource(s.Get("notification-event").Part).Get("event-number").String)
		require.Equal(t, fmt.Sprint(n), s.Get("events-since-subscription-start").String)
	}
}

func (k *kit) empty(t *testing.T) {
	w := k.wish(t, "empty")
	k.subscribe(t, w)
	k.write(t)
	b := k.received(t, w.endpoint, "event-notification", 1)
	require.Len(t, b.Entry, 1)
	require.NotEmpty(t, b.status.Get("notification-event").Part, "PAY-03")
	require.Empty(t, foci(b.status, "focus"))
	require.Empty(t, foci(b.status, "additional-context"))
	require.Empty(t, b.status.Get("topic").Canonical, "PAY-05")
}

func (k *kit) idOnly(t *testing.T) {
	w := k.wish(t, "id-only")
	k.subscribe(t, w)
	patient := k.write(t)
	for n := 1; n <= 2; n++ {
		b := k.received(t, w.endpoint, "event-notification", n)
		require.Equal(t, []string{patient}, foci(b.status, "focus"))
		for _, e := range b.Entry[1:] {
			require.Empty(t, e.Resource)
		}
	}
}

func (k *kit) fullResource(t *testing.T) {
	subject := path.Base(k.write(t))
	w := k.wish(t, "full-resource")
	w.topic, w.filter = encounterStart, "Encounter.patient=Patient/"+subject
	k.subscribe(t, w)
	for _, patient := range []string{"another", subject} {
		status, _, raw := k.call(t, "POST", "/Encounter", fmt.Sprintf(`{"resourceType":"Encounter","status":"in-progress","class":{"code":"AMB"},"subject":{"reference":"Patient/%s"}}`, patient))
		require.Equal(t, http.StatusCreated, status, string(raw))
	}
	b := k.received(t, w.endpoint, "event-notification", 1)
	require.Equal(t, encounterStart, b.status.Get("topic").Canonical, "PAY-05")
	require.Len(t, foci(b.status, "focus"), 1)
	for _, reference := range append(foci(b.status, "focus"), foci(b.status, "additional-context")...) {
		i := slices.IndexFunc(b.Entry, func(e entry) bool { return e.FullURL == reference })
		require.Positive(t, i, "no entry for a reference")
		resource := decode[stored](t, b.Entry[i].Resource)
		require.True(t, strings.HasSuffix(reference, "/"+resource.ResourceType+"/"+resource.ID))
	}
	require.Contains(t, string(b.Entry[1].Resource), "Patient/"+subject, "the filter holds")
}

func (k *kit) status(t *testing.T) {
	w := k.wish(t, "id-only")
	id := k.subscribe(t, w)
	k.write(t)
	k.received(t, w.endpoint, "event-notification", 2)
	for method, body := range map[string]string{"GET": "", "POST": `{"resourceType":"Parameters"}`} {
		status, _, raw := k.call(t, method, "/Subscription/"+id+"/$status", body)
		require.Equal(t, http.StatusOK, status)
		b := decode[bundle](t, raw)
		require.Equal(t, "searchset", b.Type)
		require.Len(t, b.Entry, 1)
		s := statusOf(t, b)
		require.True(t, strings.HasSuffix(s.Get("subscription").Reference.Reference, "/"+id))
		require.Equal(t, "query-status", s.Get("type").Code)
		require.Equal(t, "active", s.Get("status").Code)
		require.Equal(t, "2", s.Get("events-since-subscription-start").String)
		require.Nil(t, b.Entry[0].Request, "bdl-3")
		require.Nil(t, b.Entry[0].Response, "bdl-4")
	}
}

func (k *kit) heartbeats(t *testing.T) {
	quiet := k.wish(t, "empty")
	k.subscribe(t, quiet)
	asked := quiet
	asked.endpoint, asked.heartbeat = quiet.endpoint+"-asked", 1
	k.subscribe(t, asked)
	for n := 1; n <= 2; n++ {
		b := k.received(t, asked.endpoint, "heartbeat", n)
		require.Len(t, b.Entry, 1)
		require.Equal(t, "active", b.status.Get("status").Code)
		require.Empty(t, b.status.Get("notification-event").Part)
	}
	require.Empty(t, k.ofType(t, quiet.endpoint, "heartbeat"))
}

func (k *kit) unsupported(t *testing.T) {
	for name, test := range map[string]struct {
		bad     func(*wish)
		element string
	}{
		"topic":            {func(w *wish) { w.topic = "https://carillon-fhir.github.io/topics/unknown" }, "Subscription.criteria"},
		"version of topic": {func(w *wish) { w.topic += "|99.0.0" }, "Subscription.criteria"},
		"filter":           {func(w *wish) { w.filter = "Patient.unsupported=1" }, "Subscription.criteria"},
		"type of filter":   {func(w *wish) { w.filter = "Encounter?patient=Patient/123" }, "Subscription.criteria"},
		"channel":          {func(w *wish) { w.channel = "carrier-pigeon" }, "Subscription.channel.type"},
		"other channel":    {func(w *wish) { w.channel = "sms" }, "Subscription.channel.type"},
		"endpoint":         {func(w *wish) { w.endpoint = "ftp://files.example.org/inbox" }, "Subscription.channel.endpoint"},
		"payload":          {func(w *wish) { w.payload = "application/unsupported" }, "Subscription.channel.payload"},
		"payload version":  {func(w *wish) { w.payload += "; fhirVersion=2.0" }, "Subscription.channel.payload"},
		"content":          {func(w *wish) { w.content = "everything" }, "Subscription.channel.payload"},
		"channel, payload": {func(w *wish) { w.channel, w.payload = "email", "text/plain" }, "Subscription.channel"},
	} {
		t.Run(name, func(t *testing.T) {
			w := k.wish(t, "empty")
			test.bad(&w)
			status, _, raw := k.call(t, "POST", "/Subscription", w.subscription())
			require.Contains(t, []int{http.StatusBadRequest, http.StatusUnprocessableEntity}, status, string(raw))
			for _, issue := range issues(t, raw) {
				require.Equal(t, "error", issue.Severity)
				require.Len(t, issue.Expression, 1)
				require.True(t, strings.HasPrefix(issue.Expression[0], test.element), issue.Expression[0])
			}
		})
	}
}

func (k *kit) crossVersion(t *testing.T) {
	w := k.wish(t, "empty")
	w.topic, w.filter = encounterStart, "Encounter.patient=Patient/123"
	w.filterURL = "http://hl7.org/fhir/5.0/subscriptions-backport/StructureDefinition/backport-filter-criteria"
	status, _, raw := k.call(t, "POST", "/Subscription", w.subscription())
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Len(t, issues(t, raw), 1)
}

// samples subscribes with the Subscriptions that the kit's documentation has, for
// another topic and endpoint, and expects notifications shaped like its fixtures.
func (k *kit) samples(t *testing.T) {
	dir := filepath.Join(shared.Dir(t), "spec", "inferno")
	fixture := func(file string) []string {
		raw, err := os.ReadFile(filepath.Join(dir, "fixtures", file+"_bundle_example.json"))
		require.NoError(t, err)
		_, s := notificationOf(t, raw)
		return names(s)
	}
	for content, file := range map[string]string{
		"empty": "empty_notification", "id-only": "id_only_notification", "full-resource": "full_resource_notification",
	} {
		t.Run(content, func(t *testing.T) {
			w := k.wish(t, content)
			status, _, answer := k.call(t, "POST", "/Subscription", sample(t, filepath.Join(dir, "samples", "Subscription_"+content+".json"), w.endpoint))
			require.Equal(t, http.StatusCreated, status, string(answer))
			k.awaitActive(t, decode[stored](t, answer).ID)
			status, _, _ = k.call(t, "POST", "/Encounter", `{"resourceType":"Encounter","status":"in-progress","class":{"code":"AMB"},"subject":{"reference":"Patient/123"}}`)
			require.Equal(t, http.StatusCreated, status)
			require.Equal(t, fixture("handshake"), names(k.received(t, w.endpoint, "handshake", 1).status))
			event := k.received(t, w.endpoint, "event-notification", 1)
			require.Equal(t, fixture(file), names(event.status))
			require.Equal(t, "Bearer SAMPLE_TOKEN", event.header.Get("Authorization"))
		})
	}
	t.Run("a channel of its own", func(t *testing.T) {
		status, _, answer := k.call(t, "POST", "/Subscription", sample(t, filepath.Join(dir, "fixtures", "subscription_resource_example.json"), k.endpoint))
		require.Equal(t, http.StatusUnprocessableEntity, status, "ACC-09")
		require.Equal(t, []issue{{"error", []string{"Subscription.channel.type"}}}, issues(t, answer))
	})
}

// sample reads a Subscription of the kit and gives it a topic and an endpoint that
// exist, and an end that is to come.
func sample(t *testing.T, file, endpoint string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	s := decode[map[string]any](t, raw)
	s["criteria"] = encounterStart
	s["end"] = time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	s["channel"].(map[string]any)["endpoint"] = endpoint
	raw, _ = json.Marshal(s) // it was JSON
	return string(raw)
}

// names lists parameters and their parts, but for the topic, which is left to the
// server below full-resource.
func names(parameters []parameter) (all []string) {
	for _, p := range parameters {
		if p.Name != "topic" {
			all = append(append(all, p.Name), names(p.Part)...)
		}
	}
	return all
}
