package websocket_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/channel/websocket"
	"github.com/carillon-fhir/carillon/subscription"
)

// spec: CH-WS-11, AMB-30
func TestEndpointAndHeadersMeanNothing(t *testing.T) {
	c, err := websocket.New(websocket.Config{URL: "wss://fhir.example.org/ws"})
	require.NoError(t, err)
	defer c.Close()
	for _, target := range []subscription.Target{{}, {Endpoint: "wss://elsewhere.example.org/"}, {Headers: []string{"Authorization: Bearer x", "Host: y"}}} {
		require.NoError(t, c.Check(t.Context(), target))
	}
}
