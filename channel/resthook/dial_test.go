package resthook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/carillon-fhir/carillon/subscription"
	"github.com/stretchr/testify/require"
)

// TestDialRefuses is the dial's side of row S1: whatever Check thought of a name, no
// connection is made to a blocked address.
func TestDialRefuses(t *testing.T) {
	trap := serveText(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true)
	port := trap.url[strings.LastIndexByte(strings.TrimSuffix(trap.url, "/"+canary), ':'):]
	port = strings.TrimSuffix(port, "/"+canary)
	c := New(Config{InsecureAllowHTTP: true})
	for _, host := range []string{"127.0.0.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]", "[::1]"} {
		_, err := c.connect(t.Context(), "tcp", host+port)
		require.Error(t, err, host)
		if err = classify(err); err != ErrBlocked {
			require.Contains(t, []error{errDNS, errOther}, err, "%s: a system without IPv6", host)
		}
	}
	require.Zero(t, trap.connections.Load())

	for _, host := range hostileHosts {
		host = strings.Replace(host, "%25", "%", 1)
		if ip := net.ParseIP(strings.Trim(host, "[]")); ip == nil && !strings.Contains(host, "%") {
			continue // a name: it never reaches the guard
		}
		require.Equal(t, ErrBlocked, c.control(t.Context(), "tcp4", host+":443", nil), host)
	}
	require.Equal(t, ErrBlocked, c.control(t.Context(), "udp4", "1.1.1.1:443", nil))
	require.Equal(t, ErrBlocked, c.control(t.Context(), "unix", "/run/docker.sock", nil))
	require.NoError(t, c.control(t.Context(), "tcp4", "1.1.1.1:443", nil))
	require.NoError(t, c.control(t.Context(), "tcp6", "[2606:4700:4700::1111]:443", nil))
}

// TestDialRebinding is a name that Check found harmless and that resolves to a
// blocked address when it is dialled.
func TestDialRebinding(t *testing.T) {
	trap := serveText(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true)
	address := strings.TrimSuffix(strings.TrimPrefix(trap.url, "http://"), "/"+canary)
	c := New(Config{InsecureAllowHTTP: true})
	connect := c.connect
	c.connect = func(ctx context.Context, network, _ string) (net.Conn, error) { return connect(ctx, network, address) }
	err := c.Send(t.Context(), subscription.Target{Endpoint: "http://hook.example.com/"}, message())
	require.ErrorIs(t, err, ErrBlocked)
	require.EqualError(t, err, "resthook: blocked address")
	require.Zero(t, trap.connections.Load())
}

func TestDialIgnoresProxies(t *testing.T) { // row S5
	trap := serveText(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true)
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"} {
		t.Setenv(name, trap.url)
	}
	t.Setenv("NO_PROXY", "")
	c := New(Config{InsecureAllowHTTP: true, AllowNetworks: loopback})
	require.Nil(t, c.transport.Proxy)
	var dialled []string
	c.connect = func(_ context.Context, _, address string) (net.Conn, error) {
		dialled = append(dialled, address)
		return nil, ErrBlocked
	}
	for _, endpoint := range []string{"http://hook.example.com/", "https://hook.example.com/"} {
		require.Equal(t, ErrBlocked, c.Send(t.Context(), subscription.Target{Endpoint: endpoint}, message()))
	}
	require.Equal(t, []string{"hook.example.com:80", "hook.example.com:443"}, dialled)
	require.Zero(t, trap.connections.Load())
}

func TestTLS(t *testing.T) {
	serveTLS := func(version uint16) (*httptest.Server, *x509.CertPool) {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusAccepted)
		}))
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.TLS = &tls.Config{MinVersion: version, MaxVersion: version} //nolint:gosec // old on purpose
		s.EnableHTTP2 = true
		s.StartTLS()
		t.Cleanup(s.Close)
		pool := x509.NewCertPool()
		pool.AddCert(s.Certificate())
		return s, pool
	}
	try := func(s *httptest.Server, pool *x509.CertPool) error {
		c := New(Config{AllowNetworks: loopback, RootCAs: pool})
		defer func() { require.NoError(t, c.Close()) }()
		for range 3 {
			if err := c.Send(t.Context(), subscription.Target{Endpoint: s.URL + "/" + canary}, message()); err != nil {
				return err
			}
		}
		return nil
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		s, pool := serveTLS(version)
		require.NoError(t, try(s, pool))
		require.EqualError(t, try(s, nil), "resthook: tls", "an unknown authority")
		s.URL = strings.Replace(s.URL, "127.0.0.1", "127.0.0.2", 1) // not in the certificate
		require.Error(t, try(s, pool))
	}
	old, pool := serveTLS(tls.VersionTLS11)
	require.EqualError(t, try(old, pool), "resthook: tls")
	plain := serveText(t, "HTTP/1.1 200 OK\r\n\r\n", false)
	require.EqualError(t, try(&httptest.Server{URL: strings.Replace(plain.url, "http", "https", 1)}, nil), "resthook: tls")
}
