package memnet_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/carillon-fhir/carillon/internal/memnet"
	"github.com/stretchr/testify/require"
)

func TestNetworkServesHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := memnet.New()
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Hour)
			_, _ = io.Copy(w, r.Body)
		})}
		served := make(chan error)
		go func() { served <- server.Serve(network) }()
		client := &http.Client{Transport: &http.Transport{DialContext: network.DialContext}}
		start := time.Now()
		response, err := client.Post("http://hook.example/", "text/plain", strings.NewReader("hello"))
		require.NoError(t, err)
		require.Equal(t, time.Hour, time.Since(start))
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, "hello", string(body))
		client.CloseIdleConnections()
		require.NoError(t, server.Close())
		require.ErrorIs(t, <-served, http.ErrServerClosed)
		require.Equal(t, 1, network.Dials())
	})
}

func TestNetworkWithoutServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := memnet.New()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := network.DialContext(ctx, "tcp", "hook.example:80")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NoError(t, network.Close())
		require.NoError(t, network.Close())
		_, err = network.DialContext(t.Context(), "tcp", "hook.example:80")
		require.ErrorIs(t, err, memnet.ErrClosed)
		_, err = network.Accept()
		require.ErrorIs(t, err, memnet.ErrClosed)
		require.Equal(t, "memnet", network.Addr().Network())
	})
}
