package console_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/subscription/console"
)

var actions = []console.Action{console.Pause, console.Resume, console.Resend, console.TurnOff}

func action(tenant, id string, a console.Action) url.Values {
	form := of(tenant, id)
	form.Set("action", string(a))
	return form
}

// Nobody may do anything unless the host says so, and then what it says.
func TestRights(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type asked struct {
			action     console.Action
			tenant, id string
		}
		var questions []asked
		for name, c := range map[string]struct {
			cfg     console.Config
			allowed console.Action // "": none
		}{
			"by default": {console.Config{}, ""},
			"denied":     {console.Config{Authorize: func(*http.Request, console.Action, string, string) bool { return false }}, ""},
			"only pause, by who": {console.Config{Authorize: func(r *http.Request, a console.Action, tenant, id string) bool {
				questions = append(questions, asked{a, tenant, id})
				return a == console.Pause && r.Header.Get("X-User") == "ada"
			}}, console.Pause},
		} {
			w := newWorld(t, c.cfg)
			w.run()
			id := w.subscribe("t", "https://a.example.org/hook", "")
			w.change("t", "p")
			for _, a := range actions {
				if a == c.allowed {
					continue
				}
				res, body := w.ask("POST", "act", action("t", id, a), "X-User", "ada")
				require.Equal(t, 403, res.StatusCode, "%s: %s", name, a)
				require.Contains(t, body, "not permitted")
				status, _ := w.status("t", id)
				require.Equal(t, subscription.StatusActive, status)
			}
			require.Equal(t, 1, w.peer.received(id))
			_, page := w.ask("GET", "subscription?"+of("t", id).Encode(), nil, "X-User", "ada")
			if c.allowed == "" {
				require.NotContains(t, page, "<button")
				continue
			}
			require.Contains(t, page, `value="pause"`)
			require.NotContains(t, page, `value="off"`)
			_, page = w.ask("GET", "subscription?"+of("t", id).Encode(), nil, "X-User", "eve")
			require.NotContains(t, page, "<button")
			res, _ := w.ask("POST", "act", action("t", id, console.Pause), "X-User", "eve")
			require.Equal(t, 403, res.StatusCode)
			require.Contains(t, questions, asked{console.Pause, "t", id})
			res, _ = w.ask("POST", "act", action("t", id, console.Pause), "X-User", "ada")
			require.Equal(t, 303, res.StatusCode)
			status, _ := w.status("t", id)
			require.Equal(t, subscription.StatusError, status)
		}
	})
}

// strangers may not write, whatever the console says.
type strangers struct{ subscription.InsecureAllowAll }

func (strangers) AuthorizeAccess(_ context.Context, _ *subscription.Subscription, a subscription.Access) (bool, error) {
	return a == subscription.AccessRead, nil
}

func TestTheEnginesAuthorizerHasToAgree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, console.Config{Authorize: everything}, func(c *subscription.Config) { c.Authorizer = strangers{} })
		w.run()
		id := w.subscribe("", "https://a.example.org/hook", "")
		for _, a := range actions {
			res, body := w.ask("POST", "act", action("", id, a))
			require.Equal(t, 404, res.StatusCode, "%s: %s", a, body)
		}
		res, _ := w.ask("POST", "explain", url.Values{"subscription": {id}, "resource": {`{"resourceType":"Patient","id":"p"}`}})
		require.Equal(t, 404, res.StatusCode)
	})
}

// A page of another site can't act in the name of an operator.
func TestCrossSiteRequestsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, console.Config{Authorize: everything})
		w.run()
		id := w.subscribe("", "https://a.example.org/hook", "")
		for _, header := range [][]string{
			{"Sec-Fetch-Site", "cross-site"},
			{"Sec-Fetch-Site", "same-site"},
			{"Origin", "https://evil.example.org"},
			{"Origin", "null"},
			{"Sec-Fetch-Site", "cross-site", "Origin", "http://example.com"},
		} {
			for _, page := range []string{"act", "explain"} {
				res, body := w.ask("POST", page, action("", id, console.TurnOff), header...)
				require.Equal(t, 403, res.StatusCode, "%s %v", page, header)
				require.Contains(t, body, "another site")
			}
		}
		status, _ := w.status("", id)
		require.Equal(t, subscription.StatusActive, status)
		for _, header := range [][]string{{"Sec-Fetch-Site", "same-origin"}, {"Origin", "http://example.com"}} {
			res, _ := w.ask("POST", "act", action("", id, console.TurnOff), header...)
			require.Equal(t, 303, res.StatusCode, header)
		}
		status, _ = w.status("", id)
		require.Equal(t, subscription.StatusOff, status)
		res, _ := w.ask("GET", "act?"+action("", id, console.Resume).Encode(), nil)
		require.Equal(t, 405, res.StatusCode, "a link does nothing")
	})
}

// Each action does what its button says, and the page then says that it was done.
func TestActions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, console.Config{Authorize: everything})
		w.run()
		id := w.subscribe("t", "https://a.example.org/hook", "")
		do := func(form url.Values) string {
			t.Helper()
			res, body := w.ask("POST", "act", form)
			require.Equal(t, 303, res.StatusCode, body)
			time.Sleep(time.Second)
			return w.look(res.Header.Get("Location"))
		}
		w.change("t", "p1")
		require.Equal(t, 1, w.peer.received(id))

		page := do(action("t", id, console.Pause))
		require.Contains(t, page, "Paused")
		require.Contains(t, page, "an operator has paused it")
		require.NotContains(t, page, `value="pause"`)
		w.change("t", "p2")
		require.Equal(t, 1, w.peer.received(id), "nothing is sent")
		status, code := w.status("t", id)
		require.Equal(t, subscription.StatusError, status)
		require.Equal(t, "paused", code)

		page = do(action("t", id, console.Resume))
		require.Contains(t, page, "Resumed")
		require.Equal(t, 2, w.peer.received(id), "what happened meanwhile is")

		form := action("t", id, console.Resend)
		form.Set("since", "1")
		page = do(form)
		require.Contains(t, page, "Sent again: 2 events, up to number 2.")
		require.Equal(t, 4, w.peer.received(id))
		form.Set("since", "99")
		require.Contains(t, do(form), "nothing to send again")
		form.Set("since", "x")
		res, _ := w.ask("POST", "act", form)
		require.Equal(t, 400, res.StatusCode)

		page = do(action("t", id, console.TurnOff))
		require.Contains(t, page, "Off: nothing counts")
		w.change("t", "p3")
		status, code = w.status("t", id)
		require.Equal(t, subscription.StatusOff, status)
		require.Equal(t, "turned-off", code)
		res, body := w.ask("POST", "act", action("t", id, console.Resend))
		require.Equal(t, 422, res.StatusCode)
		require.Contains(t, body, "its status")
		page = do(action("t", id, console.Resume))
		require.Contains(t, page, `"status active"`)
		require.Equal(t, 4, w.peer.received(id), "it did not count")
		w.change("t", "p4")
		require.Equal(t, 5, w.peer.received(id))

		for _, form := range []url.Values{action("t", id, "delete"), action("t", id, ""), {}} {
			res, _ := w.ask("POST", "act", form)
			require.Equal(t, 400, res.StatusCode)
		}
		res, _ = w.ask("POST", "act", action("other", id, console.Pause))
		require.Equal(t, 404, res.StatusCode, "it is of another tenant")
	})
}
