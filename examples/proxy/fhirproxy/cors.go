package fhirproxy

import "net/http"

// fromUpstream are the headers by which a server tells browsers who may read an answer.
var fromUpstream = []string{"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers"}

// allowOrigin gives the proxy's own answers to pages of other origins the headers that the
// upstream gives its: its policy is the only one
// (docs/reference-implementation.md, P5). Preflights pass through.
func (p *Proxy) allowOrigin(w http.ResponseWriter, r *http.Request) {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return
	}
	w.Header().Add("Vary", "Origin")
	ask, err := http.NewRequestWithContext(r.Context(), http.MethodOptions, p.upstream.at("/metadata").String(), nil)
	if err != nil {
		return
	}
	ask.Header.Set("Origin", origin)
	ask.Header.Set("Access-Control-Request-Method", r.Method)
	response, err := p.upstream.client.Do(ask)
	if err != nil {
		return // without the headers a browser shows the page nothing
	}
	_ = response.Body.Close()
	for _, name := range fromUpstream {
		if value := response.Header.Values(name); len(value) > 0 {
			w.Header()[name] = value
		}
	}
}
