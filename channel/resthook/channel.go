package resthook

import (
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

// Config is what a host may decide about the channel. Its zero value works and is
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
	// Timeout bounds an attempt whose Target has no Timeout. 0: 30 seconds.
	Timeout time.Duration
	// MaxIdleConnsPerHost is the number of connections to one host that are kept open
	// between attempts. 0: 64, as many as the engine's default Concurrency can use.
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

// Channel sends notifications to HTTP endpoints. It implements
// subscription.Channel; all methods may be called from several goroutines at once.
// Make one with New.
type Channel struct {
	config    Config
	connect   func(ctx context.Context, network, address string) (net.Conn, error) // guarded
	transport *http.Transport
}

var _ subscription.Channel = (*Channel)(nil)

// New returns a Channel. It opens nothing and starts nothing.
func New(config Config) *Channel {
	if config.Timeout <= 0 {
		config.Timeout = defaultTimeout
	}
	if config.MaxIdleConnsPerHost <= 0 {
		config.MaxIdleConnsPerHost = 64
	}
	c := &Channel{config: config}
	dialer := net.Dialer{ControlContext: c.control}
	c.connect = dialer.DialContext
	// HTTP/2 is left out: it gains nothing for one small request at a time, and the
	// transport of net/http then logs what it finds odd through the global log.
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	c.transport = &http.Transport{ // Proxy stays nil: the guard would see only the proxy
		DialContext:            c.dial,
		DialTLSContext:         c.dialTLS,
		Protocols:              protocols,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    config.MaxIdleConnsPerHost,
		IdleConnTimeout:        idleTimeout,
		ResponseHeaderTimeout:  headerTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		ReadBufferSize:         readBuffer,
	}
	return c
}

// Type returns "rest-hook".
func (c *Channel) Type() string { return "rest-hook" }

// Close closes the connections that wait for the next attempt. An attempt that is
// under way goes on, one to connect may take its 10 seconds even if its attempt has
// ended, and the channel may be used again.
func (c *Channel) Close() error {
	c.transport.CloseIdleConnections()
	return nil
}
