package fhirserver

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// story makes two patients and a person with some past and returns their ids.
func story(t *testing.T, s *Server) (one, two, person string) {
	one = created(t, s, `{"resourceType":"Patient"}`)
	two = created(t, s, `{"resourceType":"Patient"}`)
	send(t, s, "PUT", "/Patient/"+one, `{"resourceType":"Patient","id":"`+one+`","active":true}`)
	send(t, s, "DELETE", "/Patient/"+one, "")
	person = created(t, s, `{"resourceType":"Person"}`)
	return one, two, person
}

// telling is what a history says, newest first.
func (r response) telling(names ...string) (told []string) {
	for _, e := range r.entries() {
		line := e.Path("request", "method").Text() + " " + e.Path("request", "url").Text() + " " + e.Path("response", "status").Text() +
			" " + e.Path("response", "etag").Text()
		told = append(told, strings.NewReplacer(names...).Replace(line))
	}
	return told
}

func TestHistory(t *testing.T) {
	s := open(t, func(c *Config) { c.Topics = nil })
	one, two, person := story(t, s)
	for path, want := range map[string][]string{
		"/Patient/" + one + "/_history": {`DELETE Patient/1 204 W/"3"`, `PUT Patient/1 200 W/"2"`, `POST Patient 201 W/"1"`},
		"/Patient/_history":             {`DELETE Patient/1 204 W/"3"`, `PUT Patient/1 200 W/"2"`, `POST Patient 201 W/"1"`, `POST Patient 201 W/"1"`},
		"/_history":                     {`POST Person 201 W/"1"`, `DELETE Patient/1 204 W/"3"`, `PUT Patient/1 200 W/"2"`, `POST Patient 201 W/"1"`, `POST Patient 201 W/"1"`},
	} {
		t.Run(path, func(t *testing.T) {
			whole := send(t, s, "GET", path, "")
			require.Equal(t, http.StatusOK, whole.status)
			require.True(t, whole.body.Get("type").Is("history"))
			require.Equal(t, want, whole.telling(one, "1", two, "2", person, "3"))
			require.Equal(t, len(want), len(whole.entries()))

			var paged []string
			for next := path + "?_count=2"; next != ""; {
				r := send(t, s, "GET", next, "")
				require.LessOrEqual(t, len(r.entries()), 2)
				paged = append(paged, r.telling(one, "1", two, "2", person, "3")...)
				next = r.link("next")
			}
			require.Equal(t, want, paged)
		})
	}
	for _, e := range send(t, s, "GET", "/Patient/"+one+"/_history", "").entries() {
		require.Equal(t, e.Path("request", "method").Is("DELETE"), !e.Get("resource").Exists())
		require.True(t, e.Get("fullUrl").Is(base+"/Patient/"+one))
	}
}

func TestHistorySince(t *testing.T) {
	s := open(t, func(c *Config) { c.Topics = nil })
	one, _, _ := story(t, s)
	// Versions may share a millisecond: move them a second apart.
	_, err := s.db.Exec(`UPDATE server_version SET updated = 1767225600000 + 1000 * seq`)
	require.NoError(t, err)
	for since, want := range map[time.Duration]int{0: 5, 1: 5, 2: 4, 5: 1, 6: 0} {
		at := time.Date(2026, 1, 1, 0, 0, int(since), 0, time.UTC)
		r := send(t, s, "GET", "/_history?_since="+url.QueryEscape(at.Format(time.RFC3339)), "")
		require.Len(t, r.entries(), want, at)
	}
	zone := url.QueryEscape("2026-01-01T01:00:04.0001+01:00")
	require.Len(t, send(t, s, "GET", "/Patient/"+one+"/_history?_since="+zone, "").entries(), 0)
}

func TestHistoryRefuses(t *testing.T) {
	s := open(t)
	id := created(t, s, `{"resourceType":"Patient"}`)
	for query, status := range map[string]int{
		"/Patient/none/_history":                   404,
		"/Patient/" + id + "/_history?_at=2026":    400,
		"/Patient/_history?_since=yesterday":       400,
		"/Patient/_history?_cursor=x":              400,
		"/Patient/_history?_sort=_lastUpdated":     400,
		"/Patient/_history?gender=male":            400,
		"/SubscriptionTopic/_history":              404,
		"/Patient/" + id + "/_history/1?_count=1":  400,
		"/Patient/" + id + "/_history/1/something": 404,
	} {
		r := send(t, s, "GET", query, "")
		require.Equal(t, status, r.status, query)
		r.issue(t)
	}
}
