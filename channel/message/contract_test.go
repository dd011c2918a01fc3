package message

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"

	"github.com/carillon-fhir/carillon/channel/channeltest"
	"github.com/carillon-fhir/carillon/channel/egress"
	"github.com/carillon-fhir/carillon/internal/endpointtest"
	"github.com/carillon-fhir/carillon/subscription"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// TestContract runs the suite of all channels over sockets with TLS, by both versions
// of HTTP. Package egress does so in memory, where deadlines are exact.
func TestContract(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("HTTP/2=%t", http2), func(t *testing.T) {
			authorities := endpointtest.Authorities()
			h := channeltest.Harness{
				New: func(t testing.TB) subscription.Channel {
					return channelFrom(t, Config{Source: source, HTTP: egress.Config{AllowNetworks: loopback, RootCAs: authorities}})
				},
				Unusable: []subscription.Target{{Endpoint: base + "?code=" + channeltest.Canary}, {Endpoint: base + "/$process-message"}},
			}
			// The notification as it stands in the message. The suite's are no JSON in places.
			open := func(body []byte) []byte {
				_, second, _ := bytes.Cut(body, []byte(`},{"fullUrl":"urn:uuid:`))
				_, resource, _ := bytes.Cut(second, []byte(`","resource":`))
				return bytes.TrimSuffix(resource, []byte(`}]}`))
			}
			channeltest.Run(t, endpointtest.Fill(h, endpointtest.TLS(http2), "/fhir/"+channeltest.Canary, open))
		})
	}
}
