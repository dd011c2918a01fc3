package workbench_test

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/examples/playground/clienthost"
	"github.com/carillon-fhir/carillon/examples/playground/feed"
	"github.com/carillon-fhir/carillon/examples/playground/remote"
	"github.com/carillon-fhir/carillon/examples/playground/workbench"
	"github.com/carillon-fhir/carillon/examples/server/fhirserver"
	"github.com/carillon-fhir/carillon/examples/server/servertest"
	"github.com/carillon-fhir/carillon/fhirpath"
)

// patience is how long anything may take on a machine that is busy.
const patience = time.Minute

// world is a workbench for a real server, with real endpoints.
type world struct {
	*testing.T
	base, page string
	events     *feed.Log
}

func newWorld(t *testing.T, release fhirpath.Release, retry ...time.Duration) *world {
	events := feed.New(10_000, 64<<20)
	hooks := httptest.NewUnstartedServer(nil)
	host := clienthost.New(clienthost.Config{URL: "http://" + hooks.Listener.Addr().String(), Feed: events})
	hooks.Config.Handler = host
	hooks.Start()
	t.Cleanup(hooks.Close)
	t.Cleanup(host.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	post, ended := host.MailServer(), make(chan struct{})
	go func() { defer close(ended); _ = post.Serve(listener) }()
	t.Cleanup(func() { _ = post.Close(); <-ended })
	var cfg fhirserver.Config
	cfg.Release, cfg.AllowPrivate, cfg.Retry, cfg.Mail.Server = release, true, retry, listener.Addr().String()
	base := servertest.Start(t, cfg)
	bench, err := workbench.New(workbench.Config{BuiltIn: base, Host: host, Feed: events})
	require.NoError(t, err)
	page := httptest.NewServer(workbench.Guard(bench))
	t.Cleanup(page.Close)
	t.Cleanup(bench.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return &world{t, base, page.URL, events}
}

// call uses the API; out takes the answer.
func (w *world) call(method, path string, in, out any) int {
	w.Helper()
	body, err := json.Marshal(in)
	require.NoError(w, err)
	if in == nil {
		body = nil
	}
	req, err := http.NewRequestWithContext(w.Context(), method, w.page+"/api/"+path, bytes.NewReader(body))
	require.NoError(w, err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(w, err)
	defer resp.Body.Close()
	if out != nil {
		require.NoError(w, json.NewDecoder(resp.Body).Decode(out))
	}
	return resp.StatusCode
}

// done is a call that must succeed.
func (w *world) done(method, path string, in, out any) {
	w.Helper()
	require.Equal(w, http.StatusOK, w.call(method, path, in, out), path)
}

// refused is one that must not.
func (w *world) refused(method, path string, in any) string {
	w.Helper()
	var out struct{ Error string }
	require.Equal(w, http.StatusUnprocessableEntity, w.call(method, path, in, &out), path)
	require.NotEmpty(w, out.Error)
	return out.Error
}

type state struct {
	Server        workbench.Server
	Subscriptions []workbench.Subscription
	Endpoints     []clienthost.Endpoint
	Arrivals      []clienthost.Arrival
	Requests      []remote.Exchange
	Changes       *workbench.Progress
	People        workbench.People
	Last          int64
}

func (w *world) state() (s state) {
	w.Helper()
	w.done(http.MethodGet, "state", nil, &s)
	return s
}

// until waits for the state to be so.
func (w *world) until(test func(s state) bool) state {
	w.Helper()
	deadline := time.After(patience)
	for {
		_, _, changed := w.events.Since(w.events.Last())
		if s := w.state(); test(s) {
			return s
		}
		select {
		case <-changed:
		case <-deadline:
			require.Fail(w, "it did not come to be")
		}
	}
}

// watch follows the feed as a page does, so that statuses are looked at.
func (w *world) watch() {
	req, err := http.NewRequestWithContext(w.Context(), http.MethodGet, w.page+"/api/feed?since=0", nil)
	require.NoError(w, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(w, err)
	require.Equal(w, "text/event-stream", resp.Header.Get("Content-Type"))
	w.Cleanup(func() { _ = resp.Body.Close() })
}

// subscribe makes an endpoint and a Subscription for it.
func (w *world) subscribe(channel string, form map[string]any) (e clienthost.Endpoint, id string) {
	w.Helper()
	w.done(http.MethodPost, "endpoints", map[string]string{"channel": channel}, &e)
	form["channel"], form["endpoint"] = channel, e.Address
	var composed struct{ Resource string }
	w.done(http.MethodPost, "compose", form, &composed)
	var exchange remote.Exchange
	w.done(http.MethodPost, "request", remote.Request{Method: http.MethodPost, Path: "Subscription", Body: composed.Resource, Why: "Subscribe"}, &exchange)
	require.Equal(w, http.StatusCreated, exchange.Status, exchange.Answer)
	var created struct{ ID string }
	require.NoError(w, json.Unmarshal([]byte(exchange.Answer), &created))
	return e, created.ID
}

func (w *world) active(id string) {
	w.Helper()
	w.until(func(s state) bool { return s.status(id) == "active" })
}

func (s state) status(id string) string {
	for _, sub := range s.Subscriptions {
		if sub.ID == id {
			return sub.Status
		}
	}
	return ""
}

// numbers are those that arrived at an endpoint, in order.
func (s state) numbers(e clienthost.Endpoint) (list []int64) {
	for _, a := range s.Arrivals {
		for _, event := range a.Events {
			if a.Endpoint == e.Key && a.Taken && !event.Duplicate {
				list = append(list, event.Number)
			}
		}
	}
	return list
}

func (w *world) change(template string, count int, patient string) {
	w.Helper()
	w.done(http.MethodPost, "changes", workbench.Changes{Template: template, Count: count, Patient: patient}, nil)
	w.until(func(s state) bool { return s.Changes == nil })
}

const encounterStart = "https://carillon-fhir.github.io/topics/encounter-start"
