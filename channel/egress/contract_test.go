package egress

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/channel/channeltest"
	"github.com/carillon-fhir/carillon/internal/endpointtest"
	"github.com/carillon-fhir/carillon/internal/memnet"
	"github.com/carillon-fhir/carillon/subscription"
)

// plain is the channel that does nothing but to send.
type plain struct{ *Sender }

func (plain) Type() string { return "plain" }

// TestContract runs the suite of all channels in memory, each endpoint on a network of
// its own, so that deadlines are exact.
func TestContract(t *testing.T) {
	var mu sync.Mutex
	networks := map[string]*memnet.Network{}
	h := channeltest.Harness{
		New: func(t testing.TB) subscription.Channel {
			s := New(Config{InsecureAllowHTTP: true})
			s.connect = func(ctx context.Context, network, address string) (net.Conn, error) {
				mu.Lock()
				n := networks[address]
				mu.Unlock()
				return n.DialContext(ctx, network, address)
			}
			t.Cleanup(func() { require.NoError(t, s.Close()) })
			return plain{s}
		},
		Bubble: func(t testing.TB, f func(testing.TB)) {
			synctest.Test(t.(*testing.T), func(t *testing.T) { f(t) })
		},
	}
	serve := func(t testing.TB, handler http.HandlerFunc) string {
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
	}
	channeltest.Run(t, endpointtest.Fill(h, serve, "/hooks/"+channeltest.Canary+"?code=hunter2", nil))
}
