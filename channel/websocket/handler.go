package websocket

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/time/rate"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

// Handler serves the connections that e's notifications go over. The host mounts it where
// Config.URL leads to. It needs no authentication before it: a connection gets nothing
// but by a token.
//
// The query parameter content (empty, id-only or full-resource) bounds what this
// connection is told; it never raises what a Subscription was granted.
func (c *Channel) Handler(e *subscription.Engine) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.serve(e, w, r) })
}

// How much a client may say: at first, and a second. Who says more is read more slowly.
const (
	textBurst = 100
	textRate  = 10
)

func (c *Channel) serve(e *subscription.Engine, w http.ResponseWriter, r *http.Request) {
	if !c.allowsOrigin(r) {
		http.Error(w, "the origin is not allowed", http.StatusForbidden)
		return
	}
	options, ok := c.optionsOf(r.URL)
	if !ok {
		http.Error(w, "the query may hold content: empty, id-only or full-resource", http.StatusBadRequest)
		return
	}
	session, err := e.Connect(c.cfg.Tenant(r), c.Type())
	if err != nil {
		unavailable(w)
		return
	}
	defer session.Close()
	s := &socket{channel: c, session: session, options: options, request: r.Context(), done: make(chan struct{}), limiter: rate.NewLimiter(textRate, textBurst)}
	s.writing, s.stop = context.WithCancel(context.Background())
	defer s.stop()
	if !c.enter(s) {
		unavailable(w)
		return
	}
	defer c.leave(s)
	s.run(w, r)
}

func unavailable(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "5")
	http.Error(w, "no connections are accepted for the moment", http.StatusServiceUnavailable)
}

// allowsOrigin: what a page may do, it does with its user's network and cookies; so it
// must be one of this host or of one that the host trusts.
func (c *Channel) allowsOrigin(r *http.Request) bool {
	switch origins := r.Header.Values("Origin"); len(origins) {
	case 0:
		return true
	case 1:
		origin := strings.ToLower(origins[0])
		u, err := url.Parse(origin)
		return err == nil && u.Host != "" && (u.Host == strings.ToLower(r.Host) || c.origins[origin])
	}
	return false
}

// optionsOf reads the query; what it does not know it refuses.
func (c *Channel) optionsOf(u *url.URL) (subscription.BindOptions, bool) {
	options := subscription.BindOptions{SkipMissed: c.cfg.SkipMissed}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return options, false
	}
	for name, values := range query {
		if name != "content" || len(values) != 1 {
			return options, false
		}
		switch options.Content = notification.Content(values[0]); options.Content {
		case notification.Empty, notification.IDOnly, notification.FullResource:
		default:
			return options, false
		}
	}
	return options, true
}
