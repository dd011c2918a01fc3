package receiver_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/notification/receiver"
)

// The whole way over HTTP: 35 lost notifications come by four answers of $events.
// spec: ERR-05
func TestServerFetchesWhatIsMissing(t *testing.T) {
	o := observe(t, receiver.Config{})
	web := httptest.NewServer(o.server)
	defer web.Close()
	server, err := receiver.NewServer(receiver.ServerConfig{BaseURL: web.URL + "/fhir/"})
	require.NoError(t, err)
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	recovering := observe(t, receiver.Config{Source: server})
	o.happen(36)
	n, err := server.Events(t.Context(), "1", 36, 36)
	require.NoError(t, err)
	n.Type = notification.EventNotification
	require.NoError(t, recovering.receiver.Receive(t.Context(), n))
	require.Len(t, recovering.handled(), 36)
	require.Empty(t, recovering.told())

	status, err := server.Status(t.Context(), "1")
	require.NoError(t, err)
	require.EqualValues(t, 36, status.EventsSinceSubscriptionStart)
	_, err = server.Status(t.Context(), "unknown")
	require.ErrorIs(t, err, receiver.ErrRefused)
	_, err = server.Events(t.Context(), "../x", 1, 2)
	require.ErrorIs(t, err, receiver.ErrRefused, "an id can't leave its place in the URL")
}

// What other answers mean: to be asked again, or not. No error tells where it was asked.
func TestServerReadsAnswers(t *testing.T) {
	answer := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(code)
			_, _ = w.Write([]byte(body))
		}
	}
	outcome := `{"resourceType":"OperationOutcome"}`
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		final   bool
	}{
		"not found":       {answer(404, outcome), true},
		"gone":            {answer(410, outcome), true},
		"forbidden":       {answer(403, outcome), true},
		"not implemented": {answer(501, outcome), true},
		"redirected":      {answer(302, ""), true},
		"too large":       {answer(200, strings.Repeat(" ", 2000)), true},
		"not authorized":  {answer(401, outcome), false},
		"too many":        {answer(429, outcome), false},
		"failed":          {answer(500, outcome), false},
		"unavailable":     {answer(503, outcome), false},
		"no bundle":       {answer(200, outcome), false},
		"no JSON":         {answer(200, "<html>"), false},
		"another's":       {answer(200, heartbeat(t, "Subscription/2")), false},
		"cut off":         {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "100") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			web := httptest.NewServer(c.handler)
			defer web.Close()
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			server, err := receiver.NewServer(receiver.ServerConfig{
				BaseURL: web.URL, MaxBytes: 1000,
				Client: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
			})
			require.NoError(t, err)
			_, err = server.Status(t.Context(), "1")
			require.Error(t, err)
			require.Equal(t, c.final, isRefused(err), err)
			require.NotContains(t, err.Error(), "Subscription/")
		})
	}
	server, err := receiver.NewServer(receiver.ServerConfig{BaseURL: "http://127.0.0.1:1"})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = server.Events(ctx, "1", 1, 2)
	require.ErrorIs(t, err, context.Canceled)
	require.NotContains(t, err.Error(), "Subscription/")
}

func isRefused(err error) bool {
	return strings.Contains(err.Error(), receiver.ErrRefused.Error())
}

func TestNewServerWantsABase(t *testing.T) {
	for _, base := range []string{"", "fhir", "ftp://x/y", "https://", "https://x/?a=b", "https://x/#f"} {
		_, err := receiver.NewServer(receiver.ServerConfig{BaseURL: base})
		require.Error(t, err, base)
	}
}
