package egress

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/carillon-fhir/carillon/internal/dnstest"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/stretchr/testify/require"
)

// TestResolve is row S2: whatever a name's server says, nothing reaches an address
// that the channel may not dial, and what is no address is a failure. 127.0.0.2
// stands for the internet, and 127.0.0.1 for the host's own network: traps there
// count connections.
// spec: SEC-10
func TestResolve(t *testing.T) {
	public, private := netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.1")
	trap := serveText(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true)
	port := portOf(trap)
	listener, err := net.Listen("tcp", public.String()+":"+port)
	require.NoError(t, err)
	var delivered atomic.Int64
	endpoint := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { delivered.Add(1) })}
	served := make(chan error)
	go func() { served <- endpoint.Serve(listener) }()
	defer func() {
		require.NoError(t, endpoint.Close())
		require.ErrorIs(t, <-served, http.ErrServerClosed)
	}()

	type answer = dnstest.Answer
	var lookups atomic.Int64
	four := func(addrs ...netip.Addr) func(string, dnstest.Type) answer {
		return func(_ string, question dnstest.Type) answer {
			if question == dnstest.A {
				return answer{Addrs: addrs}
			}
			return answer{}
		}
	}
	six := func(addr string) func(string, dnstest.Type) answer {
		return func(_ string, question dnstest.Type) answer {
			if question == dnstest.AAAA {
				return answer{Addrs: []netip.Addr{netip.MustParseAddr(addr)}}
			}
			return answer{}
		}
	}
	always := func(a answer) func(string, dnstest.Type) answer {
		return func(string, dnstest.Type) answer { return a }
	}
	many := make([]netip.Addr, 70) // as many as a datagram holds
	for i := range many {
		many[i] = netip.AddrFrom4([4]byte{10, 0, 0, byte(i)})
	}
	cases := []struct {
		name   string
		answer func(string, dnstest.Type) answer
		want   []error // one of them; nil is delivered
	}{
		{"public", four(public), []error{nil}},
		{"private", four(private), []error{ErrBlocked}},
		{"private and public", four(private, public), []error{nil}},
		{"public and private", four(public, private), []error{nil}},
		{"loopback in IPv6", six("::1"), []error{ErrBlocked}},
		{"mapped", six("::ffff:127.0.0.1"), []error{ErrBlocked}},
		{"compatible", six("::127.0.0.1"), []error{ErrBlocked}},
		{"NAT64", six("64:ff9b::7f00:1"), []error{ErrBlocked}},
		{"6to4", six("2002:7f00:1::1"), []error{ErrBlocked}},
		{"Teredo", six("2001:0:7f00:1::80ff:fffe"), []error{ErrBlocked}},
		{"unique local", six("fd00:ec2::254"), []error{ErrBlocked}},
		{"link-local", six("fe80::1"), []error{ErrBlocked}},
		{"unspecified", four(netip.IPv4Unspecified()), []error{ErrBlocked}},
		{"metadata", four(netip.MustParseAddr("169.254.169.254")), []error{ErrBlocked}},
		{"flips on every lookup", func(_ string, question dnstest.Type) answer {
			if question == dnstest.AAAA {
				return answer{}
			}
			if lookups.Add(1)%2 == 0 {
				return answer{Addrs: []netip.Addr{private}}
			}
			return answer{Addrs: []netip.Addr{public}}
		}, []error{nil, ErrBlocked}},
		{"alias of localhost", func(_ string, question dnstest.Type) answer {
			if question == dnstest.A {
				return answer{CNAME: "localhost", Addrs: []netip.Addr{private}}
			}
			return answer{CNAME: "localhost"}
		}, []error{ErrBlocked}},
		{"alias of nothing", always(answer{CNAME: "localhost"}), []error{errDNS}},
		{"many private", four(many...), []error{ErrBlocked}},
		{"many private, one public", four(append(slices.Clone(many), public)...), []error{nil}},
		{"no such name", always(answer{Code: 3}), []error{errDNS}},
		{"failure", always(answer{Code: 2}), []error{errDNS}},
		{"refusal", always(answer{Code: 5}), []error{errDNS}},
		{"no records", always(answer{}), []error{errDNS}},
		{"silence", always(answer{None: true}), []error{errTimeout}},
		{"garbage", always(answer{Raw: []byte(canary)}), []error{errDNS, errTimeout}},
	}
	for _, c := range cases {
		hooks := New(Config{InsecureAllowHTTP: true, AllowNetworks: []netip.Prefix{netip.PrefixFrom(public, 32)}})
		hooks.dialer.Resolver = dnstest.Serve(t, c.answer)
		target := subscription.Target{Endpoint: "http://hook.example:" + port + "/" + canary, Timeout: 200 * time.Millisecond}
		if !slices.Contains(c.want, errTimeout) {
			target.Timeout = 0
		}
		require.NoError(t, hooks.Check(t.Context(), target), "Check resolves nothing")
		for range map[bool]int{true: 20, false: 1}[strings.HasPrefix(c.name, "flips")] {
			before := delivered.Load()
			err := hooks.Send(t.Context(), target, message())
			require.Contains(t, c.want, err, c.name)
			require.Equal(t, err == nil, delivered.Load() == before+1, c.name)
			require.NoError(t, hooks.Close())
		}
	}
	require.Zero(t, trap.connections.Load())
	require.Greater(t, lookups.Load(), int64(10))
	t.Logf("S2 answers=%d private connects=%d", len(cases), trap.connections.Load())
}

// TestResolveRebinding: a name that Check found harmless and that means another
// address when it is dialled. The connection that is already open is to the address
// that was checked.
func TestResolveRebinding(t *testing.T) {
	trap := serveText(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true)
	c := New(Config{InsecureAllowHTTP: true})
	connect := c.connect
	c.connect = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return connect(ctx, network, "127.0.0.1:"+portOf(trap))
	}
	target := subscription.Target{Endpoint: "http://hook.example.com/"}
	require.NoError(t, c.Check(t.Context(), target))
	err := c.Send(t.Context(), target, message())
	require.ErrorIs(t, err, ErrBlocked)
	require.EqualError(t, err, "blocked address")
	require.Zero(t, trap.connections.Load())
}
