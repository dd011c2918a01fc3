package egress

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxEndpoint is the longest endpoint, in bytes.
const maxEndpoint = 2 << 10

// parseEndpoint reads Subscription.channel.endpoint, or says what is wrong with it.
func (s *Sender) parseEndpoint(text string) (endpoint *url.URL, problem string) {
	switch {
	case text == "":
		return nil, "is required"
	case len(text) > maxEndpoint:
		return nil, "is longer than 2048 bytes"
	case !isText(text) || strings.ContainsAny(text, ` \`):
		return nil, "want ASCII without spaces and backslashes; write other characters in their encoded form"
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, "is no URL"
	}
	switch u.Scheme {
	case "https":
	case "http":
		if !s.config.InsecureAllowHTTP {
			return nil, "want https"
		}
	default:
		return nil, "want https"
	}
	switch {
	case u.Opaque != "" || u.Hostname() == "":
		return nil, "has no host"
	case u.User != nil:
		return nil, "has user information; use a header"
	case strings.Contains(text, "#"):
		return nil, "has a fragment"
	}
	if problem := checkPort(u); problem != "" {
		return nil, problem
	}
	if problem := s.checkHost(u.Hostname()); problem != "" {
		return nil, problem
	}
	return u, ""
}

// otherPorts are those of protocols whose servers could take a request for
// something of their own, as the fetch standard blocks them, and of databases.
var otherPorts = []uint64{
	1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110,
	111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532,
	540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1433, 1521, 1719, 1720, 1723, 2049, 3306, 3659, 4045,
	4190, 5060, 5061, 5432, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080, 11211, 27017,
}

func checkPort(u *url.URL) (problem string) {
	text := u.Port()
	if text == "" {
		if strings.HasSuffix(u.Host, ":") {
			return "has an empty port"
		}
		return ""
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || text[0] == '0' {
		return "want a port from 1 to 65535"
	}
	if slices.Contains(otherPorts, port) {
		return "this port is another protocol's"
	}
	return ""
}

// checkHost refuses what is plainly a blocked address, and addresses in a form that
// resolvers read and netip does not, such as 0x7f.1. Names are resolved only when
// they are dialled.
func (s *Sender) checkHost(host string) (problem string) {
	if strings.Contains(host, ":") {
		addr, err := netip.ParseAddr(host)
		if err != nil {
			return "has an invalid host"
		}
		return s.checkAddr(addr)
	}
	if !isName(host) {
		return "has an invalid host"
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	if isNumeric(last) {
		addr, err := netip.ParseAddr(host)
		if err != nil {
			return "want an IPv4 address of four decimal numbers"
		}
		return s.checkAddr(addr)
	}
	if strings.EqualFold(last, "localhost") {
		return s.checkAddr(netip.AddrFrom4([4]byte{127, 0, 0, 1}))
	}
	return ""
}

func (s *Sender) checkAddr(addr netip.Addr) (problem string) {
	if !s.mayDial(addr) {
		return "blocked address"
	}
	return ""
}

// isName reports whether host has the form of a DNS name, without a final dot.
func isName(host string) bool {
	if len(host) > 253 {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if c := label[i]; !isAlphanumeric(c) && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}

// isNumeric reports whether a name's last label makes resolvers read the whole as a
// number: top-level domains have none but letters.
func isNumeric(label string) bool {
	if strings.Trim(label, "0123456789") == "" {
		return true
	}
	hex, ok := strings.CutPrefix(strings.ToLower(label), "0x")
	return ok && strings.Trim(hex, "0123456789abcdef") == ""
}
