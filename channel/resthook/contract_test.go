package resthook

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/channel/channeltest"
	"github.com/carillon-fhir/carillon/internal/endpointtest"
	"github.com/carillon-fhir/carillon/subscription"
)

// TestContract runs the suite of all channels over sockets with TLS, by both versions
// of HTTP. Package egress does so in memory, where deadlines are exact.
func TestContract(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("HTTP/2=%t", http2), func(t *testing.T) {
			authorities := endpointtest.Authorities()
			h := channeltest.Harness{New: func(t testing.TB) subscription.Channel {
				c := New(Config{AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, RootCAs: authorities})
				t.Cleanup(func() { require.NoError(t, c.Close()) })
				return c
			}}
			path := "/hooks/" + channeltest.Canary + "?code=hunter2"
			channeltest.Run(t, endpointtest.Fill(h, endpointtest.TLS(http2), path, nil))
		})
	}
}
