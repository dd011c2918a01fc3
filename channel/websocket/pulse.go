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
	called  bool        // a writer is to start a ping
	callAt  uint64      // sequence of what was sent when it was called
	limit   *time.Timer // cuts the connection if a ping is not answered
	beating bool        // a ping is under way
	ended   bool
	written uint64    // sequence of what was sent last
	asked   uint64    // what is to be confirmed soon
	empty   time.Time // since when nothing is bound
	beats   sync.WaitGroup
}

// mostUnasked is after how many more notifications a ping waits for nobody's texts.
const mostUnasked = 32

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

// sent is told what was written. ask: whether it arrives is to be found out; it then
// reports whether a ping has to be started for that, as soon as there is time for it.
func (p *pulse) sent(sequence uint64, ask bool) (start bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.written = sequence
	if !ask {
		return false
	}
	p.asked = sequence
	switch {
	case p.beating, p.ended:
	case !p.called:
		p.called, p.callAt = true, sequence
		return true
	case sequence >= p.callAt+mostUnasked:
		p.launch()
	}
	return false
}

// start sends a ping, unless one is under way.
func (p *pulse) start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.called = false
	if !p.beating && !p.ended {
		p.launch()
	}
}

// launch begins to beat; p.mu is held.
func (p *pulse) launch() {
	p.beating = true
	if p.limit == nil {
		p.limit = time.AfterFunc(pongTimeout, p.of.conn.cut)
	} else {
		p.limit.Reset(pongTimeout)
	}
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
	if p.of.conn.ping(context.Background()) != nil {
		p.limit.Stop()
		p.of.conn.cut()
		return false
	}
	p.of.session.Confirm(written)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked > written && !p.ended {
		p.limit.Reset(pongTimeout)
		return true
	}
	p.limit.Stop()
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
