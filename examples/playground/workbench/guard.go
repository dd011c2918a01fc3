package workbench

import (
	"net/http"

	"github.com/carillon-fhir/carillon/examples/host"
)

// Guard lets only this machine's own pages through: requests for a host that is this
// machine by its name, so that no name that a stranger owns can lead here (DNS rebinding),
// and not from other sites' pages. What has none of a browser's headers, such as curl,
// passes: whoever runs programs here needs no page.
func Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !host.IsLoopback(r.Host) {
			http.Error(w, "this is reachable as localhost only", http.StatusMisdirectedRequest)
			return
		}
		if !sameOrigin(r) {
			http.Error(w, "other sites have no business here", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// sameOrigin reports whether no other site's page makes the request. Following a link to
// the page itself is all that other sites may do.
func sameOrigin(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
	default:
		return r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
	}
	origin := r.Header.Get("Origin")
	return origin == "" || origin == "http://"+r.Host
}
