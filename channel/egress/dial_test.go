package egress

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"code.dny.dev/ssrf"
	"github.com/carillon-fhir/carillon/internal/dnstest"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/stretchr/testify/require"
)

// special are addresses that nobody but the host's own network should reach.
var special = []string{
	"127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "100.100.100.200",
	"169.254.169.254", "192.0.0.192", "198.18.0.1", "192.88.99.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "168.63.129.16",
}

// disguises writes an IPv4 address in the ways that some reader knows.
func disguises(t testing.TB, text string) (literals, names []string) {
	b := netip.MustParseAddr(text).As4()
	high, low := uint(b[0])<<8|uint(b[1]), uint(b[2])<<8|uint(b[3])
	number := high<<16 | low
	literals = []string{
		text, "::ffff:" + text, fmt.Sprintf("::ffff:%x:%x", high, low), "::" + text, "::ffff:0:" + text, "64:ff9b::" + text,
		fmt.Sprintf("64:ff9b:1::%x:%x", high, low), fmt.Sprintf("2002:%x:%x::1", high, low),
		fmt.Sprintf("2001:0:%x:%x::1", high, low), fmt.Sprintf("2001:0:1::%x:%x", high^0xffff, low^0xffff), "fe80::5efe:" + text,
		"::ffff:" + text + "%lo", "fe80::" + text + "%1",
	}
	for _, literal := range literals {
		_, err := netip.ParseAddr(literal)
		require.NoError(t, err, literal)
	}
	return literals, []string{
		fmt.Sprint(number), fmt.Sprintf("0x%x", number), fmt.Sprintf("0%o", number), fmt.Sprintf("%d.%d", b[0], number&0xffffff),
		fmt.Sprintf("%d.%d.%d", b[0], b[1], low), fmt.Sprintf("0%o.%d.%d.%d", b[0], b[1], b[2], b[3]),
		fmt.Sprintf("%d.%d.%d.0x%x", b[0], b[1], b[2], b[3]), text + ".", strings.ReplaceAll(text, ".", "\u3002"),
	}
}

// TestGuard is row S1: whatever a blocked address is written as, it is refused when
// the Subscription is created, and no connection is made to it when it is dialled,
// though a resolver made an address of it. Trap listeners count.
// spec: SEC-10
func TestGuard(t *testing.T) {
	trap := serveText(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true)
	port := portOf(trap)
	connections := trap.connections.Load
	if six, err := net.Listen("tcp", "[::1]:"+port); err == nil { // a system with IPv6
		defer func() { require.NoError(t, six.Close()) }()
		go func() {
			if _, err := six.Accept(); err == nil {
				trap.connections.Add(1)
			}
		}()
	}
	var resolved atomic.Pointer[netip.Addr]
	c := New(Config{InsecureAllowHTTP: true})
	c.dialer.Resolver = dnstest.Serve(t, func(_ string, question dnstest.Type) dnstest.Answer {
		if question == dnstest.A {
			return dnstest.Answer{Addrs: []netip.Addr{*resolved.Load()}}
		}
		return dnstest.Answer{}
	})
	addresses := 0
	refuse := func(host, inURL string) {
		addresses++
		for _, scheme := range []string{"http://", "https://"} {
			target := subscription.Target{Endpoint: scheme + inURL + ":" + port + "/" + canary}
			require.Equal(t, endpointElement, refusal(t, c, target), inURL)
			require.Equal(t, subscription.Permanent(errTarget), c.Send(t.Context(), target, message()), inURL)
		}
		_, err := c.connect(t.Context(), "tcp", net.JoinHostPort(host, port))
		require.Error(t, err, host)
		if err = classify(err); err != ErrBlocked {
			require.Contains(t, []error{errDNS, errOther}, err, "%s: a name that is none, or a system without IPv6", host)
		}
	}
	for _, text := range append(special, "::1", "::", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1", "3fff::1", "100::1") {
		addr := netip.MustParseAddr(text)
		require.Equal(t, ErrBlocked, c.control(t.Context(), "tcp", netip.AddrPortFrom(addr, 443).String(), nil), text)
		if addr.Is6() {
			refuse(text, "["+text+"]")
			continue
		}
		literals, names := disguises(t, text)
		for _, literal := range literals {
			require.False(t, c.mayDial(netip.MustParseAddr(literal)), literal)
			if strings.Contains(literal, ":") {
				refuse(literal, "["+strings.Replace(literal, "%", "%25", 1)+"]")
			} else {
				refuse(literal, literal)
			}
		}
		resolved.Store(&addr)
		for _, name := range names {
			refuse(name, name)
		}
	}
	require.Zero(t, connections())
	require.GreaterOrEqual(t, addresses, 120)
	t.Logf("S1 addresses=%d connects=%d", addresses, connections())
}

func TestGuardOfOtherNetworks(t *testing.T) {
	c := New(Config{})
	require.Equal(t, ErrBlocked, c.control(t.Context(), "udp4", "1.1.1.1:443", nil))
	require.Equal(t, ErrBlocked, c.control(t.Context(), "unix", "/run/docker.sock", nil))
	require.NoError(t, c.control(t.Context(), "tcp4", "1.1.1.1:443", nil))
	require.NoError(t, c.control(t.Context(), "tcp6", "[2606:4700:4700::1111]:443", nil))
}

// TestGuardAgainstAnother compares the guard with one that is generated from
// IANA's registries: nothing that it refuses passes here.
func TestGuardAgainstAnother(t *testing.T) {
	c := New(Config{})
	other := ssrf.New(ssrf.WithAnyPort())
	random := rand.New(rand.NewPCG(1, 2))
	compared, stricter := 0, map[string]bool{}
	compare := func(addr netip.Addr) {
		compared++
		theirs := other.SafeAddr(addr) == nil
		if c.mayDial(addr) {
			require.True(t, theirs, addr)
		} else if theirs {
			stricter[addr.String()] = true
		}
	}
	for range 100_000 {
		var four [4]byte
		var six [16]byte
		for i := range four {
			four[i] = byte(random.Uint32())
		}
		for i := range six {
			six[i] = byte(random.Uint32())
		}
		if random.IntN(2) == 0 {
			six[0], six[1] = 0x20, byte(random.IntN(8)) // where the ranges are
		}
		if random.IntN(2) == 0 {
			six[2], six[3] = byte(random.IntN(2)), byte(random.IntN(4))
		}
		compare(netip.AddrFrom4(four))
		compare(netip.AddrFrom16(six))
	}
	for _, p := range slices.Concat(special4, special6) { // and at their edges
		last := p.Masked().Addr().AsSlice()
		for i := range last {
			for bit := range 8 {
				if i*8+bit >= p.Bits() {
					last[i] |= 0x80 >> bit
				}
			}
		}
		end, _ := netip.AddrFromSlice(last)
		for _, addr := range []netip.Addr{p.Masked().Addr(), p.Masked().Addr().Prev(), end, end.Next()} {
			if addr.IsValid() {
				compare(addr)
			}
		}
	}
	require.Equal(t, map[string]bool{"168.63.129.16": true}, stricter)
	t.Logf("S1 compared=%d", compared)
}

func portOf(s *server) string {
	_, port, _ := net.SplitHostPort(strings.TrimSuffix(strings.TrimPrefix(s.url, "http://"), "/"+canary))
	return port
}

func TestDialIgnoresProxies(t *testing.T) { // row S5
	trap := serveText(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true)
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"} {
		t.Setenv(name, trap.url)
	}
	t.Setenv("NO_PROXY", "")
	c := New(Config{InsecureAllowHTTP: true, AllowNetworks: loopback})
	require.Nil(t, c.tenant("", time.Now()).transport.Proxy)
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
	t.Logf("S5 variables=6 used=%d", trap.connections.Load())
}
