package egress

import (
	"io"
	"log"
	"net/http"
	"testing"

	"github.com/carillon-fhir/carillon/internal/memnet"
	"github.com/stretchr/testify/require"
)

// serveMemory serves HTTP in a bubble until stop is called. answer is called by one
// goroutine at a time if there is one connection.
func serveMemory(t testing.TB, network *memnet.Network, answer func(r *http.Request, body []byte) (status int)) (stop func()) {
	s := &http.Server{ErrorLog: log.New(io.Discard, "", 0), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		w.WriteHeader(answer(r, body))
	})}
	served := make(chan error)
	go func() { served <- s.Serve(network) }()
	return func() {
		require.NoError(t, s.Close())
		require.ErrorIs(t, <-served, http.ErrServerClosed)
	}
}
