package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
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
// R5 Backport guide, STU 1.1 on R4 (spec.md section 19), against the process.
func TestConformance(t *testing.T) {
	k := newKit(t)
	t.Run("INF-01 the CapabilityStatement shows profile and topics", k.capability)
	t.Run("INF-02 a create is answered by 201 and a requested Subscription", k.created)
	t.Run("INF-03 the handshake says requested", k.handshake)
	t.Run("INF-04 every entry has request and response", k.requests)
	t.Run("INF-05 headers and content type arrive", k.headers)
	t.Run("INF-06 an event notification says active", k.event)
	t.Run("INF-07 empty", k.empty)
	t.Run("INF-08 id-only", k.idOnly)
	t.Run("INF-09 full-resource", k.fullResource)
	t.Run("INF-10 $status", k.status)
	t.Run("INF-11 heartbeats if asked for", k.heartbeats)
	t.Run("INF-12 unsupported values are refused or replaced", k.unsupported)
	t.Run("INF-13 cross-version extensions are refused", k.crossVersion)
	t.Run("the kit's own Subscriptions", k.samples)
}

// kit is a tester: the server's client and its subscriber in one.
type kit struct {
	base     string
	endpoint string
	client   http.Client

	mu     sync.Mutex
	posted map[string][]posted // by path, in the order of arrival
}

// posted is what arrived at an endpoint.
type posted struct {
	header http.Header
	raw    []byte
}

func newKit(t *testing.T) *kit {
	k := &kit{posted: map[string][]posted{}}
	k.client = http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	subscriber := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		k.mu.Lock()
		defer k.mu.Unlock()
		k.posted[r.URL.RequestURI()] = append(k.posted[r.URL.RequestURI()], posted{r.Header, raw})
	}))
	t.Cleanup(subscriber.Close)
	k.endpoint = subscriber.URL
	base, server := start(t, "-store", "sqlite:"+filepath.Join(t.TempDir(), "fhir.db"), "-allow-private", "-min-heartbeat", "1s", "-retry", "1s,2s")
	t.Cleanup(func() {
		require.NoError(t, server.Process.Signal(syscall.SIGTERM))
		require.NoError(t, server.Wait())
	})
	k.base = base
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
	criteria                                           []extension // others than the filter
}

type extension struct {
	URL         string `json:"url"`
	ValueString string `json:"valueString,omitempty"`
	ValueCode   string `json:"valueCode,omitempty"`
	ValueUint   int    `json:"valueUnsignedInt,omitempty"`
}

// subscription is the resource as the kit's tester writes it.
func (w wish) subscription() string {
	if w.filter != "" {
		w.criteria = append(w.criteria, extension{URL: guide + "backport-filter-criteria", ValueString: w.filter})
	}
	channel := map[string]any{
		"type": w.channel, "endpoint": w.endpoint, "header": w.headers, "payload": w.payload,
		"_payload": map[string]any{"extension": []extension{{URL: guide + "backport-payload-content", ValueCode: w.content}}},
	}
	if len(w.headers) == 0 {
		delete(channel, "header")
	}
	if w.heartbeat > 0 {
		channel["extension"] = []extension{{URL: guide + "backport-heartbeat-period", ValueUint: w.heartbeat}}
	}
	resource := map[string]any{
		"resourceType": "Subscription", "status": "requested", "reason": "a conformance check",
		"meta":     map[string]any{"profile": []string{guide + "backport-subscription"}},
		"criteria": w.topic, "channel": channel,
	}
	if len(w.criteria) > 0 {
		resource["_criteria"] = map[string]any{"extension": w.criteria}
	}
	raw, _ := json.Marshal(resource)
	return string(raw)
}

// wish returns a wish that the server can fulfil, at an endpoint of the test's own.
func (k *kit) wish(t *testing.T, content string) wish {
	endpoint := k.endpoint + "/" + strings.NewReplacer("/", "-", "$", "-").Replace(t.Name())
	return wish{topic: patientChange, content: content, channel: "rest-hook", payload: fhirJSON, endpoint: endpoint}
}

// subscribe creates the Subscription and waits until it is active.
func (k *kit) subscribe(t *testing.T, w wish) (id string) {
	t.Helper()
	status, _, raw := k.call(t, "POST", "/Subscription", w.subscription())
	require.Equal(t, http.StatusCreated, status, string(raw))
	id = decode[stored](t, raw).ID
	require.NotEmpty(t, id)
	k.awaitStatus(t, id, "active")
	return id
}

func (k *kit) awaitStatus(t *testing.T, id, want string) {
	t.Helper()
	require.Eventually(t, func() bool {
		status, _, raw := k.call(t, "GET", "/Subscription/"+id, "")
		return status == http.StatusOK && decode[stored](t, raw).Status == want
	}, patience, 5*time.Millisecond)
}

// received waits for the nth notification of a type at the endpoint, from 1.
func (k *kit) received(t *testing.T, endpoint, kind string, n int) posted {
	t.Helper()
	var found posted
	require.Eventually(t, func() bool {
		of := k.ofType(t, endpoint, kind)
		if len(of) < n {
			return false
		}
		found = of[n-1]
		return true
	}, patience, 5*time.Millisecond, "%s %d", kind, n)
	return found
}

func (k *kit) ofType(t *testing.T, endpoint, kind string) (all []posted) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, p := range k.posted[strings.TrimPrefix(endpoint, k.endpoint)] {
		if statusOf(t, notificationOf(t, p.raw)).Get("type").Code == kind {
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
	stored struct {
		ResourceType string `json:"resourceType"`
		ID           string `json:"id"`
		Status       string `json:"status"`
	}
	bundle struct {
		ResourceType string  `json:"resourceType"`
		ID           string  `json:"id"`
		Type         string  `json:"type"`
		Timestamp    string  `json:"timestamp"`
		Entry        []entry `json:"entry"`
	}
	entry struct {
		FullURL  string                        `json:"fullUrl"`
		Resource json.RawMessage               `json:"resource"`
		Search   *struct{ Mode string }        `json:"search"`
		Request  *struct{ Method, URL string } `json:"request"`
		Response *struct{ Status string }      `json:"response"`
	}
	outcome struct {
		ResourceType string `json:"resourceType"`
		Issue        []struct {
			Severity, Code string
			Expression     []string
		}
	}
)

func decode[T any](t *testing.T, raw []byte) (v T) {
	t.Helper()
	require.NoError(t, json.Unmarshal(raw, &v), string(raw))
	return v
}

// parameter is Parameters.parameter with the types of value that the profile
// backport-subscription-status-r4 has; others do not decode.
type parameter struct {
	Name            string      `json:"name"`
	Reference       *reference  `json:"valueReference,omitempty"`
	Canonical       string      `json:"valueCanonical,omitempty"`
	Code            string      `json:"valueCode,omitempty"`
	String          string      `json:"valueString,omitempty"`
	Instant         string      `json:"valueInstant,omitempty"`
	CodeableConcept any         `json:"valueCodeableConcept,omitempty"`
	Part            []parameter `json:"part,omitempty"`
}

type reference struct {
	Reference string `json:"reference"`
	Type      string `json:"type,omitempty"`
}

type statusResource []parameter

// Get returns the first parameter of that name, or an empty one.
func (s statusResource) Get(name string) parameter {
	if i := slices.IndexFunc(s, func(p parameter) bool { return p.Name == name }); i >= 0 {
		return s[i]
	}
	return parameter{}
}

// slice is a row of the profile's slicing: which value a parameter has, and how often
// it is there (spec.md STS-01, STS-02).
type slice struct {
	value    string
	min, max int
}

const many = 1 << 20

var (
	statusSlices = map[string]slice{
		"subscription": {"valueReference", 1, 1}, "topic": {"valueCanonical", 0, 1}, "status": {"valueCode", 1, 1},
		"type": {"valueCode", 1, 1}, "events-since-subscription-start": {"valueString", 0, 1},
		"notification-event": {"part", 0, many}, "error": {"valueCodeableConcept", 0, many},
	}
	eventSlices = map[string]slice{
		"event-number": {"valueString", 1, 1}, "timestamp": {"valueInstant", 0, 1},
		"focus": {"valueReference", 0, 1}, "additional-context": {"valueReference", 0, many},
	}
)

func requireSlices(t *testing.T, of []parameter, slices map[string]slice) {
	t.Helper()
	seen := map[string]int{}
	for _, p := range of {
		raw, err := json.Marshal(p)
		require.NoError(t, err)
		members := decode[map[string]json.RawMessage](t, raw)
		want, ok := slices[p.Name]
		require.True(t, ok, p.Name)
		require.Contains(t, members, want.value, p.Name)
		require.Len(t, members, 2, p.Name)
		seen[p.Name]++
	}
	for name, s := range slices {
		require.GreaterOrEqual(t, seen[name], s.min, name)
		require.LessOrEqual(t, seen[name], s.max, name)
	}
}

// statusOf reads the first entry and validates it against the profile (PROF-04).
func statusOf(t *testing.T, b bundle) statusResource {
	t.Helper()
	require.NotEmpty(t, b.Entry)
	var s struct {
		ResourceType string         `json:"resourceType"`
		ID           string         `json:"id"`
		Meta         any            `json:"meta"`
		Parameter    statusResource `json:"parameter"`
	}
	d := json.NewDecoder(bytes.NewReader(b.Entry[0].Resource))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&s), string(b.Entry[0].Resource))
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
// (spec.md BND-01 to BND-05, BND-09, BND-11).
func notificationOf(t *testing.T, raw []byte) bundle {
	t.Helper()
	b := decode[bundle](t, raw)
	require.Equal(t, "Bundle", b.ResourceType)
	require.Equal(t, "history", b.Type)
	require.Regexp(t, `^[A-Za-z0-9.-]{1,64}$`, b.ID)
	_, err := time.Parse(time.RFC3339Nano, b.Timestamp)
	require.NoError(t, err)
	statusOf(t, b)
	for i, e := range b.Entry {
		require.NotNil(t, e.Request, "bdl-3")
		require.NotEmpty(t, e.Request.Method)
		require.NotEmpty(t, e.Request.URL)
		require.NotNil(t, e.Response, "bdl-4")
		require.Regexp(t, `^2\d\d`, e.Response.Status)
		require.Nil(t, e.Search, "bdl-2")
		require.NotContains(t, e.FullURL, "/_history/", "bdl-8")
		require.Regexp(t, `^(urn:uuid:|https?://)`, e.FullURL)
		require.Equal(t, i == 0, len(e.Resource) > 0 && decode[stored](t, e.Resource).ResourceType == "Parameters")
	}
	return b
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
	type resource struct {
		Type             string
		SupportedProfile []string
		Extension        []struct{ URL, ValueCanonical string }
	}
	statement := decode[struct {
		Rest []struct{ Resource []resource }
	}](t, raw)
	require.Len(t, statement.Rest, 1)
	i := slices.IndexFunc(statement.Rest[0].Resource, func(r resource) bool { return r.Type == "Subscription" })
	require.GreaterOrEqual(t, i, 0)
	require.Contains(t, statement.Rest[0].Resource[i].SupportedProfile, guide+"backport-subscription")
	var topics []string
	for _, e := range statement.Rest[0].Resource[i].Extension {
		if e.URL == guide+"capabilitystatement-subscriptiontopic-canonical" {
			topics = append(topics, e.ValueCanonical)
		}
	}
	require.Contains(t, topics, patientChange)
	require.Contains(t, topics, encounterStart)
}

func (k *kit) created(t *testing.T) {
	status, header, raw := k.call(t, "POST", "/Subscription", k.wish(t, "empty").subscription())
	require.Equal(t, http.StatusCreated, status, string(raw))
	s := decode[stored](t, raw)
	require.Equal(t, "Subscription", s.ResourceType)
	require.Equal(t, "requested", s.Status)
	require.Contains(t, header.Get("Location"), k.base+"/Subscription/"+s.ID)
	k.awaitStatus(t, s.ID, "active")
}

func (k *kit) handshake(t *testing.T) {
	w := k.wish(t, "id-only")
	k.subscribe(t, w)
	b := notificationOf(t, k.received(t, w.endpoint, "handshake", 1).raw)
	require.Len(t, b.Entry, 1)
	require.Equal(t, "requested", statusOf(t, b).Get("status").Code)
	require.Equal(t, "0", statusOf(t, b).Get("events-since-subscription-start").String)
	require.Empty(t, statusOf(t, b).Get("notification-event").Part)
}

func (k *kit) requests(t *testing.T) {
	w := k.wish(t, "full-resource")
	id := k.subscribe(t, w)
	k.write(t)
	for _, kind := range []string{"handshake", "event-notification"} {
		b := notificationOf(t, k.received(t, w.endpoint, kind, 1).raw) // bdl-3 and bdl-4 on every entry
		require.Equal(t, "GET", b.Entry[0].Request.Method)
		require.True(t, strings.HasSuffix(b.Entry[0].Request.URL, "Subscription/"+id+"/$status"))
		require.True(t, strings.HasSuffix(statusOf(t, b).Get("subscription").Reference.Reference, "Subscription/"+id))
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
		s := statusOf(t, notificationOf(t, k.received(t, w.endpoint, "event-notification", n).raw))
		require.Equal(t, "active", s.Get("status").Code)
		require.Equal(t, fmt.Sprint(n), statusResource(s.Get("notification-event").Part).Get("event-number").String)
		require.Equal(t, fmt.Sprint(n), s.Get("events-since-subscription-start").String)
	}
}

func (k *kit) empty(t *testing.T) {
	w := k.wish(t, "empty")
	k.subscribe(t, w)
	k.write(t)
	b := notificationOf(t, k.received(t, w.endpoint, "event-notification", 1).raw)
	require.Len(t, b.Entry, 1)
	require.NotEmpty(t, statusOf(t, b).Get("notification-event").Part, "PAY-03")
	require.Empty(t, foci(statusOf(t, b), "focus"))
	require.Empty(t, foci(statusOf(t, b), "additional-context"))
	require.Empty(t, statusOf(t, b).Get("topic").Canonical, "PAY-05")
}

func (k *kit) idOnly(t *testing.T) {
	w := k.wish(t, "id-only")
	k.subscribe(t, w)
	patient := k.write(t)
	for n := 1; n <= 2; n++ {
		b := notificationOf(t, k.received(t, w.endpoint, "event-notification", n).raw)
		require.Equal(t, []string{patient}, foci(statusOf(t, b), "focus"))
		for _, e := range b.Entry[1:] {
			require.NotEmpty(t, e.FullURL)
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
	b := notificationOf(t, k.received(t, w.endpoint, "event-notification", 1).raw)
	s := statusOf(t, b)
	require.Equal(t, encounterStart, s.Get("topic").Canonical, "PAY-05")
	require.Len(t, foci(s, "focus"), 1)
	for _, reference := range append(foci(s, "focus"), foci(s, "additional-context")...) {
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
	patient := k.write(t)
	k.received(t, w.endpoint, "event-notification", 2)
	operation := "/Subscription/" + id + "/$status"
	for method, body := range map[string]string{"GET": "", "POST": `{"resourceType":"Parameters"}`} {
		status, _, raw := k.call(t, method, operation, body)
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
	status, _, raw := k.call(t, "GET", "/Subscription/"+id+"/$events?eventsSinceNumber=2&eventsUntilNumber=2", "")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, []string{patient}, foci(statusOf(t, notificationOf(t, raw)), "focus"))
}

func (k *kit) heartbeats(t *testing.T) {
	quiet := k.wish(t, "empty")
	k.subscribe(t, quiet)
	asked := quiet
	asked.endpoint, asked.heartbeat = quiet.endpoint+"-asked", 1
	k.subscribe(t, asked)
	for n := 1; n <= 2; n++ {
		b := notificationOf(t, k.received(t, asked.endpoint, "heartbeat", n).raw)
		require.Len(t, b.Entry, 1)
		require.Equal(t, "active", statusOf(t, b).Get("status").Code)
		require.Empty(t, statusOf(t, b).Get("notification-event").Part)
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
			o := decode[outcome](t, raw)
			require.Equal(t, "OperationOutcome", o.ResourceType)
			require.NotEmpty(t, o.Issue)
			for _, issue := range o.Issue {
				require.Equal(t, "error", issue.Severity)
				require.Len(t, issue.Expression, 1)
				require.True(t, strings.HasPrefix(issue.Expression[0], test.element), issue.Expression[0])
			}
		})
	}
}

func (k *kit) crossVersion(t *testing.T) {
	const url = "http://hl7.org/fhir/5.0/subscriptions-backport/StructureDefinition/backport-filter-criteria"
	w := k.wish(t, "empty")
	w.topic, w.criteria = encounterStart, []extension{{URL: url, ValueString: "Encounter.patient=Patient/123"}}
	status, _, raw := k.call(t, "POST", "/Subscription", w.subscription())
	require.Equal(t, http.StatusUnprocessableEntity, status, string(raw))
	require.Equal(t, "OperationOutcome", decode[outcome](t, raw).ResourceType)
}

// samples subscribes with the Subscriptions that the kit's documentation has, for
// another topic and endpoint, and expects notifications shaped like its fixtures.
func (k *kit) samples(t *testing.T) {
	dir := filepath.Join(shared.Dir(t), "spec", "inferno")
	for content, fixture := range map[string]string{
		"empty": "empty_notification_bundle_example.json", "id-only": "id_only_notification_bundle_example.json",
		"full-resource": "full_resource_notification_bundle_example.json",
	} {
		t.Run(content, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join(dir, "samples", "Subscription_"+content+".json"))
			require.NoError(t, err)
			w := k.wish(t, content)
			sample := decode[map[string]any](t, raw)
			sample["criteria"] = encounterStart
			sample["end"] = time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
			sample["channel"].(map[string]any)["endpoint"] = w.endpoint
			raw, err = json.Marshal(sample)
			require.NoError(t, err)
			status, _, answer := k.call(t, "POST", "/Subscription", string(raw))
			require.Equal(t, http.StatusCreated, status, string(answer))
			k.awaitStatus(t, decode[stored](t, answer).ID, "active")
			status, _, _ = k.call(t, "POST", "/Encounter", `{"resourceType":"Encounter","status":"in-progress","class":{"code":"AMB"},"subject":{"reference":"Patient/123"}}`)
			require.Equal(t, http.StatusCreated, status)

			k.requireNames(t, filepath.Join(dir, "fixtures", "handshake_bundle_example.json"), k.received(t, w.endpoint, "handshake", 1))
			event := k.received(t, w.endpoint, "event-notification", 1)
			k.requireNames(t, filepath.Join(dir, "fixtures", fixture), event)
			require.Equal(t, "Bearer SAMPLE_TOKEN", event.header.Get("Authorization"))
		})
	}
	t.Run("a channel of its own", func(t *testing.T) {
		raw, err := os.ReadFile(filepath.Join(dir, "fixtures", "subscription_resource_example.json"))
		require.NoError(t, err)
		sample := decode[map[string]any](t, raw)
		sample["criteria"] = encounterStart
		delete(sample, "end") // it has passed
		raw, err = json.Marshal(sample)
		require.NoError(t, err)
		status, _, answer := k.call(t, "POST", "/Subscription", string(raw))
		require.Equal(t, http.StatusUnprocessableEntity, status, "ACC-09")
		o := decode[outcome](t, answer)
		require.Len(t, o.Issue, 1)
		require.Equal(t, []string{"Subscription.channel.type"}, o.Issue[0].Expression)
	})
}

// requireNames holds that the notification has the parameters of the fixture, but for
// the topic, which is left to the server below full-resource.
func (k *kit) requireNames(t *testing.T, fixture string, p posted) {
	t.Helper()
	raw, err := os.ReadFile(fixture)
	require.NoError(t, err)
	names := func(raw []byte) (all []string) {
		for _, p := range statusOf(t, notificationOf(t, raw)) {
			for _, part := range p.Part {
				all = append(all, p.Name+"."+part.Name)
			}
			if p.Name != "topic" && len(p.Part) == 0 {
				all = append(all, p.Name)
			}
		}
		return all
	}
	require.Equal(t, names(raw), names(p.raw))
}
