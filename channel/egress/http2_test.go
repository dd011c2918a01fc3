package egress

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/carillon-fhir/carillon/internal/memnet"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/stretchr/testify/require"
)

// frame writes one frame of HTTP/2 (RFC 9113, 4.1).
func frame(kind, flags byte, stream uint32, payload string) string {
	header := []byte{byte(len(payload) >> 16), byte(len(payload) >> 8), byte(len(payload)), kind, flags}
	return string(binary.BigEndian.AppendUint32(header, stream)) + payload
}

const (
	dataKind, headersKind, resetKind, goAwayKind, continuationKind = 0, 1, 3, 7, 9

	endStream, endHeaders = 1, 4
	status200             = "\x88" // of the static table of HPACK
)

// answerFrames is an HTTP/2 endpoint that begins with opening and answers the first
// request on each connection with what answer writes.
func answerFrames(conn net.Conn, opening string, answer func(w io.Writer)) {
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, opening); err != nil {
		return
	}
	if _, err := io.ReadFull(conn, make([]byte, len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))); err != nil {
		return
	}
	var header [frameHeader]byte
	for {
		if _, err := io.ReadFull(conn, header[:]); err != nil {
			return
		}
		length := int64(header[0])<<16 | int64(header[1])<<8 | int64(header[2])
		if _, err := io.CopyN(io.Discard, conn, length); err != nil {
			return
		}
		if header[3] == headersKind {
			go answer(conn)
		}
	}
}

// serveFrames starts such an endpoint.
func serveFrames(t testing.TB, a *authority, opening string, answer func(w io.Writer)) (url string, connections *atomic.Int64) {
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	listener := tls.NewListener(plain, &tls.Config{
		Certificates: []tls.Certificate{a.issue(t, "hook.example.com", time.Hour)}, NextProtos: []string{"h2"},
	})
	var wg sync.WaitGroup
	connections = new(atomic.Int64)
	wg.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			wg.Go(func() { answerFrames(conn, opening, answer) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		wg.Wait()
	})
	return "https://" + plain.Addr().String() + "/" + canary, connections
}

var settings = frame(settingsFrame, 0, 0, "")

// TestHTTP2 is what rows R8 and R9 ask of HTTP/2: an endpoint may write what it likes.
// Nothing of it is printed (see TestMain).
func TestHTTP2(t *testing.T) {
	ok := frame(headersKind, endHeaders|endStream, 1, status200)
	head := frame(headersKind, endHeaders, 1, status200)
	unknown := frame(0xfa, 0xff, 1, canary) + frame(0x0a, 0, 0, canary)
	text := func(s string) func(io.Writer) { return func(w io.Writer) { _, _ = io.WriteString(w, s) } }
	endless := func(first, s string) func(io.Writer) {
		return func(w io.Writer) {
			_, _ = io.WriteString(w, first)
			for range 1 << 14 {
				if _, err := io.WriteString(w, s); err != nil {
					return
				}
			}
		}
	}
	for name, c := range map[string]struct {
		opening string
		answer  func(io.Writer)
		fails   bool
	}{
		"answer":                {settings, text(ok), false},
		"body":                  {settings, text(head + frame(dataKind, endStream, 1, canary)), false},
		"frames of other types": {settings + strings.Repeat(unknown, 10_000), text(strings.Repeat(unknown, 10_000) + ok + unknown), false},
		"no settings":           {ok, text(ok), true},
		"unknown frame first":   {unknown, text(ok), true},
		"HTTP/1":                {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", text(""), true},
		"frame of 16 MB":        {settings, text("\xff\xff\xff\x00\x00\x00\x00\x00\x01" + canary), true},
		"goes away":             {settings, text(frame(goAwayKind, 0, 0, "\x00\x00\x00\x00\x00\x00\x00\x02"+canary)), true},
		"goes away at once":     {settings + frame(goAwayKind, 0, 0, "\x00\x00\x00\x00\x00\x00\x00\x00"), text(""), true},
		"resets":                {settings, text(frame(resetKind, 0, 1, "\x00\x00\x00\x02")), true},
		"garbage for headers":   {settings, text(frame(headersKind, endHeaders, 1, canary)), true},
		"no status":             {settings, text(frame(headersKind, endHeaders|endStream, 1, "\x84")), true},
		"headers of 10 MB":      {settings, endless(frame(headersKind, 0, 1, status200), frame(continuationKind, 0, 1, strings.Repeat("\x40\x01a\x7f\xff\x07"+strings.Repeat("a", 1022), 8))), true},
		"1 GiB":                 {settings, endless(head, frame(dataKind, 0, 1, strings.Repeat("x", maxFrame))), false},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuthority(t)
			url, connections := serveFrames(t, a, c.opening, c.answer)
			hooks := New(Config{AllowNetworks: loopback, RootCAs: a.pool()})
			defer func() { require.NoError(t, hooks.Close()) }()
			before := heap()
			target := subscription.Target{Endpoint: url, Timeout: 5 * time.Second}
			if name == "goes away at once" {
				target.Timeout = 500 * time.Millisecond
				require.Equal(t, errTimeout, hooks.Send(t.Context(), target, message()))
				require.LessOrEqual(t, connections.Load(), int64(12), "it isn't called without a pause")
				return
			}
			err := hooks.Send(t.Context(), target, message())
			require.Equal(t, c.fails, err != nil, "%v", err)
			if err != nil {
				require.NotContains(t, err.Error(), canary)
				require.NotErrorIs(t, err, errTimeout)
			}
			require.Less(t, heap(), before+4<<20) // the peer, which writes as fast as it can, is in this process, too
			require.Equal(t, int64(1), connections.Load())
		})
	}
}

// TestHTTP2Deadlines is what row R7 asks of HTTP/2.
func TestHTTP2Deadlines(t *testing.T) {
	head := frame(headersKind, endHeaders, 1, status200)
	drip := func(text string) func(io.Writer) {
		return func(w io.Writer) {
			for i := range len(text) {
				time.Sleep(time.Second)
				if _, err := io.WriteString(w, text[i:i+1]); err != nil {
					return
				}
			}
		}
	}
	body := func(w io.Writer) {
		_, _ = io.WriteString(w, head)
		drip(strings.Repeat(frame(dataKind, 0, 1, "x"), 10))(w)
	}
	for name, c := range map[string]struct {
		opening string
		answer  func(io.Writer)
		timeout time.Duration
		want    time.Duration
		err     error
	}{
		"silence":               {"", func(io.Writer) {}, 0, headerTimeout, errTimeout},
		"no answer":             {settings, func(io.Writer) {}, 0, headerTimeout, errTimeout},
		"no answer, short":      {settings, func(io.Writer) {}, 4 * time.Second, 4 * time.Second, errTimeout},
		"head, 1 byte/s":        {settings, drip(strings.Repeat(head, 10)), 5 * time.Second, 5 * time.Second, errTimeout},
		"body, 1 byte/s":        {settings, body, 0, defaultTimeout, nil},
		"body, 1 byte/s, short": {settings, body, 7 * time.Second, 7 * time.Second, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAuthority(t)
				network := memnet.New()
				config := &tls.Config{Certificates: []tls.Certificate{a.issue(t, "hook.example.com", time.Hour)}, NextProtos: []string{"h2"}}
				var endpoint sync.WaitGroup
				endpoint.Go(func() {
					conn, err := network.Accept()
					if err != nil {
						return
					}
					answerFrames(tls.Server(conn, config), c.opening, c.answer)
				})
				hooks := New(Config{RootCAs: a.pool()})
				hooks.connect = network.DialContext
				start := time.Now()
				err := hooks.Send(t.Context(), subscription.Target{Endpoint: "https://hook.example.com/", Timeout: c.timeout}, message())
				require.Equal(t, c.err, err)
				require.Equal(t, c.want, time.Since(start))
				time.Sleep(3 * time.Minute) // what drips ends
				require.NoError(t, hooks.Close())
				endpoint.Wait()
			})
		})
	}
}

func FuzzFrames(f *testing.F) {
	f.Add(settings + frame(0xfa, 0, 1, canary) + frame(headersKind, endHeaders, 1, status200))
	f.Add("HTTP/1.1 200 OK\r\n\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		c := &frames{in: bufio.NewReader(strings.NewReader(text))}
		read, err := io.ReadAll(c)
		if err == nil {
			err = io.EOF
		}
		require.Contains(t, []error{io.EOF, io.ErrUnexpectedEOF, errClosed}, err)
		if len(read) > 0 {
			require.Equal(t, byte(settingsFrame), read[3])
			require.True(t, bytes.HasPrefix([]byte(text), read[:min(len(read), frameHeader)]))
		}
	})
}

// TestHTTP2IsUsed: the transport of this release of Go reads through frames.
func TestHTTP2IsUsed(t *testing.T) {
	require.True(t, (&tenant{transport: New(Config{}).newTransport(nil)}).guardFrames())
	require.False(t, (&tenant{transport: &http.Transport{Protocols: new(http.Protocols)}}).guardFrames())
}

// TestHTTP2Close: a connection doesn't outlive Close because an attempt on it was
// given up a moment before.
func TestHTTP2Close(t *testing.T) {
	a := newAuthority(t)
	url, _ := serveFrames(t, a, settings, func(io.Writer) {})
	hooks := New(Config{AllowNetworks: loopback, RootCAs: a.pool()})
	for range 20 {
		err := hooks.Send(t.Context(), subscription.Target{Endpoint: url, Timeout: 20 * time.Millisecond}, message())
		require.Error(t, err) // no time left, or it was given the connection that Close had just closed
		require.NoError(t, hooks.Close())
		require.Eventually(t, func() bool {
			one := hooks.tenant("", time.Now())
			one.mu.Lock()
			defer one.mu.Unlock()
			return len(one.conns) == 0
		}, 5*time.Second, time.Millisecond)
	}
}
