package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/examples/host"
	"github.com/carillon-fhir/carillon/examples/server/fhirserver"
	"github.com/carillon-fhir/carillon/examples/server/servertest"
	"github.com/carillon-fhir/carillon/fhirpath"
)

func small(url string) config {
	return config{url: url, topic: "https://carillon-fhir.github.io/topics/lab-result", release: "R4", listen: "127.0.0.1:0", unfiltered: []int{1, 5}, filtered: 10, clients: 4, notifications: 40, patience: time.Minute}
}

// TestOnTheExampleServer: of both releases' forms.
func TestOnTheExampleServer(t *testing.T) {
	for _, release := range []fhirpath.Release{fhirpath.R4, fhirpath.R5} {
		t.Run(release.String(), func(t *testing.T) {
			url := servertest.Start(t, fhirserver.Config{Config: host.Config{Store: "memory", AllowPrivate: true, Release: release, Lease: time.Minute, MinHeartbeat: time.Second}})
			c := small(url)
			c.release = release.String()
			all, err := run(context.Background(), c)
			require.NoError(t, err)
			require.Len(t, all, 3)
			for i, n := range []int{1, 5, 10} {
				f := all[i]
				require.Equal(t, n, f.Subscriptions)
				require.Equal(t, n == 10, f.Filtered)
				require.Positive(t, f.PerSecond)
				require.Positive(t, f.Subscribing)
				require.LessOrEqual(t, f.P50, f.P99)
				require.Zero(t, f.Repeated)
			}
			left, err := http.Get(url + "/Subscription?_summary=count")
			require.NoError(t, err)
			defer left.Body.Close()
			body, err := io.ReadAll(left.Body)
			require.NoError(t, err)
			require.Regexp(t, `"total": ?0`, string(body), "what was made is deleted")
		})
	}
}

// faulty is a server that knows endpoints and posts every Observation to each, but for
// what it gets wrong.
type faulty struct {
	mu        sync.Mutex
	endpoints []string
	posted    int
	times     func(n int) int // how often the n-th notification is sent
}

var endpointOf = regexp.MustCompile(`"endpoint":"([^"]*)"`)

func (f *faulty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	defer f.mu.Unlock()
	w.Header().Set("Location", fmt.Sprintf("http://example.org/fhir/X/%d/_history/1", len(f.endpoints)))
	if found := endpointOf.FindSubmatch(body); found != nil {
		f.endpoints = append(f.endpoints, string(found[1]))
		go post(string(found[1]), []byte("{}")) // the handshake
	} else if r.Method == http.MethodPost {
		for _, endpoint := range f.endpoints {
			f.posted++
			for range f.times(f.posted) {
				go post(endpoint, body)
			}
		}
	} else {
		f.endpoints = nil
	}
}

func post(url string, body []byte) {
	if response, err := http.Post(url, "application/fhir+json", bytes.NewReader(body)); err == nil {
		response.Body.Close()
	}
}

func TestWhatAServerGetsWrong(t *testing.T) {
	run := func(times func(int) int) ([]Figures, error) {
		server := httptest.NewServer(&faulty{times: times})
		defer server.Close()
		c := small(server.URL)
		c.filtered, c.unfiltered, c.patience = 0, []int{2}, 2*time.Second
		return run(context.Background(), c)
	}
	_, err := run(func(n int) int {
		if n == 7 {
			return 0
		}
		return 1
	})
	require.ErrorContains(t, err, "39 of 40 notifications came")
	all, err := run(func(n int) int {
		if n == 7 {
			return 3
		}
		return 1
	})
	require.NoError(t, err)
	require.Equal(t, 2, all[0].Repeated)
}

func TestARefusalIsTold(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"resourceType":"OperationOutcome"}`, http.StatusUnprocessableEntity)
	}))
	defer server.Close()
	_, err := run(context.Background(), small(server.URL))
	require.ErrorContains(t, err, "422")
	require.ErrorContains(t, err, "OperationOutcome")
}

func TestResources(t *testing.T) {
	for _, release := range []string{"R4", "R5"} {
		c := small("")
		c.release = release
		for _, patient := range []string{"", "p1"} {
			doc, err := fhirpath.Parse(c.subscription("http://a/1", patient))
			require.NoError(t, err)
			require.Equal(t, patient != "", strings.Contains(string(doc.Root().Raw()), "Patient/p1"))
		}
	}
	raw := observation(42, "p1")
	_, err := fhirpath.Parse(raw)
	require.NoError(t, err)
	_, after, found := bytes.Cut(raw, []byte(mark))
	require.True(t, found)
	require.Equal(t, 42, leadingNumber(after))
	require.InDelta(t, 1000, len(raw), 200)
	_, err = fhirpath.Parse([]byte(topicR4))
	require.NoError(t, err)
}

func TestIDOf(t *testing.T) {
	for location, want := range map[string]string{
		"http://a/fhir/Subscription/7/_history/1": "7", "Subscription/7": "7", "": "",
	} {
		require.Equal(t, want, idOf(location))
	}
}
