package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestConnectathon plays the Subscription track of the connectathon of January 2017 step
// by step, with one client and its endpoints, against the process: classic Subscriptions to
// results of bilirubin, and beside them the polling of histories that they replace
// (SP-02).
// spec: SP-02, CLS-02, CLS-07, CLS-16
func TestConnectathon(t *testing.T) { overStores(t, testConnectathon) }

func testConnectathon(t *testing.T, store string) {
	c := newTrack(t, store)
	t.Run("subscribe by code", c.byCode)
	t.Run("subscribe by value", c.byValue)
	t.Run("subscribe with an end", c.withEnd)
	t.Run("find the active ones", c.active)
	t.Run("find by channel url", c.byURL)
	t.Run("delete by channel url", c.deleteByURL)
	t.Run("what is not supported is refused", c.refused)
	t.Run("poll the history", c.poll)
	c.stop(t)
	require.Equal(t, c.expected, c.seen(), "each match once, and nothing else")
}

const untilThen = time.Minute // the machine may be busy

// track is a participant.
type track struct {
	kit
	stop     func(t *testing.T)
	mu       sync.Mutex
	heard    map[string][]string // by the first segment of the path, in the order of arrival
	expected map[string][]string
	history  []string // what was written, as a history shows it, oldest first
	since    time.Time
}

func newTrack(t *testing.T, store string) *track {
	c := &track{heard: map[string][]string{}, expected: map[string][]string{}}
	c.client = http.Client{Timeout: untilThen, Transport: &http.Transport{DisableKeepAlives: true}}
	endpoints := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		of := strings.Split(r.URL.Path, "/")[1]
		line := strings.Join([]string{r.Method, r.RequestURI, r.Header.Get("Content-Type"), r.Header.Get("Authorization"), string(raw)}, " ")
		c.heard[of] = append(c.heard[of], strings.TrimSpace(line))
		w.WriteHeader(http.StatusCreated)
	}))
	t.Cleanup(endpoints.Close)
	c.endpoint = endpoints.URL
	base, server := start(t, "-release", "R4", "-store", store, "-allow-private", "-retry", "1s,2s")
	c.base, c.since = base, time.Now().Truncate(time.Millisecond)
	c.stop = func(t *testing.T) {
		require.NoError(t, server.Process.Signal(syscall.SIGTERM))
		require.NoError(t, server.Wait())
	}
	return c
}

func (c *track) seen() map[string][]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := map[string][]string{}
	for of, lines := range c.heard {
		seen[of] = slices.Clone(lines)
	}
	return seen
}

// expect waits until an endpoint has got this, too.
func (c *track) expect(t *testing.T, of, line string) {
	t.Helper()
	c.expected[of] = append(c.expected[of], line)
	require.Eventually(t, func() bool { return len(c.seen()[of]) >= len(c.expected[of]) }, untilThen, 5*time.Millisecond, "%s %s", of, line)
	require.Equal(t, c.expected[of], c.seen()[of])
}

// subscribe writes a Subscription for an endpoint of that name, with what follows the
// endpoint in its channel, and before that in the Subscription.
func (c *track) subscribe(t *testing.T, criteria, of, more, channel string) (id string) {
	t.Helper()
	status, _, raw := c.call(t, "POST", "/Subscription", fmt.Sprintf(
		`{"resourceType":"Subscription","status":"requested","reason":"New bilirubin results","criteria":%q%s,"channel":{"type":"rest-hook","endpoint":%q%s}}`,
		criteria, more, c.endpoint+"/"+of, channel))
	require.Equal(t, http.StatusCreated, status, string(raw))
	id = decode[stored](t, raw).ID
	c.awaitActive(t, id)
	return id
}

// result writes a result of that value in mg/dL.
func (c *track) result(t *testing.T, id, code, value string) (raw string) {
	t.Helper()
	status, _, body := c.call(t, "PUT", "/Observation/"+id, fmt.Sprintf(`{"resourceType":"Observation","id":%q,"status":"final","code":{"coding":[{"system":"http://loinc.org","code":%q}]},`+
		`"valueQuantity":{"value":%s,"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"}}`, id, code, value))
	require.Contains(t, []int{http.StatusCreated, http.StatusOK}, status, string(body))
	c.history = append(c.history, fmt.Sprintf("PUT Observation/%s %d", id, status))
	return string(body)
}

const bilirubin, glucose = "1975-2", "2345-7"

func (c *track) byCode(t *testing.T) {
	id := c.subscribe(t, "Observation?code=http://loinc.org|"+bilirubin, "code", "", "")
	status, _, raw := c.call(t, "GET", "/Subscription/"+id, "")
	require.Equal(t, http.StatusOK, status)
	require.NotContains(t, string(raw), "payload", "it is as the client wrote it")
	c.result(t, "a", bilirubin, "0.8")
	c.expect(t, "code", "POST /code")
	c.result(t, "b", glucose, "90")
	c.result(t, "a", bilirubin, "0.9")
	c.expect(t, "code", "POST /code")
}

func (c *track) byValue(t *testing.T) {
	c.subscribe(t, "/Observation?code=http://loinc.org|"+bilirubin+"&value-quantity=gt1.0", "value", "", `,"payload":"application/fhir+json","header":["Authorization: Bearer s"]`)
	c.result(t, "c", bilirubin, "1.0")
	c.expect(t, "code", "POST /code")
	high := c.result(t, "c", bilirubin, "1.1") // it comes to match
	c.expect(t, "value", "PUT /value/Observation/c application/fhir+json Bearer s "+high)
	c.expect(t, "code", "POST /code")
	c.result(t, "c", bilirubin, "0.7") // and stops to
	c.expect(t, "code", "POST /code")
	status, _, _ := c.call(t, "DELETE", "/Observation/c", "")
	require.Equal(t, http.StatusNoContent, status)
	c.history = append(c.history, "DELETE Observation/c 204")
	higher := c.result(t, "d", bilirubin, "2.5")
	c.expect(t, "value", "PUT /value/Observation/d application/fhir+json Bearer s "+higher)
	c.expect(t, "code", "POST /code")
}

func (c *track) withEnd(t *testing.T) {
	end := time.Now().Add(3 * time.Second)
	id := c.subscribe(t, "Observation?code="+bilirubin, "end", `,"end":"`+end.UTC().Format(time.RFC3339Nano)+`"`, "")
	require.Eventually(t, func() bool {
		_, _, raw := c.call(t, "GET", "/Subscription/"+id, "")
		return decode[stored](t, raw).Status == "off"
	}, untilThen, 20*time.Millisecond)
	require.False(t, time.Now().Before(end))
	c.result(t, "e", bilirubin, "0.9")
	c.expect(t, "code", "POST /code")
}

// ids are those of a searchset.
func (c *track) ids(t *testing.T, query string) (ids []string) {
	t.Helper()
	status, _, raw := c.call(t, "GET", "/Subscription?"+query, "")
	require.Equal(t, http.StatusOK, status, string(raw))
	for _, e := range decode[bundle](t, raw).Entry {
		ids = append(ids, decode[stored](t, e.Resource).ID)
	}
	return ids
}

func (c *track) active(t *testing.T) {
	require.Len(t, c.ids(t, "status=active"), 2)
	require.Len(t, c.ids(t, "status=off"), 1)
	require.Len(t, c.ids(t, "status=active&criteria=Observation"), 2)
	require.Len(t, c.ids(t, "type=rest-hook"), 3)
}

func (c *track) at(of string) string { return "url=" + url.QueryEscape(c.endpoint+"/"+of) }

func (c *track) byURL(t *testing.T) {
	require.Len(t, c.ids(t, c.at("code")), 1)
	require.Len(t, c.ids(t, "status=active&"+c.at("value")), 1)
	require.Empty(t, c.ids(t, "status=active&"+c.at("end")))
	require.Empty(t, c.ids(t, c.at("nothing")))
}

func (c *track) deleteByURL(t *testing.T) {
	status, _, raw := c.call(t, "DELETE", "/Subscription?"+c.at("value"), "")
	require.Contains(t, []int{http.StatusOK, http.StatusNoContent}, status, string(raw))
	require.Empty(t, c.ids(t, c.at("value")))
	require.Len(t, c.ids(t, "status=active"), 1)
	c.result(t, "f", bilirubin, "3.0")
	c.expect(t, "code", "POST /code")
}

func (c *track) refused(t *testing.T) {
	before := c.ids(t, "")
	for name, tc := range map[string]struct{ criteria, channel, element string }{
		"sms":               {"Observation?code=" + bilirubin, `{"type":"sms","endpoint":"tel:+15550100"}`, "Subscription.channel.type"},
		"no such channel":   {"Observation?code=" + bilirubin, `{"type":"carrier-pigeon","endpoint":"x:y"}`, "Subscription.channel.type"},
		"XML":               {"Observation?code=" + bilirubin, `{"type":"rest-hook","endpoint":"` + c.endpoint + `","payload":"application/fhir+xml"}`, "Subscription.channel.payload"},
		"unknown parameter": {"Observation?colour=red", `{"type":"rest-hook","endpoint":"` + c.endpoint + `"}`, "Subscription.criteria"},
		"no type":           {"Results?code=" + bilirubin, `{"type":"rest-hook","endpoint":"` + c.endpoint + `"}`, "Subscription.criteria"},
		"endpoint":          {"Observation?code=" + bilirubin, `{"type":"rest-hook","endpoint":"gopher://x"}`, "Subscription.channel.endpoint"},
	} {
		t.Run(name, func(t *testing.T) {
			status, _, raw := c.call(t, "POST", "/Subscription", `{"resourceType":"Subscription","status":"requested","reason":"x","criteria":"`+tc.criteria+`","channel":`+tc.channel+`}`)
			require.Contains(t, []int{http.StatusBadRequest, http.StatusUnprocessableEntity}, status)
			require.Contains(t, issues(t, raw)[0].Expression, tc.element)
		})
	}
	require.Equal(t, before, c.ids(t, ""))
}

// poll reads the histories as a client does that has no Subscription: from where it last
// stood, page by page, while results are written.
func (c *track) poll(t *testing.T) {
	for _, scope := range []string{"/Observation/_history", "/_history"} {
		require.Equal(t, c.history, c.past(t, scope, c.since), scope)
	}
	var told []string
	since, known := c.since, map[string]bool{}
	for i := range 5 {
		c.result(t, fmt.Sprint("polled", i), bilirubin, "1.0")
		c.expect(t, "code", "POST /code")
		c.result(t, "a", bilirubin, fmt.Sprint("2.", i))
		c.expect(t, "code", "POST /code")
		for _, e := range c.pages(t, "/Observation/_history", since) {
			if e.Resource == nil {
				continue
			}
			if at := decode[versioned](t, e.Resource).Meta; !known[e.FullURL+at.VersionID] {
				known[e.FullURL+at.VersionID] = true
				told = append(told, line(e))
				since = at.LastUpdated
			}
		}
	}
	require.Equal(t, slices.DeleteFunc(slices.Clone(c.history), func(l string) bool { return strings.HasPrefix(l, "DELETE") }), told)
	require.Empty(t, c.past(t, "/_history", time.Now().Add(time.Hour)))
}

type versioned struct {
	Meta struct {
		VersionID   string
		LastUpdated time.Time
	}
}

func line(e entry) string { return e.Request.Method + " " + e.Request.URL + " " + e.Response.Status }

// past is what a history says since then, oldest first.
func (c *track) past(t *testing.T, path string, since time.Time) (lines []string) {
	for _, e := range c.pages(t, path, since) {
		if !strings.Contains(e.FullURL, "/Basic/topic-") { // the server's own
			lines = append(lines, line(e))
		}
	}
	return lines
}

// pages reads a history, three entries at a time.
func (c *track) pages(t *testing.T, path string, since time.Time) (all []entry) {
	t.Helper()
	next := path + "?_count=3&_since=" + url.QueryEscape(since.UTC().Format(time.RFC3339Nano))
	for next != "" {
		status, _, raw := c.call(t, "GET", next, "")
		require.Equal(t, http.StatusOK, status, string(raw))
		page := decode[struct {
			bundle
			Link []struct{ Relation, URL string }
		}](t, raw)
		require.Equal(t, "history", page.Type)
		require.LessOrEqual(t, len(page.Entry), 3)
		all = append(all, page.Entry...)
		next = ""
		for _, l := range page.Link {
			if l.Relation == "next" {
				next = strings.TrimPrefix(l.URL, c.base)
			}
		}
	}
	slices.Reverse(all)
	return all
}
