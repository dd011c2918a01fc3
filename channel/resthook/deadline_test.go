package resthook

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
	"github.com/stretchr/testify/require"
)

// TestDeadlines is row R7: an attempt ends when its time is up, whatever the
// endpoint does or doesn't do. Time is fake.
func TestDeadlines(t *testing.T) {
	drip := func(text string) func(net.Conn) {
		return func(c net.Conn) {
			for i := range len(text) {
				time.Sleep(time.Second)
				if _, err := io.WriteString(c, text[i:i+1]); err != nil {
					return
				}
			}
		}
	}
	const head = "HTTP/1.1 200 OK\r\n"
	long := string(make([]byte, 1000))
	for name, c := range map[string]struct {
		scheme  string
		timeout time.Duration // of the Target
		answer  func(net.Conn)
		want    time.Duration
		err     error
	}{
		"no TLS":               {"https", 0, func(net.Conn) {}, tlsTimeout, errTimeout},
		"no answer":            {"http", 0, func(net.Conn) {}, headerTimeout, errTimeout},
		"no answer, short":     {"http", 3 * time.Second, func(net.Conn) {}, 3 * time.Second, errTimeout},
		"head, 1 byte/s":       {"http", 0, drip(head + "X-A: " + long), headerTimeout, errTimeout},
		"endless 1xx":          {"http", 0, drip("HTTP/1.1 103 X\r\n\r\nHTTP/1.1 103 X\r\n\r\n"), headerTimeout, errTimeout},
		"body, 1 byte/s":       {"http", 0, func(c net.Conn) { _, _ = io.WriteString(c, head+"\r\n"); drip(long)(c) }, defaultTimeout, nil},
		"body, 1 byte/s, long": {"http", time.Minute, func(c net.Conn) { _, _ = io.WriteString(c, head+"\r\n"); drip(long)(c) }, time.Minute, nil},
		"closed after 2 s":     {"http", 0, func(c net.Conn) { time.Sleep(2 * time.Second); _ = c.Close() }, 2 * time.Second, errClosed},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ch := New(Config{InsecureAllowHTTP: true})
				near, far := net.Pipe()
				ch.connect = func(context.Context, string, string) (net.Conn, error) { return near, nil }
				var endpoint sync.WaitGroup
				endpoint.Go(func() {
					if c.scheme == "http" {
						r, err := http.ReadRequest(bufio.NewReader(far))
						if err != nil {
							return
						}
						_, _ = io.Copy(io.Discard, r.Body)
					} else {
						_, _ = io.Copy(io.Discard, far)
					}
					c.answer(far)
				})
				start := time.Now()
				err := ch.Send(t.Context(), subscription.Target{Endpoint: c.scheme + "://hook.example.com/", Timeout: c.timeout}, message())
				require.Equal(t, c.err, err)
				require.Equal(t, c.want, time.Since(start))
				require.NoError(t, far.Close())
				require.NoError(t, ch.Close())
				endpoint.Wait()
			})
		})
	}
}

func TestDeadlineOfContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Config{})
		c.connect = func(ctx context.Context, _, _ string) (net.Conn, error) { // a black hole
			<-ctx.Done()
			return nil, ctx.Err()
		}
		for limit, want := range map[time.Duration]time.Duration{3 * time.Second: 3 * time.Second, time.Minute: connectTimeout} {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			start := time.Now()
			err := c.Send(ctx, subscription.Target{Endpoint: "https://hook.example.com/", Timeout: 2 * time.Minute}, message())
			cancel()
			require.Equal(t, want, time.Since(start))
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.EqualError(t, err, "resthook: timeout")
			time.Sleep(connectTimeout) // the dial that was begun for it ends
		}
	})
}
