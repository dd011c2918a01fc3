package egress

import (
	"context"
	"crypto/x509"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Config is what a host may decide about its requests. Its zero value works and is
// safe.
type Config struct {
	// InsecureAllowHTTP also accepts endpoints without TLS, which show notifications
	// and the Subscription's headers to the network. For development.
	InsecureAllowHTTP bool
	// AllowNetworks are addresses that may be dialled although they are of a
	// special-purpose range, such as 10.20.0.0/16 or 127.0.0.0/8. Whoever may create a
	// Subscription can then send requests to whatever listens there.
	AllowNetworks []netip.Prefix
	// RootCAs are the authorities whose certificates endpoints may have. nil: the
	// system's.
	RootCAs *x509.CertPool
	// Credentials returns what a tenant shows to the endpoint's host, which is in lower
	// case and has its port unless that is the scheme's own. It is asked before each
	// attempt and again for each new connection, by several goroutines at once, also
	// for the host of a token endpoint; so let it answer from memory. If it fails
	// nothing is sent. nil: nobody has any.
	Credentials func(ctx context.Context, tenant, host string) (Credentials, error)
	// Secrets returns the value of the secret of that name, for headers that refer to
	// it by ${secret:NAME} so that it need not rest in the Subscription. It must say no
	// to hosts that the secret is not meant for, or whoever may create a Subscription
	// can have it sent to an endpoint of theirs. It is asked by Check, where an error
	// refuses the Subscription, and by each Send. nil: there are no secrets.
	Secrets func(ctx context.Context, tenant, host, name string) (string, error)
	// Timeout bounds an attempt whose Target has no Timeout. 0: 30 seconds.
	Timeout time.Duration
	// MaxConnsPerHost is the number of connections of one tenant to one host; further
	// attempts wait for one, within their time. 0: 64, as many as the engine's default
	// Concurrency can use.
	MaxConnsPerHost int
	// MaxIdleConnsPerHost is how many of them are kept open between attempts. 0: all.
	MaxIdleConnsPerHost int
}

// Bounds of one attempt, beside its deadline (docs of subscription.Channel).
const (
	defaultTimeout   = 30 * time.Second
	connectTimeout   = 5 * time.Second // name resolution included
	tlsTimeout       = 5 * time.Second
	headerTimeout    = 15 * time.Second
	idleTimeout      = 60 * time.Second
	maxHeaderBytes   = 32 << 10 // of a response
	maxResponseBytes = 64 << 10 // of its body
)

// Sender makes the requests of one Channel. All methods may be called from several
// goroutines at once. Make one with New.
type Sender struct {
	config  Config
	dialer  net.Dialer
	connect func(ctx context.Context, network, address string) (net.Conn, error) // guarded

	mu      sync.RWMutex
	tenants map[string]*tenant
	enough  int // so many tenants that the idle ones are dropped

	endpoints endpoints
}

// New returns a Sender. It opens nothing and starts nothing.
func New(config Config) *Sender {
	if config.Timeout <= 0 {
		config.Timeout = defaultTimeout
	}
	if config.MaxConnsPerHost <= 0 {
		config.MaxConnsPerHost = 64
	}
	if config.MaxIdleConnsPerHost <= 0 {
		config.MaxIdleConnsPerHost = config.MaxConnsPerHost
	}
	s := &Sender{config: config, tenants: map[string]*tenant{}, enough: 1 << 10}
	s.dialer.ControlContext = s.control
	s.connect = s.dialer.DialContext
	return s
}

// Close closes the connections that wait for the next attempt. An attempt that is
// under way goes on, one to connect may take its 10 seconds even if its attempt has
// ended, and the Sender may be used again.
func (s *Sender) Close() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, t := range s.tenants {
		t.close()
	}
	return nil
}
