package message

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/channel/egress"
	"github.com/carillon-fhir/carillon/subscription"
)

// TestTranscript compares what is said over the wire with transcripts that were read
// against docs/conformance.md, Channels. CARILLON_RECORD=1 writes them anew.
func TestTranscript(t *testing.T) {
	for _, release := range []subscription.Release{subscription.R4, subscription.R4B, subscription.R5} {
		t.Run(release.String(), func(t *testing.T) {
			var heard strings.Builder
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				request, err := httputil.DumpRequest(r, true)
				if err != nil {
					t.Error(err)
				}
				heard.Write(request)
				w.WriteHeader(http.StatusAccepted)
			}))
			defer s.Close()
			c := local(t, egress.Config{})
			m := event(42)
			m.Release = release
			err := c.Send(t.Context(), subscription.Target{Endpoint: s.URL + "/fhir/", Headers: []string{"Authorization: Bearer a", "X-A: b"}}, m)
			require.NoError(t, err)
			got := strings.ReplaceAll(heard.String(), strings.TrimPrefix(s.URL, "http://"), "ehr.example.org")
			length := fmt.Sprintf("Content-Length: %d\r\n", len(heard.String())-strings.Index(heard.String(), "\r\n\r\n")-4)
			require.Contains(t, got, length)
			got = strings.Replace(got, length, "", 1) // it depends on the port
			got = strings.ReplaceAll(got, "\r\n", "\n") + "\n"

			file := filepath.Join("testdata", "transcript", strings.ToLower(release.String())+".http")
			if os.Getenv("CARILLON_RECORD") != "" {
				require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(want), got)
		})
	}
}

// TestCredentials: what a tenant has to show is shown, and the attempt fails if it isn't
// there.
// spec: CH-MSG-05
func TestCredentials(t *testing.T) {
	var heard []string
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			_, _ = w.Write([]byte(`{"access_token":"t1","token_type":"Bearer","expires_in":300}`))
			return
		}
		heard = append(heard, r.URL.Path+" "+r.Header.Get("Authorization")+" "+r.Header.Get("X-Key")+" "+r.Header.Get("Webhook-Id"))
	}))
	defer s.Close()
	key, err := egress.ParseSigningKey("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	require.NoError(t, err)
	host := strings.TrimPrefix(s.URL, "https://")
	c := channelFrom(t, Config{Source: source, HTTP: egress.Config{
		AllowNetworks: loopback, RootCAs: s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs,
		Credentials: func(_ context.Context, tenant, of string) (egress.Credentials, error) {
			if tenant != "north" || of != host {
				return egress.Credentials{}, net.ErrClosed
			}
			return egress.Credentials{
				OAuth:       &egress.OAuth{TokenURL: s.URL + "/token", ClientID: "carillon", Secret: "secret"},
				SigningKeys: []egress.SigningKey{key},
			}, nil
		},
		Secrets: func(_ context.Context, tenant, of, name string) (string, error) {
			return strings.ToUpper(tenant + name), nil
		},
	}})
	target := subscription.Target{Tenant: "north", Endpoint: s.URL, Headers: []string{"X-Key: ${secret:key}"}}
	require.NoError(t, c.Check(t.Context(), target))
	require.NoError(t, c.Send(t.Context(), target, event(1)))
	require.Equal(t, []string{"/$process-message Bearer t1 NORTHKEY " + event(1).ID}, heard)

	target.Tenant = "south"
	require.ErrorContains(t, c.Check(t.Context(), target), "lacks the credentials")
	require.EqualError(t, c.Send(t.Context(), target, event(1)), "message: credentials not available")
	require.Len(t, heard, 1)
}
