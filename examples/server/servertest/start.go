// Package servertest runs the example server for the tests of what talks to one.
package servertest

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/examples/server/fhirserver"
	"github.com/carillon-fhir/carillon/examples/server/topics"
	"github.com/carillon-fhir/carillon/fhirpath"
)

// Start runs a server with the shipped topics, in this process and on a port of its own,
// until the test ends, and returns its base. cfg says the rest.
func Start(t testing.TB, cfg fhirserver.Config) (base string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	cfg.BaseURL = "http://" + listener.Addr().String() + "/fhir"
	if cfg.Release == 0 {
		cfg.Release = fhirpath.R4
	}
	cfg.Topics, err = topics.Shipped(cfg.Release)
	require.NoError(t, err)
	server, err := fhirserver.Open(t.Context(), cfg)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	web := &http.Server{Handler: server.Handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = web.Serve(listener) }()
	t.Cleanup(func() {
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		require.NoError(t, web.Close())
		cancel()
		require.NoError(t, <-ended)
		require.NoError(t, server.Close())
	})
	return cfg.BaseURL
}
