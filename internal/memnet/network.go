// Package memnet is a network of pipes in memory, for tests of what servers and
// clients do when time passes: in a bubble of testing/synctest nothing of it counts
// as the world outside.
package memnet

import (
	"context"
	"errors"
	"net"
	"sync"
)

// Network is one server's. Make one with New; all methods may be called by several
// goroutines at once.
type Network struct {
	calls chan net.Conn
	done  chan struct{}
	close sync.Once

	mu    sync.Mutex
	dials int
}

var _ net.Listener = (*Network)(nil)

// ErrClosed is what a Network says after Close.
var ErrClosed = errors.New("memnet: closed")

// New returns a network where nobody listens yet. Who dials waits for Accept.
func New() *Network {
	return &Network{calls: make(chan net.Conn), done: make(chan struct{})}
}

// DialContext connects to the server, whatever the address.
func (n *Network) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	n.mu.Lock()
	n.dials++
	n.mu.Unlock()
	near, far := pipe()
	select {
	case n.calls <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-n.done:
		return nil, ErrClosed
	}
}

// Dials returns how often DialContext was called.
func (n *Network) Dials() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dials
}

// Accept returns the server's end of the next connection.
func (n *Network) Accept() (net.Conn, error) {
	select {
	case conn := <-n.calls:
		return conn, nil
	case <-n.done:
		return nil, ErrClosed
	}
}

// Close ends Accept and DialContext. Connections stay open.
func (n *Network) Close() error {
	n.close.Do(func() { close(n.done) })
	return nil
}

// Addr returns the address "memnet".
func (*Network) Addr() net.Addr { return address{} }

type address struct{}

func (address) Network() string { return "memnet" }
func (address) String() string  { return "memnet" }
