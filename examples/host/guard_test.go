package host

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGuard(t *testing.T) {
	served := guard("http://fhir.example.org:8080/fhir", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {}))
	for host, want := range map[string]int{
		"localhost": 200, "LOCALHOST:8080": 200, "127.0.0.1": 200, "127.0.0.1:8080": 200, "[::1]:8080": 200, "10.0.0.7:8080": 200,
		"fhir.example.org": 200, "FHIR.example.org:443": 200,
		"evil.example": 421, "evil.example:8080": 421, "fhir.example.org.evil.example": 421, "localhost.evil.example": 421,
		"127.0.0.1.evil.example:8080": 421, "": 421, ":8080": 421,
	} {
		for _, path := range []string{"/console/", "/fhir/Patient", "/metrics"} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Host = host
			w := httptest.NewRecorder()
			served.ServeHTTP(w, r)
			require.Equal(t, want, w.Code, "%s%s", host, path)
			require.NotContains(t, w.Body.String(), "evil")
		}
	}
}

// everything is a Server that answers everything.
type everything struct{}

func (everything) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "served") })
}
func (everything) Run(ctx context.Context) error { <-ctx.Done(); return nil }
func (everything) Close() error                  { return nil }

// Who listens for this machine alone is guarded, who listens for others is not: there,
// nobody knows by which names they come.
func TestServeGuardsWhatOnlyThisMachineReaches(t *testing.T) {
	for addr, want := range map[string]int{"127.0.0.1:0": http.StatusMisdirectedRequest, "0.0.0.0:0": http.StatusOK} {
		ctx, stop := context.WithCancel(t.Context())
		out, stdout := io.Pipe()
		ended := make(chan error, 1)
		go func() {
			ended <- Serve(ctx, addr, stdout, slog.New(slog.DiscardHandler), func(_ context.Context, local string) (Server, string, error) {
				return everything{}, local + "/fhir", nil
			})
		}()
		line := make([]byte, 200)
		n, err := out.Read(line)
		require.NoError(t, err)
		_, port, ok := strings.Cut(strings.TrimSpace(string(line[:n])), "http://")
		require.True(t, ok)
		port = port[strings.LastIndex(port, ":"):strings.Index(port, "/fhir")]
		for host, status := range map[string]int{"": http.StatusOK, "rebound.example" + port: want} {
			r, err := http.NewRequest(http.MethodGet, "http://127.0.0.1"+port+"/console/", nil)
			require.NoError(t, err)
			if host != "" {
				r.Host = host
			}
			answer, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			require.NoError(t, answer.Body.Close())
			require.Equal(t, status, answer.StatusCode, "%s at %s", host, addr)
		}
		http.DefaultClient.CloseIdleConnections()
		stop()
		require.NoError(t, <-ended)
	}
}
