package workbench_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/examples/playground/clienthost"
	"github.com/carillon-fhir/carillon/examples/playground/remote"
	"github.com/carillon-fhir/carillon/examples/playground/workbench"
	"github.com/carillon-fhir/carillon/fhirpath"
)

// Names that lead here from elsewhere, and other sites' pages, get nothing (C8, C11).
func TestGuard(t *testing.T) {
	served := workbench.Guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	for _, tc := range []struct {
		name, method, host string
		header             []string
		status             int
	}{
		{"curl", "POST", "127.0.0.1:8090", nil, 200},
		{"localhost", "GET", "localhost:8090", nil, 200},
		{"another port, by a tunnel", "GET", "LOCALHOST:9999", nil, 200},
		{"IPv6", "GET", "[::1]:8090", nil, 200},
		{"a name that was bent to lead here", "GET", "evil.example.org:8090", nil, 421},
		{"one that looks like it", "GET", "127.0.0.1.evil.example.org", nil, 421},
		{"no name", "GET", "", nil, 421},
		{"any address", "GET", "0.0.0.0:8090", nil, 421},
		{"the page itself", "POST", "127.0.0.1:8090", []string{"Sec-Fetch-Site", "same-origin", "Origin", "http://127.0.0.1:8090"}, 200},
		{"typed in", "GET", "127.0.0.1:8090", []string{"Sec-Fetch-Site", "none"}, 200},
		{"another site", "POST", "127.0.0.1:8090", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example.org"}, 403},
		{"another site reads", "GET", "127.0.0.1:8090", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, 403},
		{"another port of this machine", "POST", "127.0.0.1:8090", []string{"Sec-Fetch-Site", "same-site", "Origin", "http://127.0.0.1:3000"}, 403},
		{"an old browser", "POST", "127.0.0.1:8090", []string{"Origin", "https://evil.example.org"}, 403},
		{"a sandbox", "POST", "127.0.0.1:8090", []string{"Origin", "null"}, 403},
		{"a link on another site", "GET", "127.0.0.1:8090", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 200},
		{"a frame on another site", "GET", "127.0.0.1:8090", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, 403},
		{"a form on another site", "POST", "127.0.0.1:8090", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 403},
	} {
		r := httptest.NewRequest(tc.method, "/api/state", nil)
		r.Host = tc.host
		for i := 0; i < len(tc.header); i += 2 {
			r.Header.Set(tc.header[i], tc.header[i+1])
		}
		w := httptest.NewRecorder()
		served.ServeHTTP(w, r)
		require.Equal(t, tc.status, w.Code, tc.name)
	}
}

// What can't be asked, is not.
func TestRequestsStayBelowTheBase(t *testing.T) {
	w := newWorld(t, fhirpath.R4)
	for _, r := range []remote.Request{
		{Method: "TRACE", Path: "Patient"}, {Method: "GET", Path: "/Patient"}, {Method: "GET", Path: "../secret"}, {Method: "GET", Path: "Patient/%2e%2e/%2E%2e/x"},
		{Method: "GET", Path: "//evil.example.org/x"}, {Method: "GET", Path: "Patient//x"}, {Method: "GET", Path: "Patient\\..\\x"}, {Method: "GET", Path: "Patient#x"},
		{Method: "GET", Path: "Patient", Headers: map[string]string{"Authorization": "x"}}, {Method: "GET", Path: "Patient", Headers: map[string]string{"Host": "x"}},
		{Method: "GET", Path: "Patient", Headers: map[string]string{"Prefer": "x\r\nHost: y"}}, {Method: "GET", Path: "Patient\r\nHost: x"},
	} {
		w.refused(http.MethodPost, "request", r)
	}
	require.Empty(t, w.state().Requests)
	for _, base := range []string{"ftp://example.org", "fhir.example.org", "https://u:p@example.org", "https://example.org/?x", "https://", "https://example.org/#x"} {
		w.refused(http.MethodPut, "server", map[string]string{"base": base})
	}
	w.refused(http.MethodPut, "server", map[string]string{"base": w.base, "authorization": "a\r\nb: c"})
	require.True(t, w.state().Server.BuiltIn, "it is still that")
	for _, c := range []workbench.Changes{{Template: "war", Count: 1}, {Template: "patient-new"}, {Template: "patient-new", Count: 1001}, {Template: "patient-new", Count: 1, PerSecond: -1}, {Template: "patient-new", Count: 1, PerSecond: 101}} {
		w.refused(http.MethodPost, "changes", c)
	}
	w.refused(http.MethodPost, "group", map[string]int{"size": 0})
	w.refused(http.MethodPost, "endpoints", map[string]string{"channel": "sms"})
	require.Equal(t, http.StatusBadRequest, w.call(http.MethodPost, "compose", "no object", nil))
	resp, err := http.Post(w.page+"/api/endpoints", "text/plain", strings.NewReader(`{"channel":"rest-hook"}`))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusUnsupportedMediaType, resp.StatusCode, "what a form of another site could send")
}

// A server that leads elsewhere is not followed, and one that is no FHIR server is said to
// be none; the authorization goes to the base only.
func TestAnotherServer(t *testing.T) {
	w := newWorld(t, fhirpath.R4)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer elsewhere.Close()
	other := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer t" {
			t.Error("no authorization")
		}
		switch r.URL.Path {
		case "/r4/metadata":
			_, _ = rw.Write([]byte(`{"resourceType":"CapabilityStatement","fhirVersion":"4.0.1","rest":[{"resource":[{"type":"Subscription","interaction":[{"code":"create"}],
				"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/capabilitystatement-subscriptiontopic-canonical","valueCanonical":"https://example.org/topics/x|1"}]}]}]}`))
		case "/r4/SubscriptionTopic":
			_, _ = rw.Write([]byte(`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"SubscriptionTopic"}}]}`))
		default:
			http.Redirect(rw, r, elsewhere.URL, http.StatusFound)
		}
	}))
	defer other.Close()
	var capability remote.Capability
	w.done(http.MethodPut, "server", map[string]string{"base": other.URL + "/r4/", "authorization": "Bearer t"}, &capability)
	require.Equal(t, []string{"https://example.org/topics/x|1"}, capability.Topics)
	s := w.state()
	require.Equal(t, workbench.Server{Base: other.URL + "/r4", Authorization: true}, s.Server, "neither built in nor able to reach endpoints")
	var topics []remote.Topic
	w.done(http.MethodGet, "topics", nil, &topics)
	require.Equal(t, []remote.Topic{{URL: "https://example.org/topics/x|1", Title: "x|1"}}, topics)
	var exchange remote.Exchange
	w.done(http.MethodPost, "request", remote.Request{Method: http.MethodGet, Path: "Patient"}, &exchange)
	require.Equal(t, http.StatusFound, exchange.Status)

	gone := httptest.NewServer(nil)
	gone.Close()
	require.Equal(t, "the server does not answer", w.refused(http.MethodPut, "server", map[string]string{"base": gone.URL}))
	w.done(http.MethodPut, "server", map[string]string{}, nil)
	require.True(t, w.state().Server.BuiltIn)
	require.Len(t, w.state().Requests, 1, "those of another server are not shown with these")
	var e clienthost.Endpoint
	w.done(http.MethodPost, "endpoints", map[string]string{"channel": clienthost.RestHook}, &e)
}
