package remote_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/examples/playground/feed"
	"github.com/carillon-fhir/carillon/examples/playground/remote"
)

// A server that never ends its answer fills nobody's memory: what is read of it ends.
func TestAnswersWithoutEnd(t *testing.T) {
	const most = 16 << 20
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		part := bytes.Repeat([]byte(" "), 1<<20)
		for {
			if _, err := w.Write(part); err != nil {
				return
			}
		}
	}))
	defer web.Close()
	server, err := remote.New(remote.Config{BaseURL: web.URL, Feed: feed.New(10, 1<<20)})
	require.NoError(t, err)
	resp, err := server.Get(t.Context(), "Subscription/1", nil)
	require.NoError(t, err)
	n, err := io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	require.EqualValues(t, most, n)
	require.NoError(t, resp.Body.Close())
	e, err := server.Do(t.Context(), remote.Request{Method: http.MethodGet, Path: "Patient"})
	require.NoError(t, err)
	require.Len(t, e.Answer, most)
}
