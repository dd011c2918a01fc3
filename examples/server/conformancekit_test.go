package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	guide          = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
	patientChange  = "https://carillon-fhir.github.io/topics/patient-change"
	encounterStart = "https://carillon-fhir.github.io/topics/encounter-start"
	patience       = 10 * time.Second
	fhirJSON       = "application/fhir+json"
)

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
