// Package endpointtest makes the subscribers of a channeltest.Harness out of HTTP
// servers, for the channels that send over HTTP.
package endpointtest

import (
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/carillon-fhir/carillon/channel/channeltest"
	"github.com/carillon-fhir/carillon/subscription"
)

// Serve starts a server for t.
type Serve func(t testing.TB, handler http.HandlerFunc) (url string)

// Fill gives h all the subscribers that an HTTP endpoint can be. Path follows the
// server's URL in a Target's Endpoint; open takes the notification out of a request's
// body, nil if it is the body.
func Fill(h channeltest.Harness, serve Serve, path string, open func(body []byte) []byte) channeltest.Harness {
	if open == nil {
		open = func(body []byte) []byte { return body }
	}
	type make = func(testing.TB, subscription.Channel) channeltest.Endpoint
	answers := func(status int, retryAfter string) make {
		return func(t testing.TB, _ subscription.Channel) channeltest.Endpoint {
			e := &endpoint{status: status, retryAfter: retryAfter, open: open}
			return channeltest.Endpoint{
				Target: subscription.Target{
					Tenant: "a", Endpoint: serve(t, e.serve) + path, ContentType: "application/fhir+json; fhirVersion=4.0",
					Headers: []string{"Authorization: Bearer hunter2", "X-Token: " + channeltest.Canary},
				},
				Received: e.received,
			}
		}
	}
	h.Accepts, h.Fails, h.Refuses, h.Leaves, h.Hangs = answers(204, ""), answers(500, ""), answers(404, ""), answers(410, ""), answers(0, "")
	h.Defers = func(t testing.TB, c subscription.Channel, wait time.Duration) channeltest.Endpoint {
		return answers(503, fmt.Sprint(wait.Seconds()))(t, c)
	}
	const good = "https://hook.example.com/" + channeltest.Canary
	h.Unusable = append(h.Unusable, []subscription.Target{
		{}, {Endpoint: "ftp://hook.example.com/" + channeltest.Canary}, {Endpoint: "https://169.254.169.254/" + channeltest.Canary},
		{Endpoint: good, Headers: []string{"X-A: b", "Host: " + channeltest.Canary}}, {Endpoint: good, Headers: []string{channeltest.Canary}},
		{Endpoint: good, ContentType: "application/fhir+xml; a=" + channeltest.Canary},
	}...)
	return h
}

// endpoint answers every request in the same way; 0 is not at all.
type endpoint struct {
	status     int
	retryAfter string
	open       func(body []byte) []byte

	mu       sync.Mutex
	receipts []channeltest.Receipt
}

func (e *endpoint) received() []channeltest.Receipt {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]channeltest.Receipt(nil), e.receipts...)
}

func (e *endpoint) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	e.mu.Lock()
	e.receipts = append(e.receipts, channeltest.Receipt{ContentType: r.Header.Get("Content-Type"), Body: e.open(body)})
	e.mu.Unlock()
	if e.status == 0 {
		<-r.Context().Done()
		return
	}
	w.Header().Set("X-Reason", channeltest.Canary)
	if e.retryAfter != "" {
		w.Header().Set("Retry-After", e.retryAfter)
	}
	w.WriteHeader(e.status)
	if e.status != http.StatusNoContent {
		_, _ = io.WriteString(w, `{"resourceType":"OperationOutcome","id":"`+channeltest.Canary+`"}`)
	}
}

// TLS starts servers with TLS at 127.0.0.1, by HTTP/2 if it is told to.
func TLS(http2 bool) Serve {
	return func(t testing.TB, handler http.HandlerFunc) string {
		s := httptest.NewUnstartedServer(handler)
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.EnableHTTP2 = http2
		s.StartTLS()
		t.Cleanup(s.Close)
		return s.URL
	}
}

// Authorities returns those of the certificate that TLS's servers have.
func Authorities() *x509.CertPool {
	s := httptest.NewTLSServer(http.NotFoundHandler())
	defer s.Close()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return pool
}
