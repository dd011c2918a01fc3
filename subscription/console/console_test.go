package console_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/subscription/console"
	"github.com/carillon-fhir/carillon/topic"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	patients      = "https://topics.example.org/patient"
	patientsTopic = `{"resourceType":"SubscriptionTopic","url":"` + patients + `","version":"1.0.0","title":"Patients","status":"active",
		"resourceTrigger":[{"resource":"Patient"}],"canFilterBy":[{"resource":"Patient","filterParameter":"_id"},{"resource":"Patient","filterParameter":"gender"}]}`
	backport = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
)

// peer is a channel whose endpoints do what the test says.
type peer struct {
	mu     sync.Mutex
	answer func(endpoint string, handshake bool) error
	got    map[string]int
}

func (*peer) Type() string                                     { return "rest-hook" }
func (*peer) Check(context.Context, subscription.Target) error { return nil }
func (p *peer) Send(_ context.Context, t subscription.Target, m subscription.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.got == nil {
		p.got = map[string]int{}
	}
	if p.answer != nil {
		if err := p.answer(t.Endpoint, m.Notification.Type == "handshake"); err != nil {
			return err
		}
	}
	p.got[t.Subscription] += len(m.Notification.Events)
	return nil
}

func (p *peer) received(id string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.got[id]
}

// answered is an endpoint's refusal.
type answered struct{ error }

func (answered) SubscriptionError() string { return "error-response" }

// world is a host with an engine, whose console is at /ops/console/.
type world struct {
	*subscription.Engine
	t    *testing.T
	peer *peer
	page http.Handler
}

func newWorld(t *testing.T, cfg console.Config, edits ...func(*subscription.Config)) *world {
	w := &world{t: t, peer: &peer{}}
	parsed, err := topic.Parse([]byte(patientsTopic))
	require.NoError(t, err)
	cfg.Traffic = new(console.Traffic)
	config := subscription.Config{
		Release: subscription.R4, BaseURL: "https://fhir.example.org/r4", Store: memory.New(), Node: "n1",
		Channels: []subscription.Channel{w.peer}, Topics: []*topic.Topic{parsed}, Authorizer: subscription.InsecureAllowAll{},
		Observer: cfg.Traffic, Retry: []time.Duration{time.Second, time.Minute, time.Hour},
	}
	for _, edit := range edits {
		edit(&config)
	}
	w.Engine, err = subscription.New(config)
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle("/ops/console/", console.New(w.Engine, cfg))
	w.page = mux
	return w
}

// run runs the engine until the test ends.
func (w *world) run() {
	ctx, stop := context.WithCancel(w.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	w.t.Cleanup(func() {
		stop()
		require.NoError(w.t, <-ended)
	})
}

// subscribe creates a Subscription in a tenant and lets the engine work.
func (w *world) subscribe(tenant, endpoint, filter string, header ...string) string {
	w.t.Helper()
	id := w.create(tenant, endpoint, filter, header...)
	time.Sleep(time.Second)
	return id
}

func (w *world) create(tenant, endpoint, filter string, header ...string) string {
	w.t.Helper()
	s := map[string]any{
		"resourceType": "Subscription", "status": "requested", "reason": "test", "criteria": patients,
		"meta": map[string]any{"profile": []string{backport + "backport-subscription"}},
		"channel": map[string]any{
			"type": "rest-hook", "endpoint": endpoint, "payload": "application/fhir+json",
			"_payload": map[string]any{"extension": []any{map[string]any{"url": backport + "backport-payload-content", "valueCode": "full-resource"}}},
		},
	}
	if len(header) > 0 {
		s["channel"].(map[string]any)["header"] = header
	}
	if filter != "" {
		s["_criteria"] = map[string]any{"extension": []any{map[string]any{"url": backport + "backport-filter-criteria", "valueString": filter}}}
	}
	raw, err := json.Marshal(s)
	require.NoError(w.t, err)
	stored, err := w.Create(w.t.Context(), tenant, raw)
	require.NoError(w.t, err)
	return stored.ID
}

// change records a change of a Patient and lets the engine work.
func (w *world) change(tenant, id string) {
	w.t.Helper()
	require.NoError(w.t, w.OnResourceChange(w.t.Context(), subscription.ResourceChange{
		Tenant: tenant, Interaction: subscription.Create,
		Resource: json.RawMessage(`{"resourceType":"Patient","id":"` + id + `","gender":"female","name":[{"family":"` + id + `"}]}`),
	}))
	time.Sleep(100 * time.Millisecond)
}

func (w *world) status(tenant, id string) (subscription.Status, string) {
	o, _, err := w.Overview(w.t.Context(), tenant, id)
	require.NoError(w.t, err)
	return o.Status, o.Error
}

// ask sends a request to a page of the console and returns the answer.
func (w *world) ask(method, page string, form url.Values, header ...string) (*http.Response, string) {
	w.t.Helper()
	return ask(w.t, w.page, method, "/ops/console/"+page, form, header...)
}

func ask(t *testing.T, h http.Handler, method, path string, form url.Values, header ...string) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec.Result(), rec.Body.String()
}

// look gets a page that there must be.
func (w *world) look(page string) string {
	w.t.Helper()
	res, body := w.ask("GET", page, nil)
	require.Equal(w.t, 200, res.StatusCode, "%s: %s", page, body)
	return body
}

func of(tenant, id string) url.Values { return url.Values{"tenant": {tenant}, "id": {id}} }

func everything(*http.Request, console.Action, string, string) bool { return true }

var pages = []string{"", "subscriptions", "topics", "hosts", "explain"}

// Each page shows what an operator comes for.
func TestPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, console.Config{})
		w.run()
		w.peer.answer = func(endpoint string, handshake bool) error {
			switch {
			case handshake:
				return nil
			case strings.Contains(endpoint, "//dead"):
				return errors.New("no route to it")
			case strings.Contains(endpoint, "//rude"):
				return answered{errors.New("teapot")}
			}
			return nil
		}
		fine := w.subscribe("north", "https://fine.example.org/hook", "Patient?gender=female")
		rude := w.subscribe("", "https://rude.example.org/hook", "")
		dead := w.subscribe("south", "https://dead.example.org:8443/hook", "")
		for range 4 {
			w.subscribe("south", "https://dead.example.org:8443/other", "")
		}
		for i := range 4 {
			w.change("north", fmt.Sprint("n", i))
		}
		w.change("", "r")
		for i := range 2 {
			w.change("south", fmt.Sprint("s", i))
		}
		time.Sleep(2 * time.Second) // the second attempts fail, too
		home := w.look("")
		for _, shown := range []string{"<b>7</b><span>Subscriptions", "node <b>n1</b>", rude, dead, "failing", "error-response", "no-response", "4 events in 11 notifications"} {
			require.Contains(t, home, shown)
		}
		require.NotContains(t, home, fine, "nothing is wrong with it")

		list := w.look("subscriptions?tenant=north")
		require.Contains(t, list, fine)
		require.NotContains(t, list, rude)
		for _, shown := range []string{"gender", "rest-hook", "full-resource", "patient"} {
			require.Contains(t, list, shown)
		}
		failing := w.look("subscriptions?state=failing")
		require.Contains(t, failing, rude)
		require.NotContains(t, failing, fine)
		require.Regexp(t, `>in (\d\d s|1 min)</time>`, failing, "the third attempt is due after about a minute")

		detail := w.look("subscription?" + of("north", fine).Encode())
		for _, shown := range []string{"create of Patient", "delivered", "by gender", patients, "up to number 4", "4 events in 5 notifications, 0 failed"} {
			require.Contains(t, detail, shown)
		}
		require.NotContains(t, detail, "pending")
		require.NotContains(t, detail, `action="act"`, "nobody may do anything")
		detail = w.look("subscription?" + of("", rude).Encode())
		for _, shown := range []string{"pending", "error-response", "in a row", "it is tried again"} {
			require.Contains(t, detail, shown)
		}
		hosts := w.look("hosts")
		for _, shown := range []string{"dead.example.org:8443", "south", `"status open"`, "no-response", "1 broken"} {
			require.Contains(t, hosts, shown)
		}
		require.NotContains(t, hosts, "/hook")
		topics := w.look("topics")
		require.Contains(t, topics, "Patients")
		require.Contains(t, topics, `<td class="n">7</td>`)
	})
}

// Pages are read by GET and HEAD only, and what is not there is said not to be.
func TestMethods(t *testing.T) {
	w := newWorld(t, console.Config{})
	for _, page := range append(pages, "style.css", "refresh.js", "icon.svg") {
		res, body := w.ask("GET", page, nil)
		require.Equal(t, 200, res.StatusCode, page)
		head, _ := w.ask("HEAD", page, nil)
		require.Equal(t, 200, head.StatusCode)
		require.Equal(t, res.Header, head.Header)
		for _, method := range []string{"PUT", "DELETE", "PATCH", "OPTIONS", "BREW"} {
			res, _ := w.ask(method, page, nil)
			require.Equal(t, 405, res.StatusCode, "%s %s", method, page)
			require.Contains(t, res.Header.Get("Allow"), "GET, HEAD")
		}
		if page != "explain" {
			res, _ := w.ask("POST", page, url.Values{})
			require.Equal(t, 405, res.StatusCode, page)
		}
		require.NotRegexp(t, `(href|src|action)="[a-z]+:|url\(|@import`, body, "%s asks nobody else", page)
		for _, h := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy"} {
			require.NotEmpty(t, res.Header.Get(h))
		}
		require.Contains(t, res.Header.Get("Content-Security-Policy"), "default-src 'none'")
		require.Contains(t, res.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'")
		require.NotContains(t, res.Header.Get("Content-Security-Policy"), "unsafe")
		require.Equal(t, "no-store", res.Header.Get("Cache-Control"))
		require.NotContains(t, body, " style=", "the policy forbids it")
		require.NotContains(t, body, " onclick=")
	}
	for path, status := range map[string]int{
		"nothing": 404, "layout.html": 404, "home.html": 404, "subscription?id=none": 404, "subscription": 404,
		"subscriptions?after=x": 400, "subscriptions?after=-1": 400, "subscription?id=none&before=9z": 400, "act": 405,
	} {
		res, body := w.ask("GET", path, nil)
		require.Equal(t, status, res.StatusCode, path)
		require.Contains(t, body, "That did not work")
	}
}

// The console works wherever it is mounted: no link knows where that is.
func TestPrefixes(t *testing.T) {
	w := newWorld(t, console.Config{Authorize: everything})
	page := console.New(w.Engine, console.Config{Authorize: everything})
	for prefix, h := range map[string]http.Handler{
		"/":           page,
		"/a/b/":       page,
		"/stripped/":  http.StripPrefix("/stripped/", withSlash(page)),
		"/stripped2/": http.StripPrefix("/stripped2", page),
	} {
		for _, name := range pages {
			res, body := ask(t, h, "GET", prefix+name, nil)
			require.Equal(t, 200, res.StatusCode, prefix+name)
			for _, attribute := range []string{`href="`, `src="`, `action="`} {
				for _, after := range strings.Split(body, attribute)[1:] {
					require.NotEqual(t, byte('/'), after[0], "%s%s has a link that knows its place", prefix, name)
					require.NotContains(t, after[:strings.IndexByte(after, '"')], "://")
				}
			}
		}
		res, _ := ask(t, h, "GET", prefix+"style.css", nil)
		require.Equal(t, "text/css; charset=utf-8", res.Header.Get("Content-Type"))
	}
	res, _ := ask(t, http.StripPrefix("/a/console", page), "GET", "/a/console?x=y", nil)
	require.Equal(t, 301, res.StatusCode)
	require.Equal(t, "./console/", res.Header.Get("Location"))
	res, _ = ask(t, http.StripPrefix("//evil.example.org", page), "GET", "//evil.example.org", nil)
	require.Equal(t, "./evil.example.org/", res.Header.Get("Location"), "it leads nowhere else")
}

// withSlash gives a path that http.StripPrefix has left bare its slash again.
func withSlash(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = "/" + r.URL.Path
		h.ServeHTTP(w, r)
	})
}
