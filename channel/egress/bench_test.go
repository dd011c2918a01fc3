package egress

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
	"github.com/stretchr/testify/require"
)

// BenchmarkSend compares one delivery with a bare POST of net/http to the same
// endpoint, which allocates nothing: all allocations are the sender's. The last run
// does both by turns, whose ratio is of some worth on a busy machine.
func BenchmarkSend(b *testing.B) {
	content := append(bytes.Repeat([]byte("x"), 2<<10), '}')
	url := "http://" + endpoint(b)
	c := local(b)
	target := subscription.Target{Endpoint: url, Headers: []string{"Authorization: Bearer a"}}
	m := subscription.Message{ID: "1", ContentType: "application/fhir+json", Body: content}
	channel := func() {
		if err := c.Send(b.Context(), target, m); err != nil {
			b.Fatal(err)
		}
	}
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	bare := func() {
		request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url, bytes.NewReader(content))
		if err != nil {
			b.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/fhir+json")
		request.Header.Set("Authorization", "Bearer a")
		response, err := client.Do(request)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}
	run := func(name string, send func()) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				send()
			}
		})
	}
	run("channel", channel)
	run("bare", bare)
	c.config.Credentials = signed(b)
	run("signed", channel)
	c.config.Credentials = nil
	b.Run("ratio", func(b *testing.B) {
		var ours, theirs time.Duration
		for b.Loop() {
			start := time.Now()
			channel()
			middle := time.Now()
			bare()
			ours, theirs = ours+middle.Sub(start), theirs+time.Since(middle)
		}
		b.ReportMetric(float64(ours)/float64(theirs), "channel/bare")
	})
}

func signed(b *testing.B) func(context.Context, string, string) (Credentials, error) {
	credentials := Credentials{SigningKeys: []SigningKey{signingKey(b, symmetric(1))}}
	return func(context.Context, string, string) (Credentials, error) { return credentials, nil }
}

// endpoint answers whatever ends in a brace.
func endpoint(b *testing.B) (address string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	b.Cleanup(func() { _ = listener.Close() })
	answer := []byte("HTTP/1.1 200 OK\r\nDate: Mon, 02 Mar 2026 08:15:30 GMT\r\n" +
		"Content-Type: application/fhir+json\r\nContent-Length: 35\r\n\r\n" + `{"resourceType":"OperationOutcome"}`)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				buffer := make([]byte, 8<<10)
				for {
					n, err := conn.Read(buffer)
					if err != nil {
						_ = conn.Close()
						return
					}
					if buffer[n-1] == '}' {
						_, _ = conn.Write(answer)
					}
				}
			}()
		}
	}()
	return listener.Addr().String()
}
