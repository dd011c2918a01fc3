package egress

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/carillon-fhir/carillon/internal/memnet"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/stretchr/testify/require"
)

// sickness is an endpoint that does something else than to answer.
type sickness struct {
	name    string
	scheme  string
	timeout time.Duration // of the Target
	answer  func(net.Conn)
	want    time.Duration // until the attempt ends; negative: at most so long
	err     error
}

func sicknesses() []sickness {
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
	say := func(text string, then func(net.Conn)) func(net.Conn) {
		return func(c net.Conn) {
			_, _ = io.WriteString(c, text)
			then(c)
		}
	}
	silent := func(net.Conn) {}
	hangUp := func(c net.Conn) { _ = c.Close() }
	halfClose := func(c net.Conn) { _ = c.(interface{ CloseWrite() error }).CloseWrite() }
	after := func(d time.Duration, then func(net.Conn)) func(net.Conn) {
		return func(c net.Conn) { time.Sleep(d); then(c) }
	}
	endless := func(text string) func(net.Conn) {
		return func(c net.Conn) {
			for {
				if _, err := io.WriteString(c, text); err != nil {
					return
				}
				time.Sleep(time.Millisecond)
			}
		}
	}
	const head = "HTTP/1.1 200 OK\r\n"
	long := strings.Repeat("x", 1000)
	list := []sickness{
		{"no TLS", "https", 0, silent, tlsTimeout, errTimeout},
		{"no TLS, short", "https", 2 * time.Second, silent, 2 * time.Second, errTimeout},
		{"TLS, 1 byte/s", "https", 0, drip("\x16\x03\x03\x00\x7a" + long), tlsTimeout, errTimeout},
		{"TLS, hangs up", "https", 0, hangUp, 0, errTLS},
		{"TLS, half close", "https", 0, halfClose, 0, errTLS},
		{"TLS, alert", "https", 0, say("\x15\x03\x01\x00\x02\x02\x28", silent), 0, errTLS},
		{"TLS, speaks HTTP", "https", 0, say(head+"\r\n", silent), 0, errTLS},
		{"no answer", "http", 0, silent, headerTimeout, errTimeout},
		{"no answer, short", "http", 3 * time.Second, silent, 3 * time.Second, errTimeout},
		{"no answer, long", "http", time.Minute, silent, headerTimeout, errTimeout},
		{"head, 1 byte/s", "http", 0, drip(head + "X-A: " + long), headerTimeout, errTimeout},
		{"head, 1 byte/s, short", "http", 7 * time.Second, drip(head + "X-A: " + long), 7 * time.Second, errTimeout},
		{"head, then nothing", "http", 0, say(head, silent), headerTimeout, errTimeout},
		{"head just in time", "http", 0, after(headerTimeout-time.Millisecond, say(head+"Content-Length: 0\r\n\r\n", silent)), headerTimeout - time.Millisecond, nil},
		{"head too late", "http", 0, after(headerTimeout+time.Millisecond, say(head+"Content-Length: 0\r\n\r\n", silent)), headerTimeout, errTimeout},
		{"endless 1xx", "http", 0, drip(strings.Repeat("HTTP/1.1 103 X\r\n\r\n", 10)), headerTimeout, errTimeout},
		{"endless 100", "http", 0, endless("HTTP/1.1 100 Continue\r\n\r\n"), -headerTimeout, errOther},
		{"endless head", "http", 0, endless("X: " + long + "\r\n"), -headerTimeout, errOther},
		{"half close", "http", 0, halfClose, 0, errClosed},
		{"hangs up", "http", 0, hangUp, 0, errClosed},
		{"hangs up after 2 s", "http", 0, after(2*time.Second, hangUp), 2 * time.Second, errClosed},
		{"body, 1 byte/s", "http", 0, say(head+"\r\n", drip(long)), defaultTimeout, nil},
		{"body, 1 byte/s, long", "http", time.Minute, say(head+"\r\n", drip(long)), time.Minute, nil},
		{"body, then nothing", "http", 0, say(head+"Content-Length: 10\r\n\r\n12345", silent), defaultTimeout, nil},
		{"body, then hangs up", "http", 0, say(head+"Content-Length: 10\r\n\r\n12345", hangUp), 0, nil},
		{"body, then half close", "http", 0, say(head+"\r\n12345", halfClose), 0, nil},
		{"chunks, 1 byte/s", "http", 0, say(head+"Transfer-Encoding: chunked\r\n\r\n", drip(strings.Repeat("1\r\nx\r\n", 100))), defaultTimeout, nil},
		{"endless body", "http", 0, say(head+"\r\n", endless(strings.Repeat(long, 10))), -headerTimeout, nil},
		{"failure with endless body", "http", 0, say("HTTP/1.1 500 X\r\n\r\n", drip(long)), defaultTimeout, StatusError(500)},
	}
	const answer = head + "Content-Length: 0\r\nX-A: bcdef\r\n\r\n"
	for n := range len(answer) {
		list = append(list, sickness{fmt.Sprintf("head reset after %d bytes", n), "http", 0, say(answer[:n], hangUp), 0, errClosed})
	}
	return list
}

// TestDeadlines is row R7: an attempt ends when its time is up, whatever the
// endpoint does or doesn't do, and what it held is free for the next. Time is fake.
func TestDeadlines(t *testing.T) {
	list := sicknesses()
	for _, c := range list {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ch := New(Config{InsecureAllowHTTP: true, MaxConnsPerHost: 1})
				network := memnet.New()
				ch.connect = network.DialContext
				var endpoint sync.WaitGroup
				endpoint.Go(func() {
					far, err := network.Accept()
					if err != nil {
						return
					}
					defer func() { _ = far.Close() }()
					if c.scheme == "http" {
						r, err := http.ReadRequest(bufio.NewReader(far))
						if err != nil {
							return
						}
						_, _ = io.Copy(io.Discard, r.Body)
						c.answer(far)
					} else {
						endpoint.Go(func() { c.answer(far) })
					}
					_, _ = io.Copy(io.Discard, far)
				})
				target := subscription.Target{Endpoint: c.scheme + "://hook.example.com/", Timeout: c.timeout}
				start := time.Now()
				err := ch.Send(t.Context(), target, message())
				if c.err == errClosed { // or, if it was cut within a line, none that is valid
					require.Contains(t, []error{errClosed, errOther}, err)
				} else {
					require.Equal(t, c.err, err)
				}
				if c.want < 0 {
					require.Less(t, time.Since(start), -c.want)
				} else {
					require.Equal(t, c.want, time.Since(start))
				}

				// The one connection that there may be is free again.
				healthy := memnet.New()
				stop := serveMemory(t, healthy, func(*http.Request, []byte) int { return http.StatusOK })
				require.NoError(t, ch.Close()) // one that was healthy stays open
				ch.connect = healthy.DialContext
				target.Endpoint = "http://hook.example.com/"
				require.NoError(t, ch.Send(t.Context(), target, message()))
				require.NoError(t, ch.Close())
				stop()
				require.NoError(t, network.Close())
				endpoint.Wait()
			})
		})
	}
	require.GreaterOrEqual(t, len(list), 60)
	t.Logf("R7 endpoints=%d", len(list)+2)
}

func TestDeadlineOfContext(t *testing.T) { // row R7, black hole at connect
	synctest.Test(t, func(t *testing.T) {
		c := New(Config{})
		c.connect = func(ctx context.Context, _, _ string) (net.Conn, error) {
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
			require.EqualError(t, err, "timeout")
			time.Sleep(connectTimeout) // the dial that was begun for it ends
		}
	})
}

// TestDeadlineInQueue: an attempt that waits for a connection waits no longer than
// it may.
func TestDeadlineInQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := memnet.New()
		release := make(chan struct{})
		stop := serveMemory(t, network, func(*http.Request, []byte) int { <-release; return http.StatusOK })
		c := New(Config{InsecureAllowHTTP: true, MaxConnsPerHost: 2})
		c.connect = network.DialContext
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond) // two come first
				timeout := 14 * time.Second
				if i >= 2 {
					timeout = 5 * time.Second
				}
				start := time.Now()
				err := c.Send(t.Context(), subscription.Target{Endpoint: "http://hook.example.com/", Timeout: timeout}, message())
				if i < 2 {
					require.NoError(t, err)
				} else {
					require.Equal(t, errTimeout, err)
					require.Equal(t, timeout, time.Since(start))
				}
			})
		}
		time.Sleep(10 * time.Second)
		require.Equal(t, 2, network.Dials())
		close(release)
		wg.Wait()
		require.NoError(t, c.Close())
		stop()
	})
}
