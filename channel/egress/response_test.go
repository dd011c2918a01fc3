package egress

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// spec: SEC-10
func TestSendBoundedResponse(t *testing.T) { // row R8
	plain := func(n int) string { return strings.Repeat("x", n) }
	pack := func(b []byte, times int) []byte {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		for range times {
			_, err := w.Write(b)
			require.NoError(t, err)
		}
		require.NoError(t, w.Close())
		return packed.Bytes()
	}
	endless := func(chunk string) func(w io.Writer) {
		return func(w io.Writer) {
			for range 1 << 14 { // 1 GiB
				if _, err := io.WriteString(w, chunk); err != nil {
					return
				}
			}
		}
	}
	head := func(h string) func(io.Writer) {
		whole := []byte("HTTP/1.1 200 OK\r\n" + h + "\r\n") // made here, so that the server's copy is no growth of the heap
		return func(w io.Writer) { _, _ = w.Write(whole) }
	}
	text := func(s string) func(io.Writer) { return func(w io.Writer) { _, _ = io.WriteString(w, s) } }
	length := func(n int) string { return fmt.Sprintf("Content-Length: %d\r\n", n) }
	packed := pack(make([]byte, 1<<20), 8) // a thousandth of its content
	bomb, nested := string(packed), string(pack(packed, 100))
	cases := map[string]struct {
		parts []func(io.Writer)
		fails bool
		fresh bool // the connection can't be used again
	}{
		"limit-1":             {parts: []func(io.Writer){head(length(maxResponseBytes - 1)), text(plain(maxResponseBytes - 1))}},
		"limit":               {parts: []func(io.Writer){head(length(maxResponseBytes)), text(plain(maxResponseBytes))}},
		"limit+1":             {parts: []func(io.Writer){head(length(maxResponseBytes + 1)), text(plain(maxResponseBytes + 1))}, fresh: true},
		"1 GiB":               {parts: []func(io.Writer){head(length(1 << 30)), endless(plain(1 << 16))}, fresh: true},
		"endless chunks":      {parts: []func(io.Writer){head("Transfer-Encoding: chunked\r\n"), endless("10000\r\n" + plain(1<<16) + "\r\n")}, fresh: true},
		"endless until close": {parts: []func(io.Writer){head(""), endless(plain(1 << 16))}, fresh: true},
		"gzip bomb":           {parts: []func(io.Writer){head("Content-Encoding: gzip\r\n" + length(len(bomb))), text(bomb)}},
		"nested gzip":         {parts: []func(io.Writer){head("Content-Encoding: gzip, gzip\r\n" + length(len(nested))), text(nested)}},
		"length too long":     {parts: []func(io.Writer){head(length(100)), text(plain(50)), func(w io.Writer) { _ = w.(net.Conn).Close() }}, fresh: true},
		"length too short":    {parts: []func(io.Writer){head(length(2)), text(plain(50) + canary)}, fresh: true},
		"head of 10 MB":       {parts: []func(io.Writer){head("X-A: " + plain(10<<20) + "\r\n")}, fails: true, fresh: true},
		"endless head":        {parts: []func(io.Writer){text("HTTP/1.1 200 OK\r\n"), endless("X-A: " + plain(1<<10) + "\r\n")}, fails: true, fresh: true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(_ *http.Request, _ []byte, w io.Writer) bool {
				for _, part := range c.parts {
					part(w)
				}
				return true
			})
			channel := local(t)
			before := heap()
			err := send(t, channel, s)
			require.Less(t, heap(), before+1<<20)
			require.Equal(t, c.fails, err != nil, "%v", err)
			if !c.fails {
				require.NoError(t, send(t, channel, s))
				require.Equal(t, c.fresh, s.connections.Load() == 2)
			}
		})
	}
	t.Logf("R8 responses=%d", len(cases))
}

// heap is what is in use. One collection leaves what was allocated while it ran, and
// what pools keep until the next.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestSendMalformedResponse is row R9: an answer that is none is an error, and the
// next attempt begins on a fresh connection.
func TestSendMalformedResponse(t *testing.T) {
	const rest = "Content-Length: 0\r\n\r\n"
	answers := []string{
		"", "\r\n\r\n", canary, "220 " + canary + " ESMTP\r\n", "SSH-2.0-" + canary + "\r\n", "-ERR unknown command\r\n", "{\"a\":1}\r\n\r\n",
		"HTTP/1.1\r\n" + rest, "HTTP/1.1 OK\r\n" + rest, "HTTP/1.1 20 OK\r\n" + rest, "HTTP/1.1 2000 OK\r\n" + rest, "HTTP/1.1 -20 OK\r\n" + rest,
		"HTTP/x 200 OK\r\n" + rest, "HTTPS/1.1 200 OK\r\n" + rest, " HTTP/1.1 200 OK\r\n" + rest, "HTTP/1.1 200 OK", "HTTP/1.1 200 OK\r\nX-A",
		"HTTP/1.1 200 OK\r\n: a\r\n" + rest, "HTTP/1.1 200 OK\r\n X-A: b\r\n" + rest,
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1e1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\n", strings.Repeat("HTTP/1.1 103 Early\r\nX-A: "+strings.Repeat("a", 1000)+"\r\n\r\n", 1000),
		"\x15\x03\x01\x00\x02\x02\x28",
		"HTTP/1.1 200 OK\nContent-Length: 0\n", "HTTP/1.1 200 OK\rContent-Length: 0\r\r", "HTTP/0.9 OK", "HTTP/1.1 0x10 OK\r\n" + rest, "HTTP/1.1 2e2 OK\r\n" + rest,
		"HTTP/1.1 200\x00OK\r\n", "HTTP/1.1 \u0662\u0660\u0660 OK\r\n" + rest, "http/1.1 200 OK\r\n" + rest, "HTTP/1,1 200 OK\r\n" + rest, "HTTP/1.1  \r\n" + rest,
		"HTTP/1.1 200 OK\r\n\x00: b\r\n" + rest, "HTTP/1.1 200 OK\r\nX-A\r\n" + rest,
		"HTTP/1.1 200 OK\r\nX-A: b\x00\r\n" + rest, "HTTP/1.1 200 OK\r\n\tfold\r\n" + rest,
		"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na", "HTTP/1.1 200 OK\r\nContent-Length: 1,2\r\n\r\na", "HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\na",
		"HTTP/1.1 200 OK\r\nContent-Length: 1 1\r\n\r\na", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n",
		strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 100_000), "HTTP/1.1 200 OK\r\nX-A: " + strings.Repeat("a", 10<<20) + "\r\n",
	}
	fresh := func(answer string) {
		s := serveText(t, answer, false)
		c := local(t)
		require.Error(t, send(t, c, s), "%q", answer)
		require.Error(t, send(t, c, s), "%q", answer)
		require.Equal(t, int64(2), s.connections.Load(), "%q", answer)
	}
	for _, answer := range answers {
		fresh(answer)
	}
	require.GreaterOrEqual(t, len(answers), 50)
	t.Logf("R9 answers=%d", len(answers))
}

// TestSendUnsolicited: what comes after a response is neither taken for the next
// one nor printed by net/http (see TestMain).
func TestSendUnsolicited(t *testing.T) {
	const stray = "HTTP/1.1 500 " + canary + "\r\nContent-Length: 0\r\n\r\n"
	for name, answer := range map[string]string{
		"after no body":     "HTTP/1.1 204 X\r\n\r\n" + stray,
		"after length 0":    "HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n" + stray,
		"after a body":      "HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\n{}" + stray,
		"after a long body": "HTTP/1.1 200 X\r\nContent-Length: 5000\r\n\r\n" + strings.Repeat("x", 5000) + stray,
		"after chunks":      "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" + stray,
		"garbage":           "HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n" + canary,
		"body of a 204":     "HTTP/1.1 204 X\r\nContent-Length: 4\r\n\r\nbody",
	} {
		t.Run(name, func(t *testing.T) {
			s := serveText(t, answer, true)
			c := local(t)
			for range 20 {
				require.NoError(t, send(t, c, s))
			}
			require.Equal(t, int64(20), s.requests.Load())
			require.Equal(t, int64(20), s.connections.Load())
		})
	}
	t.Run("later", func(t *testing.T) {
		late := make(chan struct{})
		written := make(chan struct{})
		s := serve(t, func(_ *http.Request, _ []byte, w io.Writer) bool {
			_, _ = io.WriteString(w, "HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n")
			<-late
			_, _ = io.WriteString(w, stray)
			close(written)
			return false
		})
		require.NoError(t, send(t, local(t), s))
		close(late)
		<-written
	})
	t.Run("a server that speaks first", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		var wg sync.WaitGroup
		wg.Go(func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				_, _ = io.WriteString(conn, "220 "+canary+" ESMTP\r\n")
				_, _ = io.Copy(io.Discard, conn)
				_ = conn.Close()
			}
		})
		c := local(t)
		for range 20 {
			require.Error(t, send(t, c, &server{url: "http://" + listener.Addr().String()}))
		}
		require.NoError(t, listener.Close())
		wg.Wait()
	})
}
