package resthook

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/carillon-fhir/carillon/channel/channeltest"
	"github.com/carillon-fhir/carillon/internal/memnet"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/stretchr/testify/require"
)

// TestContract runs the suite of all channels, in memory and over sockets with TLS,
// by both versions of HTTP.
func TestContract(t *testing.T) {
	t.Run("in memory", func(t *testing.T) { channeltest.Run(t, inMemory()) })
	for _, http2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("TLS, HTTP/2=%t", http2), func(t *testing.T) { channeltest.Run(t, overTLS(t, http2)) })
	}
}

// subscribers makes the endpoints of a harness out of where they are served.
func subscribers(h channeltest.Harness, serve func(t testing.TB, c *Channel, handler http.HandlerFunc) (url string)) channeltest.Harness {
	answers := func(status int, retryAfter string) func(testing.TB, subscription.Channel) channeltest.Endpoint {
		return func(t testing.TB, c subscription.Channel) channeltest.Endpoint {
			var mu sync.Mutex
			var received []channeltest.Receipt
			url := serve(t, c.(*Channel), func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					return
				}
				mu.Lock()
				received = append(received, channeltest.Receipt{ContentType: r.Header.Get("Content-Type"), Body: body})
				mu.Unlock()
				if status == 0 {
					<-r.Context().Done()
					return
				}
				w.Header().Set("X-Reason", channeltest.Canary)
				if retryAfter != "" {
					w.Header().Set("Retry-After", retryAfter)
				}
				w.WriteHeader(status)
				if status != http.StatusNoContent {
					_, _ = io.WriteString(w, `{"resourceType":"OperationOutcome","id":"`+channeltest.Canary+`"}`)
				}
			})
			return channeltest.Endpoint{
				Target: subscription.Target{
					Tenant: "a", Endpoint: url + "/hooks/" + channeltest.Canary + "?code=hunter2", ContentType: "application/fhir+json; fhirVersion=4.0",
					Headers: []string{"Authorization: Bearer hunter2", "X-Token: " + channeltest.Canary},
				},
				Received: func() []channeltest.Receipt {
					mu.Lock()
					defer mu.Unlock()
					return append([]channeltest.Receipt(nil), received...)
				},
			}
		}
	}
	h.Accepts, h.Fails, h.Refuses, h.Leaves, h.Hangs = answers(204, ""), answers(500, ""), answers(404, ""), answers(410, ""), answers(0, "")
	h.Defers = func(t testing.TB, c subscription.Channel, wait time.Duration) channeltest.Endpoint {
		return answers(503, fmt.Sprint(wait.Seconds()))(t, c)
	}
	const endpoint = "https://hook.example.com/" + channeltest.Canary
	h.Unusable = []subscription.Target{
		{}, {Endpoint: "ftp://hook.example.com/" + channeltest.Canary}, {Endpoint: "https://169.254.169.254/" + channeltest.Canary},
		{Endpoint: endpoint, Headers: []string{"X-A: b", "Host: " + channeltest.Canary}}, {Endpoint: endpoint, Headers: []string{channeltest.Canary}},
		{Endpoint: endpoint, ContentType: "application/fhir+xml; a=" + channeltest.Canary},
	}
	return h
}

// inMemory has each endpoint on a network of its own.
func inMemory() channeltest.Harness {
	var mu sync.Mutex
	networks := map[string]*memnet.Network{}
	h := channeltest.Harness{
		New: func(t testing.TB) subscription.Channel {
			c := New(Config{InsecureAllowHTTP: true})
			c.connect = func(ctx context.Context, network, address string) (net.Conn, error) {
				mu.Lock()
				n := networks[address]
				mu.Unlock()
				return n.DialContext(ctx, network, address)
			}
			t.Cleanup(func() { require.NoError(t, c.Close()) })
			return c
		},
		Bubble: func(t testing.TB, f func(testing.TB)) {
			synctest.Test(t.(*testing.T), func(t *testing.T) { f(t) })
		},
	}
	return subscribers(h, func(t testing.TB, _ *Channel, handler http.HandlerFunc) string {
		mu.Lock()
		defer mu.Unlock()
		host := fmt.Sprintf("hook-%d.example.com", len(networks))
		network := memnet.New()
		networks[host+":80"] = network
		s := &http.Server{Handler: handler}
		served := make(chan error)
		go func() { served <- s.Serve(network) }()
		t.Cleanup(func() {
			require.NoError(t, s.Close())
			require.ErrorIs(t, <-served, http.ErrServerClosed)
		})
		return "http://" + host
	})
}

func overTLS(t testing.TB, http2 bool) channeltest.Harness {
	authority := newAuthority(t)
	certificate := authority.issue(t, "hook.example.com", time.Hour)
	h := channeltest.Harness{New: func(t testing.TB) subscription.Channel {
		c := New(Config{AllowNetworks: loopback, RootCAs: authority.pool()})
		t.Cleanup(func() { require.NoError(t, c.Close()) })
		return c
	}}
	return subscribers(h, func(t testing.TB, _ *Channel, handler http.HandlerFunc) string {
		s := httptest.NewUnstartedServer(handler)
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
		s.EnableHTTP2 = http2
		s.StartTLS()
		t.Cleanup(s.Close)
		return s.URL
	})
}
