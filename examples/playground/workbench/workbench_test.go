package workbench_test

import (
	"bufio"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/examples/playground/clienthost"
	"github.com/carillon-fhir/carillon/examples/playground/remote"
	"github.com/carillon-fhir/carillon/examples/playground/workbench"
	"github.com/carillon-fhir/carillon/fhirpath"
)

var releases = []fhirpath.Release{fhirpath.R4, fhirpath.R4B, fhirpath.R5}

// Every template fires the topic that it is for, and no other, in every release; what the
// form composes is accepted, filters and numbers included.
func TestTemplatesFireTheirTopics(t *testing.T) {
	for _, release := range releases {
		t.Run(release.String(), func(t *testing.T) {
			w := newWorld(t, release)
			w.watch()
			var capability remote.Capability
			w.done(http.MethodGet, "capability", nil, &capability)
			require.Equal(t, release.String(), capability.Release)
			var topics []remote.Topic
			w.done(http.MethodGet, "topics", nil, &topics)
			require.Len(t, topics, 5)
			hooks := map[string]clienthost.Endpoint{}
			for _, topic := range topics {
				require.True(t, topic.Known)
				require.NotEmpty(t, topic.Triggers, topic.URL)
				require.NotEmpty(t, topic.Filters, topic.URL)
				e, id := w.subscribe(clienthost.RestHook, map[string]any{
					"topic": topic.URL, "content": "full-resource", "contentType": "application/fhir+json", "heartbeat": 3600, "timeout": 9, "maxCount": 5,
					"headers": []string{"X-Secret: 42"}, "end": "2999-01-01T00:00:00Z",
				})
				w.active(id)
				hooks[topic.URL[strings.LastIndex(topic.URL, "/")+1:]] = e
			}
			want := map[string]int{}
			for _, step := range []struct {
				template string
				fires    []string
			}{
				{"patient-new", []string{"patient-change"}},
				{"patient-update", []string{"patient-change"}},
				{"encounter-start", []string{"encounter-start", "patient-change"}}, // with its patient
				{"encounter-finish", []string{"encounter-complete"}},
				{"encounter-finish", []string{"encounter-complete"}}, // of none: a new one
				{"bilirubin-high", []string{"bilirubin-high", "lab-result"}},
				{"bilirubin-normal", []string{"lab-result"}},
			} {
				w.change(step.template, 1, "")
				for _, topic := range step.fires {
					want[topic]++
				}
			}
			s := w.until(func(s state) bool {
				for topic, e := range hooks {
					if len(s.numbers(e)) < want[topic] {
						return false
					}
				}
				return true
			})
			for topic, e := range hooks {
				require.Len(t, s.numbers(e), want[topic], topic)
			}
			for _, r := range s.Requests {
				require.Less(t, r.Status, 300, "%s %s %s", r.Method, r.Path, r.Answer)
			}
		})
	}
}

// Only events of one patient arrive; a change about a random member of a group is about one
// of its members.
func TestFiltersAndGroups(t *testing.T) {
	for _, release := range releases {
		w := newWorld(t, release)
		w.watch()
		require.NotEmpty(t, w.refused(http.MethodPost, "changes", workbench.Changes{Template: "encounter-start", Count: 1, Patient: "random"}), "there is no group")
		var people workbench.People
		w.done(http.MethodPost, "group", map[string]int{"size": 3}, &people)
		require.Len(t, people.Patients, 3)
		require.True(t, strings.HasPrefix(people.Group, "Group/"))
		all, id := w.subscribe(clienthost.RestHook, map[string]any{"topic": encounterStart, "content": "full-resource"})
		w.active(id)
		one, id := w.subscribe(clienthost.RestHook, map[string]any{"topic": encounterStart, "content": "id-only",
			"filters": []map[string]string{{"resource": "Encounter", "parameter": "patient", "value": people.Patients[1]}}})
		w.active(id)
		for _, patient := range people.Patients {
			w.change("encounter-start", 1, patient)
		}
		w.change("encounter-start", 4, "random")
		s := w.until(func(s state) bool { return len(s.numbers(all)) == 7 })
		expected := 0
		for _, a := range s.Arrivals {
			if a.Endpoint == all.Key && strings.Contains(a.Body, `"`+people.Patients[1]+`"`) {
				expected++
			}
		}
		require.Positive(t, expected)
		w.until(func(s state) bool { return len(s.numbers(one)) == expected })
	}
}

// While an endpoint refuses, the server tries again; when it works again, all arrives once
// and in order. After the last attempt the status is error, until activation is asked for.
func TestTroubleAndRecovery(t *testing.T) {
	w := newWorld(t, fhirpath.R4, 20*time.Millisecond, 20*time.Millisecond, 20*time.Millisecond)
	w.watch()
	e, id := w.subscribe(clienthost.RestHook, map[string]any{"topic": encounterStart, "content": "empty"})
	w.active(id)
	w.done(http.MethodPut, "endpoints/"+e.Key+"/trouble", clienthost.Trouble{Kind: clienthost.Reject, Status: 503}, nil)
	w.change("encounter-start", 3, "")
	s := w.until(func(s state) bool { return s.status(id) == "error" })
	refused := 0
	for _, a := range s.Arrivals {
		if !a.Taken {
			refused++
		}
	}
	require.Equal(t, 4, refused, "one attempt, and one after each wait")
	require.Empty(t, s.numbers(e))
	w.done(http.MethodPut, "endpoints/"+e.Key+"/trouble", clienthost.Trouble{}, nil)
	var read, written remote.Exchange
	w.done(http.MethodPost, "request", remote.Request{Method: http.MethodGet, Path: "Subscription/" + id}, &read)
	require.Contains(t, read.Answer, `"status":"error"`)
	w.done(http.MethodPost, "request", remote.Request{Method: http.MethodPut, Path: "Subscription/" + id, Body: strings.Replace(read.Answer, `"status":"error"`, `"status":"requested"`, 1)}, &written)
	require.Equal(t, http.StatusOK, written.Status, written.Answer)
	s = w.until(func(s state) bool { return len(s.numbers(e)) == 3 && s.status(id) == "active" })
	require.Equal(t, []int64{1, 2, 3}, s.numbers(e))
	var history []string
	for _, h := range s.Subscriptions[0].History {
		history = append(history, h.Status)
	}
	require.Subset(t, history, []string{"requested", "error", "active"})

	var deleted remote.Exchange
	w.done(http.MethodPost, "request", remote.Request{Method: http.MethodDelete, Path: "Subscription/" + id}, &deleted)
	require.Equal(t, http.StatusNoContent, deleted.Status)
	require.Empty(t, w.state().Subscriptions)
}

// What an endpoint has lost shows as a gap, and $events fills it.
func TestGapIsFilledByEvents(t *testing.T) {
	for _, release := range releases {
		w := newWorld(t, release)
		w.watch()
		e, id := w.subscribe(clienthost.RestHook, map[string]any{"topic": encounterStart, "content": "full-resource"})
		w.active(id)
		w.done(http.MethodPut, "endpoints/"+e.Key+"/trouble", clienthost.Trouble{Kind: clienthost.Lose}, nil)
		w.change("encounter-start", 2, "")
		w.until(func(s state) bool { return len(s.Arrivals) == 3 })
		w.done(http.MethodPut, "endpoints/"+e.Key+"/trouble", clienthost.Trouble{}, nil)
		w.change("encounter-start", 1, "")
		s := w.until(func(s state) bool { return len(s.numbers(e)) == 1 })
		require.Equal(t, []clienthost.Range{{First: 1, Last: 2}}, s.Arrivals[len(s.Arrivals)-1].Gap)
		var recovered struct{ Events int }
		w.done(http.MethodPost, "endpoints/"+e.Key+"/recover", map[string]any{"subscription": id, "first": 1, "last": 2}, &recovered)
		require.Equal(t, 2, recovered.Events)
		s = w.state()
		require.Equal(t, []int64{3, 1, 2}, s.numbers(e))
		last := s.Arrivals[len(s.Arrivals)-1]
		require.True(t, last.Events[0].Late && last.Events[1].Late)
		require.Equal(t, "query-event", last.Kind)
		w.refused(http.MethodPost, "endpoints/"+e.Key+"/recover", map[string]any{"subscription": "nobody", "first": 1, "last": 2})
	}
}

// A websocket stays bound; what happens while it is disconnected arrives afterwards.
func TestWebsocket(t *testing.T) {
	for _, release := range releases {
		w := newWorld(t, release)
		w.watch()
		e, id := w.subscribe(clienthost.Websocket, map[string]any{"topic": encounterStart, "content": "id-only"})
		w.done(http.MethodPost, "endpoints/"+e.Key+"/bind", map[string]string{"subscription": id}, nil)
		w.until(func(s state) bool { return len(s.Arrivals) > 0 && s.Arrivals[0].Kind == "handshake" })
		w.change("encounter-start", 1, "")
		w.until(func(s state) bool { return len(s.numbers(e)) == 1 })
		w.done(http.MethodPut, "endpoints/"+e.Key+"/trouble", clienthost.Trouble{Kind: clienthost.Down}, nil)
		w.change("encounter-start", 2, "")
		require.Len(t, w.state().numbers(e), 1)
		require.Equal(t, "disconnected, on purpose", w.state().Endpoints[0].Connection)
		w.done(http.MethodPut, "endpoints/"+e.Key+"/trouble", clienthost.Trouble{}, nil)
		s := w.until(func(s state) bool { return len(s.numbers(e)) == 3 })
		require.Equal(t, []int64{1, 2, 3}, s.numbers(e))
		require.Equal(t, "connected", s.Endpoints[0].Connection)
		w.done(http.MethodDelete, "endpoints/"+e.Key, nil, nil)
		require.Empty(t, w.state().Endpoints)
	}
}

// A mail asks; after the yes, mails tell of events. FHIR messages need no yes.
func TestMailsAndMessages(t *testing.T) {
	for _, release := range releases {
		w := newWorld(t, release)
		w.watch()
		message, id := w.subscribe(clienthost.Message, map[string]any{"topic": encounterStart, "content": "full-resource"})
		w.active(id)
		mail, id := w.subscribe(clienthost.Email, map[string]any{"topic": encounterStart, "content": "id-only", "contentType": "text/plain;attach=application/fhir+json"})
		var question string
		w.until(func(s state) bool {
			question = s.Arrivals[len(s.Arrivals)-1].Link
			return question != ""
		})
		page, token, _ := strings.Cut(question, "?token=")
		answer, err := http.PostForm(page, url.Values{"token": {token}, "answer": {"yes"}})
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusOK, answer.StatusCode)
		w.active(id)
		w.change("encounter-start", 2, "")
		s := w.until(func(s state) bool { return len(s.numbers(mail)) == 2 && len(s.numbers(message)) == 2 })
		require.Equal(t, []int64{1, 2}, s.numbers(mail))
		require.Equal(t, []int64{1, 2}, s.numbers(message))
	}
}

// The export has every request, in order, and no authorization.
func TestExport(t *testing.T) {
	w := newWorld(t, fhirpath.R4)
	w.done(http.MethodPut, "server", map[string]string{"base": w.base, "authorization": "Bearer hidden"}, nil)
	require.True(t, w.state().Server.Authorization)
	w.subscribe(clienthost.RestHook, map[string]any{"topic": encounterStart, "content": "empty"})
	w.done(http.MethodPost, "request", remote.Request{Method: http.MethodGet, Path: "Patient/none", Headers: map[string]string{"If-None-Match": `W/"1"`}, Why: "a line\nGET https://evil.example.org/"}, nil)
	resp, err := http.Get(w.page + "/api/export.http")
	require.NoError(t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	text := string(raw)
	require.NotContains(t, text, "hidden")
	require.Contains(t, text, "@base = "+w.base+"\n")
	require.Contains(t, text, "Authorization: {{authorization}}\n")
	var lines []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "GET ") || strings.HasPrefix(line, "POST ") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	require.Equal(t, []string{"GET {{base}}/metadata", "POST {{base}}/Subscription", "GET {{base}}/Patient/none"}, lines)
	require.Contains(t, text, "If-None-Match: W/\"1\"\n")
	require.Contains(t, text, ": 404 in ")
	state, err := http.Get(w.page + "/api/state")
	require.NoError(t, err)
	defer state.Body.Close()
	raw, err = io.ReadAll(state.Body)
	require.NoError(t, err)
	require.NotContains(t, string(raw), "hidden")
}

// A page that comes back gets what it has missed, or is told to begin anew.
func TestFeedGoesOn(t *testing.T) {
	w := newWorld(t, fhirpath.R4)
	for range 3 {
		w.done(http.MethodPost, "endpoints", map[string]string{"channel": clienthost.RestHook}, nil)
	}
	for since, want := range map[string]string{"1": "id: 2", "9999": "id: 4"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.page+"/api/feed?since=0", nil)
		require.NoError(t, err)
		req.Header.Set("Last-Event-ID", since)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		lines := bufio.NewScanner(resp.Body)
		require.True(t, lines.Scan())
		require.Equal(t, want, lines.Text(), "the newest is 4: a server and three endpoints")
		require.True(t, lines.Scan())
		require.Equal(t, map[string]string{"1": "event: entry", "9999": "event: reset"}[since], lines.Text())
		require.NoError(t, resp.Body.Close())
	}
}
