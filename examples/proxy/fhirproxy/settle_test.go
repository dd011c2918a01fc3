package fhirproxy

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// cut ends a connection without an answer.
func cut(w http.ResponseWriter, _ *http.Request) bool {
	panic(http.ErrAbortHandler)
}

// cutWrites cuts what writes.
func cutWrites(w http.ResponseWriter, r *http.Request) bool {
	return r.Method != http.MethodGet && cut(w, r)
}

// unavailable answers 503 to what has written.
func unavailable(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodGet {
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	return false
}

// TestUnknownOutcome: the upstream commits, and then there is no answer, or one that does
// not say so. What it did is found out at once, whatever the upstream offers for that.
func TestUnknownOutcome(t *testing.T) {
	for name, c := range map[string]struct {
		step step
		want string
	}{
		"create": {post(2), "create Patient/new2 2 by POST"},
		"update": {put("p", 2), "update Patient/p 2 by PUT"},
		"patch":  {step{"PATCH", "/Patient/p", `[{"op":"replace","path":"/multipleBirthInteger","value":2}]`, nil}, "update Patient/p 2 by PUT"},
		"delete": {step{"DELETE", "/Patient/p", "", nil}, "delete Patient/p 1 by DELETE"},
		"batch":  {bundle("batch", entry("PUT", "Patient/p", 2)), "update Patient/p 2 by PUT"},
	} {
		for habit, upstream := range map[string]func() *fake{
			"history":           func() *fake { return &fake{} },
			"history, but half": func() *fake { return &fake{openHistory: true} },
			"no history":        func() *fake { return &fake{noHistory: true} },
			"no search":         func() *fake { return &fake{noHistory: true, noSearch: true} },
		} {
			for how, after := range map[string]func(http.ResponseWriter, *http.Request) bool{"cut": cutWrites, "503": unavailable} {
				t.Run(name+"/"+habit+"/"+how, func(t *testing.T) {
					t.Parallel()
					f := upstream()
					s := before(t, f.start(t))
					s.send("PUT", "/Patient/p", patient("p", 1))
					f.mu.Lock()
					f.after = after
					f.mu.Unlock()
					r := s.send(c.step.method, c.step.path, c.step.body)
					require.GreaterOrEqual(t, r.status, 500)
					require.Equal(t, []string{"create Patient/p 1 by PUT", c.want}, s.recorded())
					require.Equal(t, 1, s.open(), "it is looked at again")
					f.mu.Lock()
					f.after = nil
					f.mu.Unlock()
					_, err := s.proxy.db.Exec(`UPDATE proxy_intent SET due = 0`)
					require.NoError(t, err)
					list, err := s.proxy.journal.due(t.Context(), "", "", 10)
					require.NoError(t, err)
					for _, in := range list {
						s.proxy.settle(t.Context(), s.proxy.upstream.self(), in)
					}
					require.Len(t, s.recorded(), 2, "what was found is found once")
				})
			}
		}
	}
}

// TestRefusedWrites: a refusal leaves nothing to find out.
func TestRefusedWrites(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 405, 409, 410, 412, 422, 429} {
		f := &fake{before: func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodGet {
				w.WriteHeader(status)
			}
			return r.Method != http.MethodGet
		}}
		s := before(t, f.start(t))
		require.Equal(t, status, s.send("PUT", "/Patient/p", patient("p", 1)).status)
		require.Empty(t, s.recorded())
		require.Zero(t, s.open())
	}
}

// TestCommitsLater: the connection breaks, nothing is there, and a moment later it is.
func TestCommitsLater(t *testing.T) {
	f := &fake{before: cutWrites}
	s := before(t, f.start(t))
	defer s.run()()
	require.Equal(t, http.StatusBadGateway, s.send("PUT", "/Patient/p", patient("p", 1)).status)
	require.Empty(t, s.recorded())
	f.mu.Lock()
	f.put("PUT", "Patient", "p", map[string]any{"resourceType": "Patient", "multipleBirthInteger": 1})
	f.mu.Unlock()
	soon(t, func() bool { return len(s.recorded()) == 1 })
}

// TestJournalFails: what can't be noted is not written, and what can't be recorded is
// recorded later, every version of it; the client hears what is true.
func TestJournalFails(t *testing.T) {
	f := &fake{}
	s := before(t, f.start(t))
	rename := func(from, to string) {
		_, err := s.proxy.db.Exec(`ALTER TABLE ` + from + ` RENAME TO ` + to)
		require.NoError(t, err)
	}
	rename("proxy_intent", "away")
	for _, one := range []step{put("p", 1), post(1)} {
		r := s.send(one.method, one.path, one.body)
		require.GreaterOrEqual(t, r.status, 500)
		require.NotContains(t, r.body, "proxy_intent")
	}
	require.Empty(t, f.all, "nothing was written")
	rename("away", "proxy_intent")

	rename("proxy_seen", "away")
	require.Equal(t, http.StatusCreated, s.send("PUT", "/Patient/p", patient("p", 1)).status, "it is there")
	require.Empty(t, s.recorded())
	require.Equal(t, http.StatusOK, s.send("PUT", "/Patient/p", patient("p", 2)).status)
	rename("away", "proxy_seen")
	defer s.run()()
	soon(t, func() bool { return len(s.recorded()) == 2 })
	require.Equal(t, []string{"create Patient/p 1 by POST", "update Patient/p 2 by PUT"}, s.recorded())
	require.NotContains(t, s.log.String(), "Patient/p")
}

// TestUnfinished: the next write of a resource is recorded after what a crash has left
// open, even if it comes first.
func TestUnfinished(t *testing.T) {
	f := &fake{}
	s := before(t, f.start(t))
	s.send("PUT", "/Patient/p", patient("p", 1))
	v, err := s.proxy.upstream.self().read(t.Context(), "Patient", "p")
	require.NoError(t, err)
	require.NoError(t, s.proxy.journal.begin(t.Context(), 0, []intent{{key: "k", resourceType: "Patient", id: "p", before: v, since: time.Now().Add(-2 * time.Second)}}))
	f.mu.Lock()
	f.put("PUT", "Patient", "p", map[string]any{"resourceType": "Patient", "multipleBirthInteger": 2})
	f.mu.Unlock()
	s.send("PUT", "/Patient/p", patient("p", 3))
	require.Equal(t, []string{"create Patient/p 1 by PUT", "update Patient/p 2 by PUT", "update Patient/p 3 by PUT"}, s.recorded())
}

// TestConcurrentWriters: changes of one resource are recorded in the order of its versions.
func TestConcurrentWriters(t *testing.T) {
	f := &fake{}
	s := before(t, f.start(t))
	var n atomic.Int64
	done := make(chan struct{})
	for range 4 {
		go func() {
			defer func() { done <- struct{}{} }()
			for range 10 {
				s.send("PUT", "/Patient/p", patient("p", n.Add(1)))
			}
		}()
	}
	for range 4 {
		<-done
	}
	changes, err := s.proxy.db.Store.ReadChanges(t.Context(), 0, 1000)
	require.NoError(t, err)
	require.Len(t, changes, 40)
	for i, c := range changes {
		v, err := parseVersion(c.Resource)
		require.NoError(t, err)
		require.Equal(t, f.all[i].number, v.number)
	}
}

// TestClientGoesAway: a write that was sent is seen to its end.
func TestClientGoesAway(t *testing.T) {
	sent, answer := make(chan struct{}), make(chan struct{})
	f := &fake{after: func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut {
			close(sent)
			<-answer
		}
		return false
	}}
	s := before(t, f.start(t))
	ctx, cancel := newContext(t)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		r, _ := http.NewRequestWithContext(ctx, "PUT", s.web.URL+"/fhir/Patient/p", strings.NewReader(patient("p", 1)))
		response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
		if err == nil {
			response.Body.Close()
		}
	}()
	<-sent
	cancel()
	<-gone
	close(answer)
	soon(t, func() bool { return s.open() == 0 })
	require.Equal(t, []string{"create Patient/p 1 by PUT"}, s.recorded())
}
