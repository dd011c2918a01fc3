package egress

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// tenant has connections and access tokens of its own: they were got with what only
// this tenant may show.
type tenant struct {
	sender    *Sender
	name      string
	transport *http.Transport
	protocols []string     // that it speaks over TLS
	used      atomic.Int64 // when, in nanoseconds since 1970

	mu      sync.Mutex
	tokens  map[tokenKey]*tokenSlot
	sending int              // attempts under way
	closing bool             // since the last of them began
	conns   map[*frames]bool // of HTTP/2
}

// tenant returns the tenant of that name.
func (s *Sender) tenant(name string, now time.Time) *tenant {
	s.mu.RLock()
	t := s.tenants[name]
	s.mu.RUnlock()
	if t == nil {
		t = s.addTenant(name, now)
	}
	t.used.Store(now.UnixNano())
	return t
}

func (s *Sender) addTenant(name string, now time.Time) *tenant {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tenants[name]; t != nil {
		return t
	}
	if len(s.tenants) >= s.enough {
		s.dropIdle(now)
		s.enough = max(1<<10, 2*len(s.tenants))
	}
	t := &tenant{sender: s, name: name, tokens: map[tokenKey]*tokenSlot{}, conns: map[*frames]bool{}}
	t.transport = s.newTransport(t)
	if t.protocols = []string{"http/1.1"}; t.guardFrames() {
		t.protocols = []string{"h2", "http/1.1"}
	}
	s.tenants[name] = t
	return t
}

// dropIdle forgets tenants whose connections and tokens are of no more use. One that
// is just about to send finishes with what it has.
func (s *Sender) dropIdle(now time.Time) {
	before := now.Add(-10 * idleTimeout).UnixNano()
	for name, t := range s.tenants {
		if t.used.Load() < before {
			t.close()
			delete(s.tenants, name)
		}
	}
}

func (t *tenant) begin() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sending++
	t.closing = false
}

func (t *tenant) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sending--
	t.closeConns()
}

// close closes connections that no attempt uses, now and when it ends.
func (t *tenant) close() {
	t.transport.CloseIdleConnections()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closing = true
	t.closeConns()
}

// closeConns does for HTTP/2 what the transport doesn't: there it takes a connection
// for busy whose attempt was given up a moment ago.
func (t *tenant) closeConns() {
	if t.closing && t.sending == 0 {
		for f := range t.conns {
			_ = f.NetConn().Close() // without a farewell, for which it might wait
		}
	}
}

func (t *tenant) opened(f *frames) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.conns[f] = true
	t.closeConns()
}

func (t *tenant) closed(f *frames) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.conns, f)
}

func (s *Sender) newTransport(t *tenant) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	return &http.Transport{ // Proxy stays nil: the guard would see only the proxy
		DialContext:            t.dial,
		DialTLSContext:         t.dialTLS,
		Protocols:              protocols,
		DisableCompression:     true,
		MaxIdleConns:           1 << 10,
		MaxIdleConnsPerHost:    s.config.MaxIdleConnsPerHost,
		MaxConnsPerHost:        s.config.MaxConnsPerHost,
		IdleConnTimeout:        idleTimeout,
		ResponseHeaderTimeout:  headerTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		ReadBufferSize:         readBuffer,
		HTTP2: &http.HTTP2Config{
			MaxReceiveBufferPerStream:     maxResponseBytes,
			MaxReceiveBufferPerConnection: 4 * maxResponseBytes,
			SendPingTimeout:               headerTimeout, // a host that is gone fails the attempts on its one connection
			PingTimeout:                   connectTimeout,
			WriteByteTimeout:              headerTimeout,
		},
	}
}
