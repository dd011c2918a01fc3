package fhirproxy

import (
	"context"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func newContext(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}

// direct writes to the upstream around the proxy.
func (f *fake) direct(method, id string, state int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var body map[string]any
	if method != http.MethodDelete {
		body = map[string]any{"resourceType": "Patient", "multipleBirthInteger": state}
	}
	f.put(method, "Patient", id, body)
}

// TestOutage: what was written while the proxy was not there is recorded when it is back,
// in order, and what came through it is not recorded again.
func TestOutage(t *testing.T) {
	for name, pages := range map[string]string{"one page": "", "pages": "HERE", "pages under another name": "https://ehr.example.org/base", "relative pages": "/base"} {
		t.Run(name, func(t *testing.T) { testOutage(t, pages) })
	}
}

func testOutage(t *testing.T, pages string) {
	f := &fake{system: true, pages: pages}
	upstream := f.start(t)
	if pages == "HERE" {
		f.pages = upstream
	}
	file := "sqlite:" + filepath.Join(t.TempDir(), "proxy.db")
	first := before(t, upstream, func(c *Config) { c.Store = file })
	stop := first.run()
	soon(t, first.proxy.caughtUp.Load)
	first.send("PUT", "/Patient/p", patient("p", 1))
	first.send("PUT", "/Patient/q", patient("q", 1))
	first.send("DELETE", "/Patient/q", "")
	stop()
	first.web.Close()
	require.NoError(t, first.proxy.db.Close())

	f.direct("PUT", "p", 2)
	f.direct("PUT", "p", 3)
	f.direct("POST", "new", 4)
	f.direct("DELETE", "p", 0)
	f.direct("PUT", "p", 5)
	f.direct("POST", "short", 6)
	f.direct("DELETE", "short", 0)

	second := before(t, upstream, func(c *Config) { c.Store = file })
	defer second.run()()
	soon(t, second.proxy.caughtUp.Load)
	require.Equal(t, []string{
		"create Patient/p 1 by PUT", "create Patient/q 1 by PUT", "delete Patient/q 1 by DELETE",
		"update Patient/p 2 by PUT", "update Patient/p 3 by PUT", "create Patient/new 4 by POST", "delete Patient/p 3 by DELETE",
		"create Patient/p 5 by POST", "create Patient/short 6 by POST", "delete Patient/short 6 by DELETE",
	}, second.recorded())
	require.NotContains(t, second.log.String(), "no history")
}

// TestForeignPages: a history whose next page can't be read is not followed in part.
func TestForeignPages(t *testing.T) {
	f := &fake{system: true}
	file := "sqlite:" + filepath.Join(t.TempDir(), "proxy.db")
	s := before(t, f.start(t), func(c *Config) { c.Store = file })
	require.NoError(t, s.proxy.journal.keep(t.Context(), followedSince, time.Now().Add(-time.Hour)))
	require.NoError(t, s.proxy.journal.keep(t.Context(), followedTo, time.Now().Add(-time.Hour)))
	for i := range 5 {
		f.direct("PUT", "p", i)
	}
	f.pages = "https://ehr.example.org/other"
	silent := false
	require.ErrorIs(t, s.proxy.catchUp(t.Context(), &silent), errPages)
	require.Empty(t, s.recorded())
	f.pages = ""
	require.NoError(t, s.proxy.catchUp(t.Context(), &silent))
	require.Len(t, s.recorded(), 5)
}

// TestPoll: writes that go around the proxy are found, beside those that come through it.
func TestPoll(t *testing.T) {
	f := &fake{system: true}
	s := before(t, f.start(t), func(c *Config) { c.Poll = 5 * time.Millisecond })
	defer s.run()()
	soon(t, s.proxy.caughtUp.Load)
	want := 0
	for i := range 10 {
		s.send("PUT", "/Patient/p", patient("p", i))
		f.direct("PUT", "q", i)
		s.send("POST", "/Patient", patient("", i))
		want += 3
	}
	soon(t, func() bool { return len(s.recorded()) >= want })
	f.direct("DELETE", "q", 0)
	soon(t, func() bool { return len(s.recorded()) >= want+1 })
	require.Len(t, s.recorded(), want+1)
	require.Len(t, f.all, want+1)
}

// TestNoHistory: an upstream without one is told of once, and nothing is made up.
func TestNoHistory(t *testing.T) {
	f := &fake{noHistory: true}
	f.direct("PUT", "old", 1)
	s := before(t, f.start(t), func(c *Config) { c.Poll = 5 * time.Millisecond })
	defer s.run()()
	soon(t, s.proxy.caughtUp.Load)
	s.send("PUT", "/Patient/p", patient("p", 1))
	s.send("PUT", "/Patient/old", patient("old", 2))
	require.Equal(t, []string{"create Patient/p 1 by PUT", "update Patient/old 2 by PUT"}, s.recorded())
	soon(t, func() bool { return len(s.log.String()) > 0 })
	require.Contains(t, s.log.String(), "no history")
}

// TestUpstreamDown: the proxy starts before an upstream that is not there, says so to
// clients, and catches up when it comes.
func TestUpstreamDown(t *testing.T) {
	s := before(t, "http://127.0.0.1:1/base")
	defer s.run()()
	for _, one := range []step{put("p", 1), post(1), {"GET", "/Patient/p", "", nil}, {"GET", "/metadata", "", nil}} {
		r := s.send(one.method, one.path, one.body)
		require.Equal(t, http.StatusBadGateway, r.status)
		require.Contains(t, r.body, "OperationOutcome")
		require.NotContains(t, r.body, "127.0.0.1")
	}
	require.NotContains(t, s.log.String(), "127.0.0.1")
	require.False(t, s.proxy.caughtUp.Load())
}
