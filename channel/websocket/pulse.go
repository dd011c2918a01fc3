package websocket

import (
	"context"
	"sync"
	"time"
)

// pulse finds out whether a client is there: now and then, and when it is asked whether
// something has arrived. A pong says that everything before its ping has.
type pulse struct {
	of *socket

	mu      sync.Mutex
	timer   *time.Timer // until the next ping
	beating bool        // a ping is under way
	ended   bool
	written uint64    // sequence of what was sent last
	asked   uint64    // what is to be confirmed soon
	empty   time.Time // since when nothing is bound
	beats   sync.WaitGroup
}

func (p *pulse) begin(s *socket) {
	p.of = s
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer = time.AfterFunc(s.channel.cfg.PingEvery, p.start)
}

// end waits until no ping is under way; the connection has ended.
func (p *pulse) end() {
	p.mu.Lock()
	p.ended = true
	p.timer.Stop()
	p.mu.Unlock()
	p.beats.Wait()
}

// sent is told what was written; ask: whether it arrives is to be found out at once.
func (p *pulse) sent(sequence uint64, ask bool) {
	p.mu.Lock()
	p.written = sequence
	if ask {
		p.asked = sequence
	}
	p.mu.Unlock()
	if ask {
		p.start()
	}
}

// start sends a ping, unless one is under way.
func (p *pulse) start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.beating || p.ended {
		return
	}
	p.beating = true
	p.beats.Go(p.beat)
}

// beat asks until nothing is left to be confirmed.
func (p *pulse) beat() {
	for p.ask() {
	}
}

func (p *pulse) ask() (again bool) {
	p.mu.Lock()
	written := p.written
	p.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), pongTimeout)
	defer cancel()
	if p.of.conn.ping(ctx) != nil {
		p.of.conn.cut()
		return false
	}
	p.of.session.Confirm(written)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked > written && !p.ended {
		return true
	}
	p.beating = false
	if !p.ended {
		p.timer.Reset(p.of.channel.cfg.PingEvery)
		p.weary(time.Now())
	}
	return false
}

// weary ends a connection that has been bound to nothing for long; p.mu is held. What
// has never been bound has a timer of its own.
func (p *pulse) weary(now time.Time) {
	switch {
	case p.of.session.Bindings() > 0:
		p.empty = time.Time{}
	case p.empty.IsZero():
		p.empty = now
	case now.Sub(p.empty) >= idleUnbound:
		p.of.endFor(policyViolation, "nothing is bound")
	}
}
