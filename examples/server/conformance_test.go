package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/shared"
)

const (
	guide          = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
	patientChange  = "https://carillon-fhir.github.io/topics/patient-change"
	encounterStart = "https://carillon-fhir.github.io/topics/encounter-start"
	patience       = 10 * time.Second
	fhirJSON       = "application/fhir+json"
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

// kit is a tester: the server's client and its subscriber in one.
type kit struct {
	base     string
	endpoint string
	client   http.Client

	mu     sync.Mutex
	posted map[string][]posted // by path, in the order of arrival
}

// posted is what arrived at an endpoint; Entry and status are its notification's.
type posted struct {
	header http.Header
	raw    []byte
	bundle
	status statusResource
}

func newKit(t *testing.T, store string) *kit {
	k := &kit{posted: map[string][]posted{}, client: http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}}
	subscriber := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body) // what is cut off fails as invalid
		k.mu.Lock()
		defer k.mu.Unlock()
		k.posted[r.URL.RequestURI()] = append(k.posted[r.URL.RequestURI()], posted{header: r.Header, raw: raw})
	}))
	t.Cleanup(subscriber.Close)
	k.endpoint = subscriber.URL
	var server *exec.Cmd
	k.base, server = start(t, "-store", store, "-allow-private", "-min-heartbeat", "1s", "-retry", "1s,2s")
	t.Cleanup(func() {
		require.NoError(t, server.Process.Signal(syscall.SIGTERM))
		require.NoError(t, server.Wait())
	})
	return k
}

// call makes a request and returns status, header and body.
func (k *kit) call(t *testing.T, method, path, body string) (int, http.Header, []byte) {
	t.Helper()
	r, err := http.NewRequest(method, k.base+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", fhirJSON)
	r.Header.Set("Accept", fhirJSON)
	res, err := k.client.Do(r)
	require.NoError(t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, res.Header, raw
}

// wish is what a tester wants to be told; the zero value of a field leaves it out.
type wish struct {
	topic, filter, content, channel, payload, endpoint string
	headers                                            []string
	heartbeat                                          int
	filterURL                                          string // of the extension that holds the filter
}

// subscription is the resource as the kit's tester writes it.
func (w wish) subscription() string {
	type object map[string]any
	extension := func(url, valueType string, value any) object {
		return object{"extension": []object{{"url": url, valueType: value}}}
	}
	channel := object{}
	if w.heartbeat > 0 {
		channel = extension(guide+"backport-heartbeat-period", "valueUnsignedInt", w.heartbeat)
	}
	channel["type"], channel["endpoint"], channel["payload"] = w.channel, w.endpoint, w.payload
	channel["_payload"] = extension(guide+"backport-payload-content", "valueCode", w.content)
	if len(w.headers) > 0 {
		channel["header"] = w.headers
	}
	resource := object{
		"resourceType": "Subscription", "meta": object{"profile": []string{guide + "backport-subscription"}},
		"status": "requested", "reason": "a conformance check", "criteria": w.topic, "channel": channel,
	}
	if w.filter != "" {
		resource["_criteria"] = extension(w.filterURL, "valueString", w.filter)
	}
	raw, _ := json.Marshal(resource) // strings and numbers: it cannot fail
	return string(raw)
}

// wish returns a wish that the server can fulfil, at an endpoint of the test's own.
func (k *kit) wish(t *testing.T, content string) wish {
	return wish{
		topic: patientChange, filterURL: guide + "backport-filter-criteria", content: content, payload: fhirJSON,
		channel: "rest-hook", endpoint: k.endpoint + "/" + strings.ReplaceAll(t.Name(), "/", "-"),
	}
}

// subscribe creates the Subscription and waits until it is active.
func (k *kit) subscribe(t *testing.T, w wish) (id string) {
	t.Helper()
	status, _, raw := k.call(t, "POST", "/Subscription", w.subscription())
	require.Equal(t, http.StatusCreated, status, string(raw))
	id = decode[stored](t, raw).ID
	k.awaitActive(t, id)
	return id
}

func (k *kit) awaitActive(t *testing.T, id string) {
	t.Helper()
	require.Eventually(t, func() bool {
		_, _, raw := k.call(t, "GET", "/Subscription/"+id, "")
		return decode[stored](t, raw).Status == "active"
	}, patience, 5*time.Millisecond)
}

// received waits for the nth notification of a type at the endpoint, from 1.
func (k *kit) received(t *testing.T, endpoint, kind string, n int) posted {
	t.Helper()
	require.Eventually(t, func() bool { return len(k.ofType(t, endpoint, kind)) >= n }, patience, 5*time.Millisecond, "%s %d", kind, n)
	return k.ofType(t, endpoint, kind)[n-1]
}

func (k *kit) ofType(t *testing.T, endpoint, kind string) (all []posted) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, p := range k.posted[strings.TrimPrefix(endpoint, k.endpoint)] {
		if p.bundle, p.status = notificationOf(t, p.raw); p.status.Get("type").Code == kind {
			all = append(all, p)
		}
	}
	return all
}

// write creates a Patient and changes it, which is two events of patient-change.
func (k *kit) write(t *testing.T) (reference string) {
	t.Helper()
	status, _, raw := k.call(t, "POST", "/Patient", `{"resourceType":"Patient","gender":"other"}`)
	require.Equal(t, http.StatusCreated, status)
	reference = "Patient/" + decode[stored](t, raw).ID
	status, _, _ = k.call(t, "PUT", "/"+reference, fmt.Sprintf(`{"resourceType":"Patient","id":%q,"gender":"female"}`, path.Base(reference)))
	require.Equal(t, http.StatusOK, status)
	return k.base + "/" + reference
}

// The parts of resources that the checks look at.
type (
	stored struct{ ResourceType, ID, Status string }
	bundle struct {
		ResourceType, ID, Type, Timestamp string
		Entry                             []entry
	}
	entry struct {
		FullURL  string
		Resource json.RawMessage
		Search   *struct{ Mode string }
		Request  *struct{ Method, URL string }
		Response *struct{ Status string }
	}
	issue struct {
		Severity   string
		Expression []string
	}
)

func decode[T any](t *testing.T, raw []byte) (v T) {
	t.Helper()
	require.NoError(t, json.Unmarshal(raw, &v), string(raw))
	return v
}

func issues(t *testing.T, raw []byte) []issue {
	t.Helper()
	outcome := decode[struct {
		ResourceType string
		Issue        []issue
	}](t, raw)
	require.Equal(t, "OperationOutcome", outcome.ResourceType)
	require.NotEmpty(t, outcome.Issue)
	return outcome.Issue
}

// parameter is Parameters.parameter with the types of value that the profile
// backport-subscription-status-r4 has; others do not decode.
type parameter struct {
	Name            string                            `json:"name"`
	Reference       *struct{ Reference, Type string } `json:"valueReference,omitempty"`
	Canonical       string                            `json:"valueCanonical,omitempty"`
	Code            string                            `json:"valueCode,omitempty"`
	String          string                            `json:"valueString,omitempty"`
	Instant         string                            `json:"valueInstant,omitempty"`
	CodeableConcept any                               `json:"valueCodeableConcept,omitempty"`
	Part            []parameter                       `json:"part,omitempty"`
}

type statusResource []parameter

// Get returns the first parameter of that name, or an empty one.
func (s statusResource) Get(name string) parameter {
	if i := slices.IndexFunc(s, func(p parameter) bool { return p.Name == name }); i >= 0 {
		return s[i]
	}
	return parameter{}
}

// A slice of the profile is which value a parameter has, and how often it is there:
// once, once at most, or as often as you like (STS-01, STS-02).
var (
	statusSlices = map[string]string{
		"subscription": "valueReference 1", "topic": "valueCanonical ?", "status": "valueCode 1", "type": "valueCode 1",
		"events-since-subscription-start": "valueString ?", "notification-event": "part *", "error": "valueCodeableConcept *",
	}
	eventSlices = map[string]string{
		"event-number": "valueString 1", "timestamp": "valueInstant ?", "focus": "valueReference ?", "additional-context": "valueReference *",
	}
)

func requireSlices(t *testing.T, parameters []parameter, slices map[string]string) {
	t.Helper()
	seen := map[string]int{}
	for _, p := range parameters {
		raw, err := json.Marshal(p)
		require.NoError(t, err)
		value, _, ok := strings.Cut(slices[p.Name], " ")
		require.True(t, ok, p.Name)
		members := decode[map[string]json.RawMessage](t, raw)
		require.Contains(t, members, value, p.Name)
		require.Len(t, members, 2, p.Name)
		seen[p.Name]++
	}
	for name, s := range slices {
		require.True(t, seen[name] == 1 || seen[name] == 0 && s[len(s)-1] != '1' || s[len(s)-1] == '*', name)
	}
}

// statusOf reads the first entry and validates it against the profile (PROF-04).
func statusOf(t *testing.T, b bundle) statusResource {
	t.Helper()
	require.NotEmpty(t, b.Entry)
	var s struct {
		ResourceType, ID string
		Meta             any
		Parameter        statusResource
	}
	d := json.NewDecoder(bytes.NewReader(b.Entry[0].Resource))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&s))
	require.Equal(t, "Parameters", s.ResourceType)
	requireSlices(t, s.Parameter, statusSlices)
	for _, p := range s.Parameter {
		if p.Name == "notification-event" {
			requireSlices(t, p.Part, eventSlices)
			require.Regexp(t, `^[1-9]\d*$`, statusResource(p.Part).Get("event-number").String)
		}
	}
	require.Regexp(t, `^(requested|active|error|off)$`, s.Parameter.Get("status").Code)
	require.Regexp(t, `^(handshake|heartbeat|event-notification|query-status|query-event)$`, s.Parameter.Get("type").Code)
	require.Regexp(t, `^\d+$`, s.Parameter.Get("events-since-subscription-start").String)
	return s.Parameter
}

// notificationOf reads a notification and validates what holds for each of them
// (BND-01 to BND-05, BND-09, BND-11).
func notificationOf(t *testing.T, raw []byte) (bundle, statusResource) {
	t.Helper()
	b := decode[bundle](t, raw)
	require.Equal(t, "Bundle", b.ResourceType)
	require.Equal(t, "history", b.Type)
	require.Regexp(t, `^[A-Za-z0-9.-]{1,64}$`, b.ID)
	require.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$`, b.Timestamp)
	for i, e := range b.Entry {
		require.True(t, e.Request != nil && e.Request.Method != "" && e.Request.URL != "", "bdl-3")
		require.True(t, e.Response != nil && e.Response.Status >= "200" && e.Response.Status < "300", "bdl-4")
		require.Nil(t, e.Search, "bdl-2")
		require.NotContains(t, e.FullURL, "/_history/", "bdl-8")
		require.Regexp(t, `^(urn:uuid:|https?://)`, e.FullURL)
		require.Equal(t, i == 0, len(e.Resource) > 0 && decode[stored](t, e.Resource).ResourceType == "Parameters")
	}
	return b, statusOf(t, b)
}

// foci returns the notification's references of the given kind, from each event.
func foci(s statusResource, kind string) (all []string) {
	for _, event := range s {
		for _, p := range event.Part {
			if p.Name == kind {
				all = append(all, p.Reference.Reference)
			}
		}
	}
	return all
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
