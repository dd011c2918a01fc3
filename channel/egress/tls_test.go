package egress

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
	"github.com/stretchr/testify/require"
)

// TestTLSRefuses is row S6: an endpoint that isn't surely the one, or to which this
// side can't show what it should, gets nothing.
func TestTLSRefuses(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	good := ours.issue(t, "hook.example.com", time.Hour)
	client := ours.issue(t, "tenant", time.Hour)
	otherKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	plain := serveText(t, "HTTP/1.1 200 OK\r\n\r\n", false)
	wants := func(c Credentials, err error) func(context.Context, string, string) (Credentials, error) {
		return func(context.Context, string, string) (Credentials, error) { return c, err }
	}
	mutual := &tls.Config{Certificates: []tls.Certificate{good}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ours.pool()}
	foreign := theirs.issue(t, "tenant", time.Hour)
	expired := ours.issue(t, "tenant", -time.Hour)
	_, missing := tls.LoadX509KeyPair("testdata/missing.pem", "testdata/missing.key")
	require.ErrorIs(t, missing, fs.ErrNotExist)
	cases := []struct {
		name        string
		server      *tls.Config // nil: no TLS
		credentials func(context.Context, string, string) (Credentials, error)
		want        error
	}{
		{"expired", &tls.Config{Certificates: []tls.Certificate{ours.issue(t, "hook", -time.Hour)}}, nil, errTLS},
		{"of another authority", &tls.Config{Certificates: []tls.Certificate{theirs.issue(t, "hook", time.Hour)}}, nil, errTLS},
		{"self-signed", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{ours.certificate.Raw}, PrivateKey: ours.key}}}, nil, errTLS},
		{"TLS 1.0", &tls.Config{Certificates: []tls.Certificate{good}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}, nil, errTLS},
		{"TLS 1.1", &tls.Config{Certificates: []tls.Certificate{good}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, nil, errTLS},
		{"no forward secrecy", &tls.Config{Certificates: []tls.Certificate{good}, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}}, nil, errTLS},
		{"RC4", &tls.Config{Certificates: []tls.Certificate{good}, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_RC4_128_SHA}}, nil, errTLS},
		{"plaintext", nil, nil, errTLS},
		{"wants a certificate, there is none", mutual, nil, errTLS},
		{"certificate of another authority", mutual, wants(Credentials{Certificate: &foreign}, nil), errTLS},
		{"certificate expired", mutual, wants(Credentials{Certificate: &expired}, nil), errTLS},
		{"certificate missing", mutual, wants(Credentials{}, missing), errCredentials},
		{"certificate unreadable", mutual, wants(Credentials{Certificate: &tls.Certificate{}}, nil), errCredentials},
		{"certificate without key", mutual, wants(Credentials{Certificate: &tls.Certificate{Certificate: client.Certificate}}, nil), errCredentials},
		{"certificate with another key", mutual, wants(Credentials{Certificate: &tls.Certificate{Certificate: client.Certificate, PrivateKey: otherKey}}, nil), errTLS},
		{"certificate with a key of another kind", mutual, wants(Credentials{Certificate: &tls.Certificate{Certificate: client.Certificate, PrivateKey: "key"}}, nil), errTLS},
		{"own authorities for this host", &tls.Config{Certificates: []tls.Certificate{good}}, wants(Credentials{RootCAs: theirs.pool()}, nil), errTLS},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var requests atomic.Int64
			url := strings.Replace(plain.url, "http", "https", 1)
			if c.server != nil {
				url = serveTLS(t, c.server, false, func(http.ResponseWriter, *http.Request) { requests.Add(1) }).URL
			}
			hooks := New(Config{AllowNetworks: loopback, RootCAs: ours.pool(), Credentials: c.credentials})
			defer func() { require.NoError(t, hooks.Close()) }()
			err := hooks.Send(t.Context(), subscription.Target{Tenant: "a", Endpoint: url}, message())
			require.Equal(t, c.want, err)
			require.Zero(t, requests.Load())
		})
	}
	t.Run("wrong host", func(t *testing.T) {
		s := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{good}}, false, nil)
		hooks := New(Config{AllowNetworks: loopback, RootCAs: ours.pool()})
		err := hooks.Send(t.Context(), subscription.Target{Endpoint: strings.Replace(s.URL, "127.0.0.1", "localhost", 1)}, message())
		require.Equal(t, errTLS, err)
	})
	t.Logf("S6 endpoints=%d delivered=0", len(cases)+1)
}

// TestTLSCheckFailsClosed: a Subscription that could never be sent to isn't taken.
func TestTLSCheckFailsClosed(t *testing.T) {
	hooks := New(Config{Credentials: func(context.Context, string, string) (Credentials, error) {
		return Credentials{}, errors.New(canary)
	}})
	target := subscription.Target{Endpoint: "https://hook.example.com/"}
	require.Equal(t, endpointElement, refusal(t, hooks, target))
	require.Equal(t, errCredentials, hooks.Send(t.Context(), target, message()))
	require.Empty(t, hooks.tenants, "nothing was even opened")
}

// spec: SEC-10
func TestTLSVersions(t *testing.T) {
	ours := newAuthority(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, http2 := range []bool{false, true} {
			var proto string
			s := serveTLS(t, &tls.Config{
				Certificates: []tls.Certificate{ours.issue(t, "hook.example.com", time.Hour)}, MinVersion: version, MaxVersion: version,
			}, http2, func(_ http.ResponseWriter, r *http.Request) { proto = r.Proto })
			hooks := New(Config{AllowNetworks: loopback, RootCAs: ours.pool()})
			for range 3 {
				require.NoError(t, hooks.Send(t.Context(), subscription.Target{Endpoint: s.URL}, message()))
			}
			require.Equal(t, map[bool]string{false: "HTTP/1.1", true: "HTTP/2.0"}[http2], proto)
			require.NoError(t, hooks.Close())
		}
	}
}

// TestTenantsShareNoConnection is row S7.
func TestTenantsShareNoConnection(t *testing.T) {
	ours := newAuthority(t)
	for _, http2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("HTTP/2=%t", http2), func(t *testing.T) {
			var mu sync.Mutex
			seen := map[string]map[string]bool{} // tenants by connection
			requests := 0
			s := serveTLS(t, &tls.Config{
				Certificates: []tls.Certificate{ours.issue(t, "hook.example.com", time.Hour)},
				ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: ours.pool(),
			}, http2, func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				requests++
				if seen[r.RemoteAddr] == nil {
					seen[r.RemoteAddr] = map[string]bool{}
				}
				seen[r.RemoteAddr][r.Header.Get("X-Tenant")] = true
				if r.TLS.PeerCertificates[0].Subject.CommonName != r.Header.Get("X-Tenant") || r.TLS.DidResume {
					w.WriteHeader(http.StatusForbidden)
				}
			})
			own := map[string]tls.Certificate{"a": ours.issue(t, "a", time.Hour), "b": ours.issue(t, "b", time.Hour)}
			hooks := New(Config{
				AllowNetworks: loopback, RootCAs: ours.pool(),
				Credentials: func(_ context.Context, tenant, host string) (Credentials, error) {
					if host != strings.TrimSuffix(strings.TrimPrefix(s.URL, "https://"), "/"+canary) {
						return Credentials{}, errors.New("asked for another host")
					}
					certificate := own[tenant]
					return Credentials{Certificate: &certificate}, nil
				},
			})
			var wg sync.WaitGroup
			for _, tenant := range []string{"a", "b"} {
				for range 4 {
					wg.Go(func() {
						for range 25 {
							err := hooks.Send(t.Context(), subscription.Target{Tenant: tenant, Endpoint: s.URL, Headers: []string{"X-Tenant: " + tenant}}, message())
							if err != nil {
								t.Error(err)
							}
						}
					})
				}
			}
			wg.Wait()
			require.NoError(t, hooks.Close())
			shared := 0
			for _, tenants := range seen {
				if len(tenants) > 1 {
					shared++
				}
			}
			require.Zero(t, shared)
			require.Equal(t, 200, requests)
			t.Logf("S7 requests=%d connections=%d shared=%d", requests, len(seen), shared)
		})
	}
}

// TestIdleTenantsAreDropped: whoever no longer sends costs nothing.
func TestIdleTenantsAreDropped(t *testing.T) {
	c := New(Config{})
	now := time.Now()
	for i := range 1 << 10 {
		c.tenant(fmt.Sprint(i), now)
	}
	now = now.Add(11 * idleTimeout)
	kept := c.tenant("0", now)
	c.tenant("new", now)
	require.Len(t, c.tenants, 2)
	require.Same(t, kept, c.tenant("0", now))
}
