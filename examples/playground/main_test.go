package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Everything is there in one process, under the URL that it prints, and nothing is left.
func TestPlays(t *testing.T) {
	for _, release := range []string{"R4", "R4B", "R5"} {
		ctx, stop := context.WithCancel(t.Context())
		read, write := io.Pipe()
		ended := make(chan error, 1)
		go func() { ended <- run(ctx, []string{"-addr", "127.0.0.1:0", "-release", release}, write, io.Discard) }()
		lines := bufio.NewScanner(read)
		require.True(t, lines.Scan())
		url := regexp.MustCompile(`http://\S+`).FindString(lines.Text())
		for path, want := range map[string]string{
			"": "<title>Carillon playground</title>", "fhir/metadata": "CapabilityStatement", "api/capability": `"release":"` + release + `"`, "confirm?token=x": "Notifications",
		} {
			resp, err := http.Get(url + path)
			require.NoError(t, err)
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, 200, resp.StatusCode, path)
			require.Contains(t, string(body), want, path)
		}
		for _, path := range []string{"", "fhir/metadata", "api/state", "confirm?token=x"} {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+path, nil)
			require.NoError(t, err)
			req.Host = "evil.example.org" // whose name leads here
			resp, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, http.StatusMisdirectedRequest, resp.StatusCode, path)
		}
		http.DefaultClient.CloseIdleConnections()
		stop()
		require.NoError(t, <-ended)
	}
}

func TestFlags(t *testing.T) {
	for _, args := range []string{"-addr 0.0.0.0:8090", "-addr :8090", "-addr fhir.example.org:8090", "-release R3", "-x", "surplus"} {
		var out bytes.Buffer
		require.Error(t, run(t.Context(), strings.Fields(args), &out, &out), args)
	}
	err := run(t.Context(), []string{"-addr", "127.0.0.1:0", "-hooks", "nowhere"}, io.Discard, io.Discard)
	require.ErrorContains(t, err, "-hooks", "and what was opened is closed")
}
