package egress

import (
	"context"
	"net/netip"
	"strings"
	"syscall"
)

// special4 are the IPv4 ranges of IANA's special-purpose address registry,
// multicast and reserved addresses, and the one public address behind which a cloud
// keeps its machines' secrets.
var special4 = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
	"192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"224.0.0.0/4", "240.0.0.0/4",
	"168.63.129.16/32", // Azure's WireServer
)

// global6 is all that IPv6 has in use for the public. Loopback, unique local,
// link-local and multicast addresses are outside, as are those that carry an IPv4
// address after a prefix of zeros or of NAT64.
var global6 = netip.MustParsePrefix("2000::/3")

// special6 are the special-purpose ranges within global6. 2001::/23 has Teredo and
// 2002::/16 is 6to4, which both carry an IPv4 address.
var special6 = prefixes("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

// control runs when an address is about to be dialled, after the name was resolved:
// a name that changes its address between a check and the connection gains nothing.
func (s *Sender) control(_ context.Context, network, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !strings.HasPrefix(network, "tcp") || !s.mayDial(to.Addr()) {
		return ErrBlocked
	}
	return nil
}

// mayDial reports whether the host allows addr, or everybody may reach it.
func (s *Sender) mayDial(addr netip.Addr) bool {
	if !addr.IsValid() || addr.Zone() != "" {
		return false
	}
	addr = addr.Unmap()
	if within(addr, s.config.AllowNetworks) {
		return true
	}
	if addr.Is4() {
		return !within(addr, special4)
	}
	return global6.Contains(addr) && !within(addr, special6)
}

func within(addr netip.Addr, list []netip.Prefix) bool {
	for _, p := range list {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
