package egress

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/carillon-fhir/carillon/subscription"
	"github.com/stretchr/testify/require"
)

const canary = "canary-6f1d"

// server answers every request with raw bytes, which need not be HTTP.
type server struct {
	url         string
	connections atomic.Int64
	requests    atomic.Int64
}

// serve starts a server. answer may write what it likes; false closes the connection.
func serve(t testing.TB, answer func(r *http.Request, body []byte, w io.Writer) (alive bool)) *server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &server{url: "http://" + listener.Addr().String() + "/" + canary}
	var wg sync.WaitGroup
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	wg.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.connections.Add(1)
			mu.Lock()
			open[conn] = true
			mu.Unlock()
			wg.Go(func() {
				defer func() { _ = conn.Close() }()
				in := bufio.NewReader(conn)
				for {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					body, err := io.ReadAll(r.Body)
					if err != nil {
						return
					}
					s.requests.Add(1)
					if !answer(r, body, conn) {
						return
					}
				}
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		mu.Lock()
		for conn := range open {
			_ = conn.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return s
}

// serveText answers every request with the same bytes.
func serveText(t testing.TB, text string, alive bool) *server {
	return serve(t, func(_ *http.Request, _ []byte, w io.Writer) bool {
		_, err := io.WriteString(w, text)
		return err == nil && alive
	})
}

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// local returns a channel that may reach the servers of this test.
func local(t testing.TB) *Sender {
	c := New(Config{InsecureAllowHTTP: true, AllowNetworks: loopback})
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

const payload = `{"resourceType":"Bundle"}`

func send(t testing.TB, c *Sender, s *server, headers ...string) error {
	t.Helper()
	err := c.Send(t.Context(), subscription.Target{Endpoint: s.url, Headers: headers}, message())
	if err != nil {
		require.NotContains(t, err.Error(), canary)
		require.NotContains(t, err.Error(), strings.TrimPrefix(s.url, "http://")[:9])
	}
	return err
}

func message() subscription.Message {
	return subscription.Message{ContentType: "application/fhir+json", Body: []byte(payload)}
}
