//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestMedplum: every kind of write through the proxy before a real server, and around it
// while the proxy is not there as far as that server offers it (UUIDs for
// versions, 200 for a PUT that creates, entries of a transaction each with its own status,
// no history of everything).
func TestMedplum(t *testing.T) {
	p := newProxied(t, router(t))
	status, raw := call("GET", p.base+"/metadata", "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, string(raw), "capabilitystatement-subscriptiontopic-canonical")
	p.subscribe()
	patient := func(id, gender string) string {
		return fmt.Sprintf(`{"resourceType":"Patient","id":%q,"gender":%q,"identifier":[{"system":"urn:x","value":%[1]q}]}`, id, gender)
	}
	create := func(gender, value string) string {
		return fmt.Sprintf(`{"resourceType":"Patient","gender":%q,"identifier":[{"system":"urn:x","value":%q}]}`, gender, value)
	}
	created := func(raw []byte) string {
		var r resource
		require.NoError(t, json.Unmarshal(raw, &r))
		require.NotEmpty(t, r.ID)
		return "Patient/" + r.ID
	}
	var want []string
	did := func(method, reference string) { want = append(want, method+" "+reference) }
	expect := func(status int, method, url, body string, headers ...string) []byte {
		t.Helper()
		got, raw := call(method, p.base+url, body, headers...)
		require.Equal(t, status, got, string(raw))
		return raw
	}

	did("POST", created(expect(201, "POST", "/Patient", create("male", "a"))))
	expect(200, "POST", "/Patient", create("male", "a"), "If-None-Exist", "identifier=urn:x|a")
	did("POST", created(expect(201, "POST", "/Patient", create("male", "b"), "If-None-Exist", "identifier=urn:x|b")))
	expect(200, "PUT", "/Patient/p", patient("p", "male")) // which creates
	did("PUT", "Patient/p")
	expect(200, "PUT", "/Patient/p", patient("p", "female"), "Prefer", "return=minimal")
	did("PUT", "Patient/p")
	expect(412, "PUT", "/Patient/p", patient("p", "male"), "If-Match", `W/"0b0b0b0b-0000-4000-8000-000000000000"`)
	expect(200, "PATCH", "/Patient/p", `[{"op":"replace","path":"/gender","value":"other"}]`, "Content-Type", "application/json-patch+json")
	did("PATCH", "Patient/p")
	expect(200, "PUT", "/Patient?identifier=urn:x|p", patient("p", "unknown"))
	did("PUT", "Patient/p")
	expect(400, "PUT", "/Patient/other", patient("p", "male"))

	raw = expect(200, "POST", "", `{"resourceType":"Bundle","type":"transaction","entry":[
		{"request":{"method":"POST","url":"Patient"},"resource":`+create("male", "c")+`},
		{"request":{"method":"PUT","url":"Patient/p"},"resource":`+patient("q", "male")+`},
		{"request":{"method":"POST","url":"Device"},"resource":{"resourceType":"Device"}},
		{"request":{"method":"PUT","url":"Patient/p"},"resource":`+patient("p", "male")+`}]}`)
	var answer struct {
		Entry []struct {
			Response struct{ Status, Location string }
		}
	}
	require.NoError(t, json.Unmarshal(raw, &answer))
	require.Equal(t, "400", answer.Entry[1].Response.Status, "it commits in part")
	did("POST", answer.Entry[0].Response.Location)
	did("PUT", "Patient/p")

	expect(200, "DELETE", "/Patient/p", "")
	did("DELETE", "Patient/p")
	expect(404, "DELETE", "/Patient/p", "")
	expect(200, "DELETE", "/Patient?identifier=urn:x|c", "")
	did("DELETE", answer.Entry[0].Response.Location)
	expect(200, "DELETE", "/Patient?identifier=urn:x|nobody", "")
	expect(201, "POST", "/Observation", `{"resourceType":"Observation","status":"final","code":{}}`) // fires no topic

	require.Eventually(t, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.events) >= len(want)
	}, 30*time.Second, 10*time.Millisecond)
	require.NoError(t, p.process.Process.Signal(syscall.SIGTERM))
	require.NoError(t, p.process.Wait(), "it drains and exits 0")
	var got []string
	for _, number := range slices.Sorted(maps.Keys(p.events)) {
		got = append(got, p.methods[number]+" "+p.events[number].Reference)
	}
	require.Equal(t, want, got)
	t.Logf("proxy before @medplum/fhir-router: events=%d %s", len(got), strings.Join(got[:3], ", "))
}
