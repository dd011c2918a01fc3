package websocket

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

// Config says how connections are served. The zero value of every field that is not
// marked as required is a good choice.
type Config struct {
	// URL is where subscribers connect, as they know it: the websocket-url of
	// $get-ws-binding-token. Required; its scheme is ws or wss. Tokens pass over it, so
	// anything but wss is for development.
	URL string

	// Tenant tells whose Subscriptions a connection may be bound to, from the request by
	// which it is opened; nil: a host without tenants.
	Tenant func(*http.Request) string

	// Origins are the origins, such as https://app.example.org, whose pages may connect
	// beside those of the request's own host. Programs that are no browsers send none, and
	// may.
	Origins []string

	// SkipMissed leaves events from before a bind to $events.
	SkipMissed bool

	WriteTimeout time.Duration // for one notification; a subscriber who reads slower is cut off; default 10 s
	PingEvery    time.Duration // how often a connection is asked whether it is alive; it has 10 s to answer; default 25 s
	BindTimeout  time.Duration // how long a connection may take to be bound; default 10 s
	MaxUnbound   int           // connections that have not been bound yet, at once; default 10,000
	MaxText      int           // longest text that a client may send, in bytes; default 4096
}

// Channel is a subscription.Connector. All methods may be called at the same time.
type Channel struct {
	cfg     Config
	origins map[string]bool
	running sync.WaitGroup // connections
	writers writers

	mu      sync.Mutex
	closed  bool
	unbound int
	sockets map[*socket]struct{}
	holders map[holding]map[*socket]struct{} // who was sent notifications of a Subscription
}

// holding is a Subscription.
type holding struct{ tenant, subscription string }

var _ subscription.Connector = (*Channel)(nil)

// New checks the configuration; it starts nothing. Its error lists all that is wrong.
func New(cfg Config) (*Channel, error) {
	var errs []error
	at, err := url.Parse(cfg.URL)
	if err != nil || at.Scheme != "ws" && at.Scheme != "wss" || at.Host == "" || at.Fragment != "" {
		errs = append(errs, errors.New("websocket: Config.URL must be an absolute ws or wss URL"))
	}
	c := &Channel{
		origins: map[string]bool{}, sockets: map[*socket]struct{}{}, holders: map[holding]map[*socket]struct{}{},
	}
	for _, origin := range cfg.Origins {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme == "" || u.Host == "" || u.Scheme+"://"+u.Host != origin {
			errs = append(errs, fmt.Errorf("websocket: Config.Origins: each must be a scheme and a host, such as https://app.example.org"))
			continue
		}
		c.origins[strings.ToLower(origin)] = true
	}
	if cfg.Tenant == nil {
		cfg.Tenant = func(*http.Request) string { return "" }
	}
	for _, d := range []struct {
		of       *time.Duration
		fallback time.Duration
	}{{&cfg.WriteTimeout, 10 * time.Second}, {&cfg.PingEvery, 25 * time.Second}, {&cfg.BindTimeout, 10 * time.Second}} {
		if *d.of == 0 {
			*d.of = d.fallback
		}
		if *d.of < 0 {
			errs = append(errs, errors.New("websocket: Config: a time is negative"))
		}
	}
	for _, n := range []struct {
		of       *int
		fallback int
	}{{&cfg.MaxUnbound, 10_000}, {&cfg.MaxText, 4096}} {
		if *n.of == 0 {
			*n.of = n.fallback
		}
		if *n.of < 0 {
			errs = append(errs, errors.New("websocket: Config: a limit is negative"))
		}
	}
	c.cfg = cfg
	c.writers.most = runtime.GOMAXPROCS(0)
	return c, errors.Join(errs...)
}

// Type returns websocket.
func (*Channel) Type() string { return "websocket" }

// URL returns Config.URL.
func (c *Channel) URL() string { return c.cfg.URL }

// Check accepts everything. An endpoint is not needed and means nothing here, nor do
// headers (CH-WS-11, AMB-30).
func (*Channel) Check(context.Context, subscription.Target) error { return nil }

// Close ends all connections, with 1001, and waits for their ends; from then on none is
// accepted. Connections also end by themselves when the engine's Run does.
func (c *Channel) Close() error {
	c.mu.Lock()
	c.closed = true
	for s := range c.sockets {
		s.end(goingAway)
	}
	c.mu.Unlock()
	c.running.Wait()
	return nil
}

// enter takes note of a connection, or refuses it.
func (c *Channel) enter(s *socket) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.unbound >= c.cfg.MaxUnbound {
		return false
	}
	c.unbound++
	c.running.Add(1)
	c.sockets[s] = struct{}{}
	return true
}

// bound notes that a connection is no longer one that was never bound.
func (c *Channel) bound() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unbound--
}

// hold notes that a connection was sent something of a Subscription.
func (c *Channel) hold(s *socket, h holding) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.holders[h] == nil {
		c.holders[h] = map[*socket]struct{}{}
	}
	if _, known := c.holders[h][s]; !known { // else it is bound once more
		c.holders[h][s] = struct{}{}
		s.holds = append(s.holds, h)
	}
}

func (c *Channel) leave(s *socket) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.sockets, s)
	for _, h := range s.holds {
		delete(c.holders[h], s)
		if len(c.holders[h]) == 0 {
			delete(c.holders, h)
		}
	}
	c.running.Done()
}
