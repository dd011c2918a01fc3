package console_test

import (
	"bytes"
	"context"
	"errors"
	"html"
	"log/slog"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/subscription/console"
	"github.com/carillon-fhir/carillon/topic"
)

// canary stands in every place that has no business on any page.
const canary = "canary-4711"

var links = regexp.MustCompile(`(?:href|src)="([^"]*)"`)

// crawl gets every page that links lead to, and returns them by path.
func (w *world) crawl() map[string]string {
	seen, todo := map[string]string{}, []string{"./"}
	for len(todo) > 0 {
		path := strings.TrimPrefix(todo[0], "./")
		todo = todo[1:]
		if _, known := seen[path]; known || strings.HasPrefix(path, "#") {
			continue
		}
		res, body := w.ask("GET", path, nil)
		require.Equal(w.t, 200, res.StatusCode, path)
		seen[path] = body
		if strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
			for _, m := range links.FindAllStringSubmatch(body, -1) {
				todo = append(todo, html.UnescapeString(m[1]))
			}
		}
	}
	return seen
}

// Patients, filters' values, paths, queries and headers are on no page, in no answer to an
// action, and not in the log.
func TestPagesTellNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer // the engine's goroutines have ended when it is read
		w := newWorld(t, console.Config{Authorize: everything}, func(c *subscription.Config) {
			c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
		w.run()
		w.peer.answer = func(endpoint string, handshake bool) error {
			if strings.Contains(endpoint, "@bad.") && !handshake {
				return coded(canary)
			}
			return nil
		}
		secret := []string{"X-Token: " + canary, "Authorization: Bearer " + canary}
		ids := map[string]string{}
		for _, host := range []string{"bad", "fine"} {
			ids[host] = w.subscribe("t", "https://"+canary+":"+canary+"@"+host+".example.org/"+canary+"?token="+canary+"#"+canary, "Patient?_id="+canary, secret...)
		}
		for range 7 {
			w.change("t", canary)
		}
		time.Sleep(2 * time.Hour)
		pages := w.crawl()
		for path, body := range pages {
			require.NotContains(t, body, canary, path)
		}
		t.Logf("pages=%d", len(pages))
		require.Greater(t, len(pages), 20, "events, topics and assets are among them")

		// by an event's number, nothing of the resource is shown; nor what filters ask for
		_, body := w.ask("POST", "explain", url.Values{"tenant": {"t"}, "subscription": {ids["fine"]}, "event": {"1"}, "of": {ids["bad"]}})
		require.Contains(t, body, "it gets an event")
		require.Contains(t, body, "_id=…")
		require.NotContains(t, body, canary)
		// what was pasted is in the answer, and nowhere else
		form := url.Values{"tenant": {"t"}, "subscription": {ids["fine"]}, "interaction": {"create"}, "resource": {`{"resourceType":"Patient","id":"pasted-0815"}`}}
		_, body = w.ask("POST", "explain", form)
		require.Contains(t, body, "a filter of the Subscription does not match")
		require.Contains(t, body, "<code>pasted-0815</code>")
		require.NotContains(t, body, canary)
		form.Set("resource", `{"resourceType":"Patient","id":"`+canary)
		res, body := w.ask("POST", "explain", form)
		require.Equal(t, 422, res.StatusCode)
		require.NotContains(t, body, canary)
		for _, body := range w.crawl() {
			require.NotContains(t, body, "pasted-0815")
		}

		for _, a := range actions { // also those that are refused
			for _, id := range ids {
				res, body := w.ask("POST", "act", action("t", id, a))
				require.NotContains(t, body, canary)
				require.NotContains(t, res.Header.Get("Location"), canary)
			}
		}
		// a topic that is gone, and a filter that it no longer has
		other, err := topic.Parse([]byte(strings.Replace(patientsTopic, `{"resource":"Patient","filterParameter":"_id"},`, "", 1)))
		require.NoError(t, err)
		require.NoError(t, w.SetTopics(t.Context(), other))
		res, body = w.ask("POST", "act", action("t", ids["fine"], console.Resume))
		require.Equal(t, 422, res.StatusCode)
		require.NotContains(t, body, canary)
		for path, body := range w.crawl() {
			require.NotContains(t, body, canary, path)
		}
		synctest.Wait()
		require.NotEmpty(t, log.String())
		require.NotContains(t, log.String(), canary)
		require.NotContains(t, log.String(), "pasted-0815")
	})
}

// Names that others choose are text, wherever they stand.
func TestHostileNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const hostile = `"><script>alert(1)</script><a href='javascript:alert(2)' x="`
		w := newWorld(t, console.Config{Authorize: everything}, func(c *subscription.Config) {
			c.Node = hostile
			evil, err := topic.Parse([]byte(strings.NewReplacer("Patients", `\"><script>alert(1)</script>`, patients, "https://topics.example.org/<script>alert(3)</script>").Replace(patientsTopic)))
			require.NoError(t, err)
			c.Topics = append(c.Topics, evil)
		})
		w.run()
		w.peer.answer = func(_ string, handshake bool) error {
			if handshake {
				return nil
			}
			return coded(hostile)
		}
		id := w.subscribe(hostile, `https://x<script>alert(4)<.example.org/`, "")
		w.change(hostile, "p")
		time.Sleep(2 * time.Second)
		require.Contains(t, w.look("hosts"), "&lt;script&gt;")
		pages := w.crawl()
		for _, query := range []string{"did=resend&events=<script>", "did=<script>", "did=resend&events=1&last=<script>"} {
			pages["subscription?"+query] = w.look("subscription?" + of(hostile, id).Encode() + "&" + query)
		}
		for _, query := range []url.Values{{"tenant": {hostile}, "state": {hostile}}, {"tenant": {hostile}, "subscription": {hostile}, "of": {hostile}, "event": {hostile}, "topic": {hostile}}} {
			pages["subscriptions?"+query.Encode()] = w.look("subscriptions?" + query.Encode())
			pages["explain?"+query.Encode()] = w.look("explain?" + query.Encode())
		}
		_, pages["posted"] = w.ask("POST", "explain", url.Values{"tenant": {hostile}, "subscription": {id}, "interaction": {"create"},
			"resource": {`{"resourceType":"Patient","id":"<script>","gender":"<script>alert(5)</script>"}`}})
		_, pages["nobody"] = w.ask("GET", "subscription?"+of(hostile, "<script>").Encode(), nil)
		for path, body := range pages {
			require.NotContains(t, body, "<script>", path)
			require.NotRegexp(t, `href=['"]?javascript:`, body, path)
		}
		res, _ := w.ask("POST", "act", action(hostile, id, console.Pause))
		require.Equal(t, 303, res.StatusCode)
		require.NotContains(t, res.Header.Get("Location"), "<")
		t.Logf("pages=%d", len(pages))
	})
}

// coded is an error that says what code it has.
type coded string

func (coded) Error() string               { return "refused" } // by contract, a channel tells no more
func (c coded) SubscriptionError() string { return string(c) }

// sick is a store whose errors tell more than they should.
type sick struct{ subscription.Store }

func (sick) ListSubscriptions(context.Context, subscription.ListQuery) ([]subscription.Record, error) {
	return nil, errors.New("disk of " + canary)
}

func (sick) GetSubscription(context.Context, string, string) (subscription.Record, error) {
	return subscription.Record{}, errors.New("disk of " + canary)
}

// What a store says is for the log.
func TestStoreThatFails(t *testing.T) {
	w := newWorld(t, console.Config{Authorize: everything}, func(c *subscription.Config) { c.Store = sick{c.Store} })
	for _, page := range []string{"", "subscriptions", "subscription?id=s"} {
		res, body := w.ask("GET", page, nil)
		require.Equal(t, 500, res.StatusCode, page)
		require.Contains(t, body, "store failed")
		require.NotContains(t, body, canary)
	}
	for _, a := range actions {
		res, body := w.ask("POST", "act", action("", "s", a))
		require.Equal(t, 500, res.StatusCode)
		require.NotContains(t, body, canary)
	}
	for _, page := range []string{"topics", "hosts", "explain"} {
		w.look(page) // need no store
	}
}
