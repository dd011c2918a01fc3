package fhirproxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/postgrestest"
)

// TestStreams: what the upstream sends piece by piece arrives piece by piece.
func TestStreams(t *testing.T) {
	more := make(chan struct{})
	f := &fake{before: func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "one\n")
		w.(http.Flusher).Flush()
		<-more
		_, _ = io.WriteString(w, "two\n")
		return true
	}}
	s := before(t, f.start(t))
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(s.web.URL + "/fhir/Patient/$stream")
	require.NoError(t, err)
	defer response.Body.Close()
	lines := bufio.NewReader(response.Body)
	line, err := lines.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "one\n", line)
	close(more)
	line, err = lines.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "two\n", line)
}

// TestUpgrades: an upgraded connection is the upstream's.
func TestUpgrades(t *testing.T) {
	f := &fake{before: func(w http.ResponseWriter, r *http.Request) bool {
		conn, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return true
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		line, _ := rw.ReadString('\n')
		_, _ = io.WriteString(conn, line)
		return true
	}}
	s := before(t, f.start(t))
	conn, err := net.Dial("tcp", s.web.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	fmt.Fprintf(conn, "GET /fhir/cast HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	answer := bufio.NewReader(conn)
	status, err := answer.ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, status, "101")
	for line := status; strings.TrimSpace(line) != ""; {
		line, err = answer.ReadString('\n')
		require.NoError(t, err)
	}
	fmt.Fprintln(conn, "hello")
	line, err := answer.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "hello\n", line)
}

// TestStores: the journal is the same over every store.
func TestStores(t *testing.T) {
	for name, store := range map[string]func() string{"memory": func() string { return "memory" }, "postgres": func() string { return "postgres:" + postgrestest.DSN(t) }} {
		t.Run(name, func(t *testing.T) {
			f := &fake{system: true}
			s := before(t, f.start(t), func(c *Config) { c.Store = store() })
			s.send("PUT", "/Patient/p", patient("p", 1))
			f.after = cutWrites
			require.Equal(t, http.StatusBadGateway, s.send("PUT", "/Patient/p", patient("p", 2)).status)
			require.Equal(t, http.StatusBadGateway, s.send("POST", "/Patient", patient("", 3)).status)
			require.Equal(t, 2, s.open())
			f.after = nil
			s.send("DELETE", "/Patient/p", "")
			stop := s.run()
			soon(t, s.proxy.caughtUp.Load)
			stop()
			require.NoError(t, s.proxy.journal.reclaim(t.Context()))
			for range checks {
				list, err := s.proxy.journal.due(t.Context(), "", "", 10)
				require.NoError(t, err)
				for _, in := range list {
					s.proxy.settle(t.Context(), s.proxy.upstream.self(), in)
				}
				require.NoError(t, s.proxy.journal.reclaim(t.Context()))
			}
			require.Zero(t, s.open(), "after the last look it is settled")
			require.Equal(t, []string{"create Patient/p 1 by PUT", "update Patient/p 2 by PUT", "create Patient/new3 3 by POST", "delete Patient/p 2 by DELETE"}, s.recorded())
		})
	}
}
