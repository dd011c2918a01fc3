package host

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// guard keeps web pages out of a server that only this machine can reach: a page whose own
// name leads here (DNS rebinding) could read all of it. Whoever comes by an address, as
// localhost or by the base's name, as behind a proxy on this machine, passes.
func guard(base string, next http.Handler) http.Handler {
	known := ""
	if u, err := url.Parse(base); err == nil {
		known = u.Hostname()
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := nameOf(r.Host)
		if _, err := netip.ParseAddr(name); err != nil && !strings.EqualFold(name, "localhost") && !strings.EqualFold(name, known) {
			http.Error(w, "this server is not known by that name; -base-url says by which it is", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// IsLoopback reports whether a host, with or without a port, is this machine by its name.
func IsLoopback(host string) bool {
	name := nameOf(host)
	address, err := netip.ParseAddr(name)
	return err == nil && address.IsLoopback() || strings.EqualFold(name, "localhost")
}

// nameOf is a host without its port.
func nameOf(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.Trim(host, "[]")
}
