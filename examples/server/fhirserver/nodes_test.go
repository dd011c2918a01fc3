package fhirserver

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/postgrestest"
)

// openNodes returns three servers that have started at once over one new database.
func openNodes(t *testing.T) []*Server {
	if os.Getenv(onPostgres) != "" {
		t.Skip("the first run of these tests has it: it is about PostgreSQL in either")
	}
	store := "postgres:" + postgrestest.DSN(t)
	nodes := make([]*Server, 3)
	var opened sync.WaitGroup
	for i := range nodes {
		cfg := config(t, func(c *Config) { c.Store, c.Node = store, fmt.Sprint("n", i) })
		opened.Go(func() {
			var err error
			nodes[i], err = Open(t.Context(), cfg)
			assert.NoError(t, err)
		})
	}
	opened.Wait()
	for _, s := range nodes {
		require.NotNil(t, s)
		t.Cleanup(func() { require.NoError(t, s.Close()) })
	}
	return nodes
}

// run runs the engines until the test ends.
func run(t *testing.T, nodes []*Server) {
	ctx, stop := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	for _, s := range nodes {
		ended.Go(func() { assert.NoError(t, s.Run(ctx)) })
	}
	t.Cleanup(func() {
		stop()
		ended.Wait()
	})
}

// TestAnyNodeServesAll makes each request to another node than the one before: all give
// the same answers, and what is written on any is delivered.
func TestAnyNodeServesAll(t *testing.T) {
	nodes := openNodes(t)
	run(t, nodes)
	received := make(chan string, 100)
	subscriber := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b struct{ Entry []struct{ FullURL string } }
		if json.NewDecoder(r.Body).Decode(&b) == nil && len(b.Entry) > 1 {
			received <- strings.TrimPrefix(b.Entry[1].FullURL, base)
		}
	}))
	defer subscriber.Close()
	on := func(i int) *Server { return nodes[i%len(nodes)] }
	same := func(path string) response {
		answers := make([]response, len(nodes))
		for i, s := range nodes {
			answers[i] = send(t, s, "GET", path, "")
			require.Equal(t, answers[0].status, answers[i].status, path)
			require.Equal(t, lasting(t, answers[0]), lasting(t, answers[i]), path)
			require.Equal(t, answers[0].header.Get("ETag"), answers[i].header.Get("ETag"), path)
		}
		return answers[0]
	}

	subscribed := subscribe(t, on(0), "patient-change", subscriber.URL)
	id := subscribed.body.Get("id").Text()
	require.Eventually(t, func() bool {
		return send(t, on(1), "GET", "/Subscription/"+id, "").body.Get("status").Is("active")
	}, 20*time.Second, 5*time.Millisecond)
	same("/Subscription/" + id)
	require.Len(t, same("/Subscription?status=active").entries(), 1)

	const events = 6
	for i := range events {
		path := fmt.Sprint("/Patient/p", i)
		r := send(t, on(i), "PUT", path, fmt.Sprintf(`{"resourceType":"Patient","id":"p%d"}`, i))
		require.Equal(t, http.StatusCreated, r.status)
		select {
		case focus := <-received:
			require.Equal(t, path, focus)
		case <-time.After(20 * time.Second):
			t.Fatal("no notification came")
		}
		same(path)
	}
	require.Contains(t, string(same("/Subscription/"+id+"/$status").raw), fmt.Sprintf(`"valueString":"%d"`, events))
	require.Len(t, same("/Subscription/"+id+"/$events").entries(), 1+events)
	same("/Patient?_sort=-_lastUpdated")
	same("/_history")

	require.Eventually(t, func() bool { // the last delivery's outcome is a version, too
		before := send(t, on(0), "GET", "/Subscription/"+id, "")
		after := send(t, on(1), "PUT", "/Subscription/"+id, strings.Replace(string(before.raw), `"reason":"`, `"reason":"more `, 1), "If-Match", before.header.Get("ETag"))
		return after.status == http.StatusOK
	}, 20*time.Second, 5*time.Millisecond)
	require.Equal(t, http.StatusNoContent, send(t, on(2), "DELETE", "/Subscription/"+id, "").status)
	gone := same("/Subscription/" + id).status
	require.Contains(t, []int{http.StatusNotFound, http.StatusGone}, gone)
	require.Equal(t, gone, same("/Subscription/"+id+"/$status").status)
}

// lasting is an answer without what is of that answer only: ids and the time.
func lasting(t *testing.T, r response) any {
	var decoded map[string]any
	require.NoError(t, json.Unmarshal(r.raw, &decoded))
	if decoded["resourceType"] != "Bundle" {
		return decoded
	}
	delete(decoded, "id")
	delete(decoded, "timestamp")
	delete(decoded, "meta")
	entries, _ := decoded["entry"].([]any)
	for _, e := range entries {
		entry := e.(map[string]any)
		if url, _ := entry["fullUrl"].(string); strings.HasPrefix(url, "urn:uuid:") {
			delete(entry, "fullUrl")
			if resource, ok := entry["resource"].(map[string]any); ok {
				delete(resource, "id")
			}
		}
	}
	return decoded
}

// TestWritersOfOneResource lets all nodes write the same resources at once.
func TestWritersOfOneResource(t *testing.T) {
	nodes := openNodes(t)
	const writers, rounds = 4, 8
	type attempt struct{ node, writer, round int }
	all := func(f func(s *Server, a attempt) response) (statuses map[int]int) {
		statuses = map[int]int{}
		var mu sync.Mutex
		var ended sync.WaitGroup
		for n, s := range nodes {
			for w := range writers {
				ended.Go(func() {
					for round := range rounds {
						r := f(s, attempt{n, w, round})
						mu.Lock()
						statuses[r.status]++
						mu.Unlock()
					}
				})
			}
		}
		ended.Wait()
		return statuses
	}
	total := len(nodes) * writers * rounds

	t.Run("updates", func(t *testing.T) {
		statuses := all(func(s *Server, _ attempt) response {
			return send(t, s, "PUT", "/Patient/one", `{"resourceType":"Patient","id":"one"}`)
		})
		require.Equal(t, map[int]int{http.StatusCreated: 1, http.StatusOK: total - 1}, statuses)
		require.Equal(t, fmt.Sprint(total), send(t, nodes[0], "GET", "/Patient/one", "").body.Path("meta", "versionId").Text())
		history := send(t, nodes[1], "GET", "/Patient/one/_history?_count=1000", "").entries()
		require.Len(t, history, total)
		for i, later := range history[:total-1] {
			meta, before := later.Path("resource", "meta"), history[i+1].Path("resource", "meta")
			require.Equal(t, fmt.Sprint(total-i), meta.Get("versionId").Text())
			require.GreaterOrEqual(t, meta.Get("lastUpdated").Text(), before.Get("lastUpdated").Text())
		}
	})
	t.Run("If-Match", func(t *testing.T) {
		statuses := all(func(s *Server, a attempt) response {
			return send(t, s, "PUT", "/Patient/one", `{"resourceType":"Patient","id":"one"}`, "If-Match", fmt.Sprintf(`W/"%d"`, total+a.round))
		})
		won := statuses[http.StatusOK]
		require.NotZero(t, won)
		require.LessOrEqual(t, won, rounds, "a version is followed by one")
		require.Equal(t, map[int]int{http.StatusOK: won, http.StatusPreconditionFailed: total - won}, statuses)
	})
	t.Run("If-None-Exist", func(t *testing.T) {
		statuses := all(func(s *Server, a attempt) response {
			return send(t, s, "POST", "/Practitioner", fmt.Sprintf(`{"resourceType":"Practitioner","identifier":[{"value":"%d"}]}`, a.round),
				"If-None-Exist", fmt.Sprint("identifier=", a.round))
		})
		require.Equal(t, map[int]int{http.StatusCreated: rounds, http.StatusOK: total - rounds}, statuses)
	})
	t.Run("conditional updates and deletions", func(t *testing.T) {
		statuses := all(func(s *Server, a attempt) response {
			if a.writer == 0 {
				return send(t, s, "DELETE", fmt.Sprint("/Group?identifier=", a.round), "")
			}
			return send(t, s, "PUT", fmt.Sprint("/Group?identifier=", a.round), fmt.Sprintf(`{"resourceType":"Group","identifier":[{"value":"%d"}]}`, a.round))
		})
		require.Zero(t, statuses[http.StatusPreconditionFailed], "there are never two that match")
		require.Zero(t, statuses[http.StatusInternalServerError])
		require.LessOrEqual(t, len(send(t, nodes[2], "GET", "/Group", "").entries()), rounds)
	})
	t.Run("transactions in opposite orders", func(t *testing.T) {
		statuses := all(func(s *Server, a attempt) response {
			ids := []string{"a", "b"}
			if a.writer%2 == 0 {
				ids[0], ids[1] = ids[1], ids[0]
			}
			var entries []string
			for _, id := range ids {
				entries = append(entries, fmt.Sprintf(`{"resource":{"resourceType":"Device","id":%q},"request":{"method":"PUT","url":"Device/%[1]s"}}`, id))
			}
			return send(t, s, "POST", "", `{"resourceType":"Bundle","type":"transaction","entry":[`+strings.Join(entries, ",")+`]}`)
		})
		require.Equal(t, map[int]int{http.StatusOK: total}, statuses)
	})
}
