package email

import (
	"context"
	"net"
	"strconv"
	"sync"
	"time"
)

// pool keeps the connections to the server that wait for the next attempt, and bounds
// how many there are.
type pool struct {
	config  Config
	host    string
	port    int
	connect func(ctx context.Context, network, address string) (net.Conn, error)
	slots   chan struct{}

	mu   sync.Mutex
	idle []*connection // the one used last is the last
}

func newPool(config Config) *pool {
	host, port, _ := net.SplitHostPort(config.Server) // checked by complete
	number, _ := strconv.Atoi(port)
	return &pool{
		config: config, host: host, port: number,
		connect: new(net.Dialer).DialContext, slots: make(chan struct{}, config.Connections),
	}
}

// with calls f with a connection, waiting for one if all are in use. f says whether the
// connection may be used again.
func (p *pool) with(ctx context.Context, f func(c *connection) (again bool)) error {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	c, err := p.get(ctx)
	if err != nil {
		return err
	}
	if !f(c) {
		_ = c.wire.Conn.Close()
		return nil
	}
	p.put(c)
	return nil
}

// get returns a connection that is alive.
func (p *pool) get(ctx context.Context) (*connection, error) {
	for {
		c := p.take()
		if c == nil {
			return p.dial(ctx)
		}
		if c.alive(ctx) {
			return c, nil
		}
		_ = c.wire.Conn.Close()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
}

func (p *pool) take() *connection {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) == 0 {
		return nil
	}
	c := p.idle[len(p.idle)-1]
	p.idle = p.idle[:len(p.idle)-1]
	c.expiry.Stop()
	return c
}

func (p *pool) put(c *connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.used = time.Now()
	c.expiry = time.AfterFunc(idleTimeout, func() { p.expire(c) })
	p.idle = append(p.idle, c)
}

// expire ends a connection that nobody has used for long.
func (p *pool) expire(c *connection) {
	p.mu.Lock()
	waits := false
	for i, other := range p.idle {
		if other == c {
			p.idle = append(p.idle[:i], p.idle[i+1:]...)
			waits = true
			break
		}
	}
	p.mu.Unlock()
	if waits {
		c.quit()
	}
}

func (p *pool) close() {
	var wg sync.WaitGroup
	for c := p.take(); c != nil; c = p.take() {
		wg.Go(c.quit)
	}
	wg.Wait()
}
