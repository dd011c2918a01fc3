package egress

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
	"github.com/stretchr/testify/require"
)

// spec: CH-REST-01, CH-REST-02, CH-REST-03
func TestSendRequest(t *testing.T) { // rows S8, CH-REST-01 to CH-REST-03
	var got *http.Request
	var body []byte
	s := serve(t, func(r *http.Request, b []byte, w io.Writer) bool {
		got, body = r, b
		_, err := io.WriteString(w, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		return err == nil
	})
	c := local(t)
	m := message()
	m.ContentType = "application/fhir+json; fhirVersion=4.0"
	err := c.Send(t.Context(), subscription.Target{
		Endpoint: s.url + "/a%2Fb?q=1&r=%20", Headers: []string{"Authorization: Basic a:b", "X-A: 1", "x-a : 2"},
	}, m)
	require.NoError(t, err)
	require.Equal(t, "POST", got.Method)
	require.Equal(t, "/"+canary+"/a%2Fb?q=1&r=%20", got.RequestURI, "the endpoint as is")
	require.Equal(t, payload, string(body))
	require.Equal(t, http.Header{
		"Authorization": {"Basic a:b"}, "X-A": {"1", "2"}, "User-Agent": {"Carillon"},
		"Content-Type": {"application/fhir+json; fhirVersion=4.0"}, "Content-Length": {fmt.Sprint(len(payload))},
	}, got.Header, "nothing else: no Accept-Encoding, no Connection")

	m.ContentType = ""
	require.NoError(t, c.Send(t.Context(), subscription.Target{Endpoint: s.url, Headers: []string{"user-agent: mine"}}, m))
	require.Equal(t, []string{"mine"}, got.Header["User-Agent"])
	require.Equal(t, "application/fhir+json", got.Header.Get("Content-Type"))
	require.Equal(t, int64(1), s.connections.Load())
}

// spec: CH-REST-07, CH-REST-08
func TestSendSuccess(t *testing.T) { // row R1
	count := 0
	for name, body := range map[string]string{
		"empty": "", "HTML": "<html>" + canary + "</html>", "invalid JSON": `{"`,
		"OperationOutcome": `{"resourceType":"OperationOutcome","issue":[{"severity":"fatal","code":"exception"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			c := local(t)
			for status := 200; status <= 299; status++ {
				s := serveText(t, fmt.Sprintf("HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body), true)
				require.NoError(t, send(t, c, s), status)
				require.Equal(t, int64(1), s.requests.Load(), status)
				count++
			}
		})
	}
	t.Logf("R1 answers=%d", count)
}

func TestSendStatus(t *testing.T) { // row R2
	permanent := map[int]bool{400: true, 401: true, 403: true, 404: true, 405: true, 413: true, 415: true, 422: true, 501: true}
	c := local(t)
	count := 0
	for status := range 1000 {
		if 200 <= status && status <= 299 || status > 620 && status%37 != 0 {
			continue
		}
		s := serveText(t, fmt.Sprintf("HTTP/1.1 %03d %s\r\nX-A: %s\r\nContent-Length: 2\r\n\r\n{}", status, canary, canary), false)
		err := send(t, c, s)
		count++
		require.Equal(t, int64(1), s.requests.Load(), status)
		switch {
		case status == 410:
			require.Equal(t, subscription.Gone(StatusError(410)), err)
		case permanent[status]:
			require.Equal(t, subscription.Permanent(StatusError(status)), err)
		case status != 101 && 100 <= status && status <= 199: // no answer, but that one follows
			require.Error(t, err, status)
		default:
			require.Equal(t, StatusError(status), err)
			require.EqualError(t, err, fmt.Sprintf("status %d", status))
		}
	}
	t.Logf("R2 statuses=%d", count)
}

// spec: CH-REST-07, SEC-10
func TestSendFollowsNothing(t *testing.T) { // rows R3, S3
	trap := serveText(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true)
	c := local(t)
	count := 0
	for _, status := range []int{301, 302, 303, 307, 308, 300, 305} {
		for _, location := range []string{
			trap.url, strings.Replace(trap.url, "127.0.0.1", "127.0.0.2", 1), strings.Replace(trap.url, "http", "https", 1), "/other",
			"http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "",
		} {
			s := serveText(t, fmt.Sprintf("HTTP/1.1 %d X\r\nLocation: %s\r\nRefresh: 0; url=%s\r\nAlt-Svc: h2=\"%s\"\r\nContent-Length: 0\r\n\r\n",
				status, location, location, strings.TrimPrefix(trap.url, "http://")), true)
			require.Equal(t, StatusError(status), send(t, c, s, "X-Token: "+canary))
			require.Equal(t, int64(1), s.requests.Load())
			count++
		}
	}
	require.Zero(t, trap.connections.Load())
	t.Logf("R3 redirects=%d followed=0", count)
	t.Logf("S3 locations=%d followed=0", count)
}

func TestSendRetryAfter(t *testing.T) { // row R6
	c := local(t)
	for header, want := range map[string]error{
		"":                                     StatusError(503),
		"Retry-After: \r\n":                    StatusError(503),
		"Retry-After: 120\r\n":                 subscription.RetryAfter(StatusError(503), 2*time.Minute),
		"retry-after:  7 \r\n":                 subscription.RetryAfter(StatusError(503), 7*time.Second),
		"Retry-After: 5\r\nRetry-After: 9\r\n": subscription.RetryAfter(StatusError(503), 5*time.Second),
		"Retry-After: " + canary + "\r\n":      StatusError(503),
	} {
		s := serveText(t, "HTTP/1.1 503 X\r\n"+header+"Content-Length: 0\r\n\r\n", true)
		require.Equal(t, want, send(t, c, s), header)
	}
	s := serveText(t, "HTTP/1.1 429 X\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n", true)
	require.Equal(t, subscription.RetryAfter(StatusError(429), time.Second), send(t, c, s))
	s = serveText(t, "HTTP/1.1 500 X\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n", true)
	require.Equal(t, StatusError(500), send(t, c, s))
}

func TestRetryAfter(t *testing.T) { // row R6
	now := time.Date(2026, 3, 2, 8, 15, 30, 0, time.UTC)
	values := map[string]time.Duration{
		"": 0, " ": 0, "0": 0, "1": time.Second, "007": 7 * time.Second, " 60 ": time.Minute, "3600": time.Hour,
		"86400": maxRetryAfter, "86401": maxRetryAfter, "1000000000": maxRetryAfter, "10000000000000000000": maxRetryAfter,
		strings.Repeat("9", 1000): maxRetryAfter,
		"-1":                      0, "+1": 0, "1.5": 0, "1e9": 0, "0x10": 0, "soon": 0, "1, 2": 0, "١": 0,
		"Mon, 02 Mar 2026 08:16:30 GMT":  time.Minute,
		"Monday, 02-Mar-26 08:16:30 GMT": time.Minute,
		"Mon Mar  2 08:16:30 2026":       time.Minute,
		"Mon, 02 Mar 2026 08:14:30 GMT":  0,
		"Mon, 02 Mar 2126 08:16:30 GMT":  maxRetryAfter,
		"Mon, 99 Mar 2026 08:16:30 GMT":  0,
	}
	for value, want := range values {
		require.Equal(t, want, retryAfter(value, now), "%q", value)
	}
	t.Logf("R6 values=%d", len(values))
}

func TestSendReusesConnections(t *testing.T) {
	for name, answer := range map[string]string{
		"no body":   "HTTP/1.1 204 X\r\n\r\n",
		"body":      "HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\n{}",
		"long body": "HTTP/1.1 200 X\r\nContent-Length: 20000\r\n\r\n" + strings.Repeat("x", 20000),
		"chunks":    "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n800\r\n" + strings.Repeat("x", 0x800) + "\r\n0\r\nX-T: a\r\n\r\n",
		"failure":   "HTTP/1.1 500 X\r\nContent-Length: 2\r\n\r\n{}",
		"early":     "HTTP/1.1 103 X\r\nLink: a\r\n\r\nHTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := serveText(t, answer, true)
			c := local(t)
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					for range 100 {
						err := send(t, c, s)
						if name == "failure" {
							require.Equal(t, StatusError(500), err)
						} else {
							require.NoError(t, err)
						}
					}
				})
			}
			wg.Wait()
			require.Equal(t, int64(400), s.requests.Load())
			require.LessOrEqual(t, s.connections.Load(), int64(8))
		})
	}
}

// TestSendKeepsNothing: the message's bytes may change as soon as Send has returned,
// even if the endpoint answered before it had read them.
func TestSendKeepsNothing(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		_, _ = conn.Read(make([]byte, 100))
		_, _ = io.WriteString(conn, "HTTP/1.1 413 X\r\nContent-Length: 0\r\n\r\n")
		_, _ = io.Copy(io.Discard, conn)
		_ = conn.Close()
	})
	c := local(t)
	m := message()
	m.Body = bytes.Repeat([]byte("x"), 8<<20)
	err = c.Send(t.Context(), subscription.Target{Endpoint: "http://" + listener.Addr().String()}, m)
	require.Equal(t, subscription.Permanent(StatusError(413)), err)
	clear(m.Body) // the race detector looks on
	require.NoError(t, c.Close())
	require.NoError(t, listener.Close())
	wg.Wait()
}

func TestSendErrors(t *testing.T) {
	c := local(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	gone := &server{url: "http://" + listener.Addr().String() + "/" + canary}
	require.Equal(t, errRefused, send(t, c, gone))

	s := serveText(t, "HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n", true)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = c.Send(ctx, subscription.Target{Endpoint: s.url}, message())
	require.ErrorIs(t, err, context.Canceled)
	require.EqualError(t, err, "canceled")

	c.connect = func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: canary, IsNotFound: true}}
	}
	require.EqualError(t, send(t, c, &server{url: "http://hook.example.com/"}), "dns")
	c.connect = func(context.Context, string, string) (net.Conn, error) { return nil, errors.New(canary) }
	require.EqualError(t, send(t, c, &server{url: "http://hook2.example.com/"}), "no valid response")
}
