package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/carillon-fhir/carillon/examples/host"
	"github.com/carillon-fhir/carillon/examples/server/fhirserver"
	"github.com/carillon-fhir/carillon/examples/server/servertest"
	"github.com/carillon-fhir/carillon/fhirpath"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const topic = "https://carillon-fhir.github.io/topics/encounter-start"

func encounter(r fhirpath.Release, status string) string {
	class := `{"code":"AMB"}`
	if r == fhirpath.R5 {
		class = `[{"coding":[{"code":"AMB"}]}]`
	}
	return `{"resourceType":"Encounter","id":"e1","status":"` + status + `","class":` + class + `,"subject":{"reference":"Patient/p1"}}`
}

// Each command, on each release, as somebody at a terminal would use them.
func TestCommands(t *testing.T) {
	for _, r := range []fhirpath.Release{fhirpath.R4, fhirpath.R4B, fhirpath.R5} {
		t.Run(r.String(), func(t *testing.T) {
			base := servertest.Start(t, fhirserver.Config{Config: host.Config{Release: r, AllowPrivate: true}})
			arrived := make(chan struct{}, 10)
			endpoint := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived <- struct{}{} }))
			defer endpoint.Close()
			subctl := func(want int, args ...string) string {
				var out, problems bytes.Buffer
				code := run(t.Context(), append([]string{"-server", base}, args...), &out, &problems)
				require.Equal(t, want, code, out.String()+problems.String())
				return out.String() + problems.String()
			}
			require.Contains(t, subctl(0, "topics"), topic)

			created := subctl(0, "create", "-topic", topic, "-filter", "Encounter?patient=Patient/p1", "-content", "full-resource",
				"-endpoint", endpoint.URL+"/secret", "-header", "X-Secret: hush", "-heartbeat", "60")
			require.Contains(t, created, "active")
			require.NotContains(t, created, "secret", "the path of an endpoint may be one")
			id := regexp.MustCompile(`(?m)^(\S+)\s+active`).FindStringSubmatch(created)[1]

			put(t, base, encounter(r, "in-progress"))
			<-arrived // the handshake
			<-arrived
			require.Regexp(t, id+`\s+active\s+1\s`, subctl(0, "status", id))
			require.Regexp(t, `(?m)^1\s+\S+\s+Encounter/e1\s+PUT`, subctl(0, "events", id))
			require.Regexp(t, `(?m)^1\s+\S+\s+-\s+-\s+0$`, subctl(0, "events", "-content", "empty", id))
			require.Contains(t, subctl(0, "list", "-status", "active"), id)
			require.NotContains(t, subctl(0, "list", "-status", "off"), id)

			dir := t.TempDir()
			after, before := filepath.Join(dir, "after.json"), filepath.Join(dir, "before.json")
			require.NoError(t, os.WriteFile(after, []byte(encounter(r, "in-progress")), 0o600))
			require.NoError(t, os.WriteFile(before, []byte(encounter(r, "planned")), 0o600))
			require.Regexp(t, `notifies\s+true`, subctl(0, "explain", "-resource", after, "-previous", before, id))
			require.Regexp(t, `fires\s+false`, subctl(exitFailing, "explain", "-resource", after, "-previous", after, id))

			var bundle struct{ ResourceType string }
			require.NoError(t, json.Unmarshal([]byte(subctl(0, "-json", "status", id)), &bundle))
			require.Equal(t, "Bundle", bundle.ResourceType)

			subctl(0, "delete", id)
			require.Contains(t, subctl(exitRefused, "events", id), "404")
			require.Contains(t, subctl(exitRefused, "status", id), "unknown")
			require.Contains(t, subctl(exitRefused, "create", "-topic", "https://none.example/t", "-endpoint", endpoint.URL), "Subscription.")
		})
	}
}

// A handshake that fails shows in the exit code.
func TestCreateTellsOfAFailingEndpoint(t *testing.T) {
	base := servertest.Start(t, fhirserver.Config{Config: host.Config{AllowPrivate: true}})
	endpoint := httptest.NewServer(http.NotFoundHandler())
	defer endpoint.Close()
	var out bytes.Buffer
	require.Equal(t, exitFailing, run(t.Context(), []string{"-server", base, "create", "-topic", topic, "-endpoint", endpoint.URL, "-wait", "2m"}, &out, &out))
	require.Contains(t, out.String(), "error")
}

func put(t *testing.T, base, resource string) {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, base+"/Encounter/e1", strings.NewReader(resource))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/fhir+json")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, 2, resp.StatusCode/100)
}

// lines is an output that others may look at while it is written.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
	more chan struct{}
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.more <- struct{}{}:
	default:
	}
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// listen prints what arrives, ends after -count, and takes its Subscription back.
func TestListen(t *testing.T) {
	base := servertest.Start(t, fhirserver.Config{Config: host.Config{AllowPrivate: true}})
	out := &lines{more: make(chan struct{}, 1)}
	ended := make(chan int, 1)
	go func() {
		ended <- run(t.Context(), []string{"-server", base, "listen", "-topic", topic, "-count", "1"}, out, out)
	}()
	<-out.more // it has subscribed
	put(t, base, encounter(fhirpath.R4, "in-progress"))
	require.Zero(t, <-ended, out.String())
	require.Regexp(t, `(?m)^1  \S+  Encounter/e1  0 bytes$`, out.String())
	var rest bytes.Buffer
	require.Zero(t, run(t.Context(), []string{"-server", base, "list"}, &rest, &rest))
	require.Equal(t, strings.Join(strings.Fields(rowHead), "  ")+"\n", rest.String())
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		{}, {"unknown"}, {"-unknown"}, {"status", "-unknown"}, {"create"}, {"events"}, {"events", "a", "b"}, {"events", "a/b"},
		{"-header", "no colon", "list"}, {"listen"},
	} {
		var out bytes.Buffer
		require.Equal(t, exitUsage, run(t.Context(), args, &out, &out), args)
		require.Contains(t, out.String(), "usage:")
	}
	var out bytes.Buffer
	require.Zero(t, run(t.Context(), []string{"create", "-h"}, &out, &out))
	require.Equal(t, exitRefused, run(t.Context(), []string{"-server", "http://127.0.0.1:1", "list"}, &out, &out))
}

// R5 has elements for what R4 writes as one text.
func TestFilterBy(t *testing.T) {
	list, err := filterBy("Encounter?patient=Patient/1&code:in=http%3A%2F%2Fx")
	require.NoError(t, err)
	require.Equal(t, []any{
		map[string]any{"resourceType": "Encounter", "filterParameter": "patient", "value": "Patient/1"},
		map[string]any{"resourceType": "Encounter", "filterParameter": "code", "modifier": "in", "value": "http://x"},
	}, list)
	_, err = filterBy("patient")
	require.Error(t, err)
}
