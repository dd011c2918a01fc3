package dnstest_test

import (
	"errors"
	"net"
	"net/netip"
	"testing"

	"github.com/carillon-fhir/carillon/internal/dnstest"
	"github.com/stretchr/testify/require"
)

func TestServe(t *testing.T) {
	four, six := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	resolver := dnstest.Serve(t, func(name string, question dnstest.Type) dnstest.Answer {
		switch {
		case name == "gone.example":
			return dnstest.Answer{Code: 3}
		case name == "alias.example":
			return dnstest.Answer{CNAME: "hook.example", Addrs: []netip.Addr{four}}
		case question == dnstest.A:
			return dnstest.Answer{Addrs: []netip.Addr{four}}
		default:
			return dnstest.Answer{Addrs: []netip.Addr{six}}
		}
	})
	lookUp := func(network, name string) []netip.Addr {
		found, err := resolver.LookupNetIP(t.Context(), network, name)
		require.NoError(t, err, name)
		return found
	}
	require.ElementsMatch(t, []netip.Addr{four, six}, lookUp("ip", "hook.example."))
	require.Equal(t, []netip.Addr{four}, lookUp("ip4", "alias.example."))
	_, err := resolver.LookupNetIP(t.Context(), "ip", "gone.example.")
	var dns *net.DNSError
	require.True(t, errors.As(err, &dns) && dns.IsNotFound, "%v", err)
}
