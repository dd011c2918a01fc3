//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/examples/server/fhirserver"
	"github.com/carillon-fhir/carillon/examples/server/servertest"
	"github.com/carillon-fhir/carillon/internal/invariant"
	"github.com/carillon-fhir/carillon/notification"
)

// proxied is a proxy process before an upstream, its clients and its subscriber.
type proxied struct {
	t          *testing.T
	upstream   string
	base       string
	flags      []string
	process    *exec.Cmd
	subscriber *httptest.Server
	checker    invariant.Checker

	mu      sync.Mutex
	acked   int
	events  map[int64]invariant.Focus // by number
	methods map[int64]string
}

func newProxied(t *testing.T, upstream string, flags ...string) *proxied {
	p := &proxied{t: t, upstream: upstream, events: map[int64]invariant.Focus{}, methods: map[int64]string{}}
	p.subscriber = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil { // else the sender was killed in the middle
			if err := p.receive(body); err != nil {
				t.Error(err)
			}
		}
	}))
	t.Cleanup(p.subscriber.Close)
	address := freeAddress(t)
	p.base = "http://" + address + "/fhir"
	p.flags = append([]string{
		"-addr", address, "-upstream", upstream, "-store", "sqlite:" + filepath.Join(t.TempDir(), "proxy.db"), "-insecure-allow-all",
		"-allow-private", "-retry", "100ms,200ms,500ms" + strings.Repeat(",1s", 20),
	}, flags...)
	p.start()
	t.Cleanup(p.kill)
	return p
}

func (p *proxied) receive(body []byte) error {
	n, err := notification.Parse(body)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range n.Events {
		p.events[e.Number], p.methods[e.Number] = invariant.FocusOf(e), e.Focus.Method
	}
	return p.checker.Receive("one", body)
}

// inOrder requires that the versions of each resource, where they are numbers, have come in
// their order.
func (p *proxied) inOrder() {
	last := map[string]int{}
	for _, number := range slices.Sorted(maps.Keys(p.events)) {
		focus := p.events[number]
		if v, err := strconv.Atoi(focus.Version); err == nil {
			require.Equal(p.t, last[focus.Reference]+1, v, "versions are in order")
			last[focus.Reference] = v
		}
	}
}

func (p *proxied) start() { _, p.process = start(p.t, p.flags...) }

func (p *proxied) kill() {
	_ = p.process.Process.Kill()
	_ = p.process.Wait() // "signal: killed"
}

var client = http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// call makes a request; 0 is the status of one that got no answer.
func call(method, at, body string, headers ...string) (int, []byte) {
	r, err := http.NewRequest(method, at, strings.NewReader(body))
	if err != nil {
		return 0, nil
	}
	r.Header.Set("Content-Type", "application/fhir+json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := client.Do(r)
	if err != nil {
		return 0, nil
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, nil
	}
	return res.StatusCode, raw
}

// subscribe makes a Subscription to all Patients and waits until it is active.
func (p *proxied) subscribe() {
	const backport = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
	status, raw := call("PUT", p.base+"/Subscription/one", fmt.Sprintf(`{"resourceType":"Subscription","id":"one","status":"requested","reason":"test",
		"criteria":"https://carillon-fhir.github.io/topics/patient-change",
		"channel":{"type":"rest-hook","endpoint":"%s/","payload":"application/fhir+json","extension":[{"url":"%[2]sbackport-max-count","valuePositiveInt":10}],
		"_payload":{"extension":[{"url":"%[2]sbackport-payload-content","valueCode":"full-resource"}]}}}`, p.subscriber.URL, backport))
	require.Equal(p.t, http.StatusCreated, status, string(raw))
	require.Eventually(p.t, func() bool {
		_, raw := call("GET", p.base+"/Subscription?status=active&_count=0", "")
		return bytes.Contains(raw, []byte(`"total":1`))
	}, 20*time.Second, 10*time.Millisecond)
}

// versionsOf reads ids and versions of what an answer holds.
type resource struct {
	ResourceType, ID string
	Meta             struct{ VersionID string }
}

// write makes a change in one of several ways, and reports whether it was acknowledged.
func (p *proxied) write(n int) bool {
	id := fmt.Sprint("p", rand.IntN(20))
	body := fmt.Sprintf(`{"resourceType":"Patient","id":%q,"multipleBirthInteger":%d}`, id, n)
	method, url := "PUT", "/Patient/"+id
	switch rand.IntN(4) {
	case 0:
		method, url, body = "POST", "/Patient", fmt.Sprintf(`{"resourceType":"Patient","multipleBirthInteger":%d}`, n)
	case 1:
		method, url = "POST", ""
		body = fmt.Sprintf(`{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"PUT","url":"Patient/%s"},"resource":%s},{"request":{"method":"POST","url":"Patient"},"resource":{"resourceType":"Patient","multipleBirthInteger":%d}}]}`, id, body, n)
	}
	status, raw := call(method, p.base+url, body)
	if status != http.StatusOK && status != http.StatusCreated {
		return false
	}
	var answer struct {
		resource
		Entry []struct{ Resource resource }
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		p.t.Error(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.acked++
	if url == "" {
		p.acked++
	}
	return true
}

// load has writers write until the function that it returns is called.
func (p *proxied) load(writers int) (stop func()) {
	ctx, cancel := context.WithCancel(p.t.Context())
	var ended sync.WaitGroup
	for w := range writers {
		ended.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				if !p.write(w*1_000_000 + i) {
					pause(ctx, 5*time.Millisecond) // nobody is there
				}
			}
		})
	}
	return func() {
		cancel()
		ended.Wait()
	}
}

// pause lets the load run; it does not wait for anything to happen.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// committed reads every version of every Patient from the upstream itself.
func (p *proxied) committed() map[invariant.Focus]bool {
	all := map[invariant.Focus]bool{}
	read := func(at string, f func(resource)) {
		for at != "" {
			var bundle struct {
				Link  []struct{ Relation, URL string }
				Entry []struct{ Resource resource }
			}
			status, raw := call("GET", at, "")
			require.Equal(p.t, http.StatusOK, status)
			require.NoError(p.t, json.Unmarshal(raw, &bundle))
			for _, e := range bundle.Entry {
				f(e.Resource)
			}
			at = ""
			for _, l := range bundle.Link {
				if l.Relation == "next" {
					at = l.URL
				}
			}
		}
	}
	read(p.upstream+"/Patient?_count=100000", func(r resource) {
		read(p.upstream+"/Patient/"+r.ID+"/_history?_count=1000", func(past resource) {
			all[invariant.Focus{Reference: "Patient/" + past.ID, Version: past.Meta.VersionID}] = true
		})
	})
	return all
}

// upstreams are those that the tests of this file need.
var upstreams = map[string]func(*testing.T) string{
	"medplum":    router,
	"fhirserver": func(t *testing.T) string { return servertest.Start(t, fhirserver.Config{}) },
	"fhirserver without the history of everything": func(t *testing.T) string {
		base, err := url.Parse(servertest.Start(t, fhirserver.Config{}))
		require.NoError(t, err)
		through := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = base.Scheme, base.Host }}
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if segments := strings.Split(strings.Trim(r.URL.Path, "/"), "/"); len(segments) < 4 && segments[len(segments)-1] == "_history" {
				http.NotFound(w, r)
				return
			}
			through.ServeHTTP(w, r)
		}))
		t.Cleanup(web.Close)
		return web.URL + base.Path
	},
}

// TestKilledProxyLosesNothing kills the proxy at random moments while clients write through
// it. Whatever the upstream has in the end was committed by it while the proxy ran, whether
// or not a client heard of it: all of it must have arrived, in order, once or repeated after
// a kill, under numbers that never change (docs/delivery-rows.md C2).
func TestKilledProxyLosesNothing(t *testing.T) {
	for name, upstream := range upstreams {
		t.Run(name, func(t *testing.T) {
			p := newProxied(t, upstream(t))
			p.subscribe()
			stop := p.load(4)
			kills := 8
			if text := os.Getenv("CARILLON_KILLS"); text != "" { // for a soak
				n, err := strconv.Atoi(text)
				require.NoError(t, err)
				kills = n
			}
			for range kills {
				pause(t.Context(), 100*time.Millisecond+rand.N(400*time.Millisecond))
				p.kill()
				p.checker.Excuse(10) // a batch may be sent once more
				p.start()
			}
			pause(t.Context(), 200*time.Millisecond)
			stop()
			committed := p.committed()
			for focus := range committed {
				p.checker.Expect("one", focus)
			}
			if !assert.Eventually(t, p.checker.Complete, time.Minute+time.Duration(len(committed))*20*time.Millisecond, 50*time.Millisecond) {
				t.Fatal(p.checker.Report())
			}
			report := p.checker.Report()
			t.Logf("proxy before %s: kills=%d acknowledged=%d committed=%d %v", name, kills, p.acked, len(committed), report)
			require.NoError(t, report.Err())
			require.NotZero(t, p.acked)
			p.inOrder()
			require.GreaterOrEqual(t, len(committed), p.acked)
		})
	}
}
