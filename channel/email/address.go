package email

import (
	"net/netip"
	"strings"
)

// parseEndpoint returns the one address of a Subscription's endpoint, mailto:name@host,
// or what is wrong. It takes less than RFC 6068 and RFC 5322 do: no header, list,
// percent escape, display name, comment, quoted name or address literal, as each of
// them has been read differently by two programs on the way of a mail.
func parseEndpoint(endpoint string) (address, problem string) {
	scheme, address, ok := strings.Cut(endpoint, ":")
	if !ok || !strings.EqualFold(scheme, "mailto") {
		return "", "want mailto: and an address"
	}
	if strings.Contains(address, "?") {
		return "", "want an address only: no subject, copies or other headers"
	}
	return checkAddress(address)
}

// checkAddress returns the address, or what is wrong with it.
func checkAddress(address string) (_, problem string) {
	name, domain, ok := strings.Cut(address, "@")
	if !ok || len(address) > 254 {
		return "", "want one address of at most 254 characters"
	}
	if !isName(name) {
		return "", "want a name before the @ of at most 64 letters, digits and . _ + - = & ~ '"
	}
	if !isDomain(domain) {
		return "", "want a domain name behind the @, such as example.org"
	}
	return address, ""
}

// isName is a dot-atom of RFC 5322 without what servers have taken for routes, pipes,
// options or escapes.
func isName(name string) bool {
	if name == "" || len(name) > 64 || name[0] == '-' || strings.Contains(name, "..") || name[0] == '.' || name[len(name)-1] == '.' {
		return false
	}
	for i := range len(name) {
		if c := name[i]; !isAlphanumeric(c) && strings.IndexByte("._+-=&~'", c) < 0 {
			return false
		}
	}
	return true
}

// isDomain is a name of two or more labels, the last of which can't be taken for a
// number; names in other scripts come as xn--.
func isDomain(domain string) bool {
	labels := strings.Split(domain, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if c := label[i]; !isAlphanumeric(c) && c != '-' {
				return false
			}
		}
	}
	last := labels[len(labels)-1]
	_, err := netip.ParseAddr(domain)
	return len(labels) > 1 && err != nil && (last[0] < '0' || last[0] > '9')
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
