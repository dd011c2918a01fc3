package websocket

import (
	"sync"
	"time"
)

// writer is one of writers. What it does for one connection may take long: the client may
// not read, the store or the Authorizer not answer.
type writer struct {
	of   *writers
	room []byte // where a text may be made that is written next; what does not fit is not kept

	mu      sync.Mutex
	working bool
	own     line        // to whom it goes next
	pings   bool        // own are to be pinged only
	asks    line        // who are to be pinged later
	timer   *time.Timer // looks every patience whether it comes on
	turns   int         // connections it has come to
	seen    int         // turns when it was looked last
	held    bool        // it does not come on, and is replaced
	conn    conn        // that it writes to; the zero value: to none
	timeout time.Duration
	cutting *time.Timer // cuts conn; nil while the writer is not held
}

// run goes from connection to connection until there is nothing to write.
//
// Failure policy: where a function of the host's ends the goroutine (runtime.Goexit), the
// connection that it was for ends with it, and others go on with what is left.
func (o *writer) run() {
	o.begin()
	var s *socket
	defer func() {
		o.end()
		if s != nil {
			s.drop()
			o.of.lose(o.leave())
		}
		o.of.rest(o)
	}()
	for s = o.next(); s != nil; s = o.next() {
		if o.pings {
			s.pulse.start()
		} else {
			s.write(o)
		}
	}
}

// leave returns whom the writer does not come to, and whether it was held up.
func (o *writer) leave() (own, asks line, held bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	own, asks, held = o.own, o.asks, o.held
	o.own, o.asks, o.held = line{}, line{}, false
	return own, asks, held
}

// next returns to whom to go, nil to nobody any more.
func (o *writer) next() *socket {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.turns++
	if o.held {
		o.held = false
		if !o.of.back(&o.asks) {
			return nil
		}
		o.timer.Reset(patience)
	}
	if o.own.empty() {
		ok := false
		if o.pings, ok = o.of.next(&o.own, &o.asks); !ok {
			return nil
		}
	}
	return o.own.next()
}

// ask has a connection pinged, when there is time for it.
func (o *writer) ask(s *socket) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asks.join(s)
}

func (o *writer) begin() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.working = true
	if o.timer == nil {
		o.timer = time.AfterFunc(patience, o.look)
	} else {
		o.timer.Reset(patience)
	}
}

func (o *writer) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.working = false
	o.timer.Stop()
}

// look finds out whether the writer is held up.
func (o *writer) look() {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case !o.working || o.held:
	case o.turns != o.seen:
		o.seen = o.turns
		o.timer.Reset(patience)
	default:
		o.held = true
		o.limit()
		if o.pings {
			o.own.move(&o.asks, o.own.len())
		}
		o.of.heldUp(&o.own, &o.asks)
	}
}

// limit has the connection cut in time; o.mu is held. Nearly every write is over before
// it would need a timer of its own.
func (o *writer) limit() {
	if o.conn.of != nil {
		o.cutting = time.AfterFunc(o.timeout, o.conn.cut)
	}
}

// write sends a text whole, or cuts the connection when it takes longer than timeout, and
// little more.
func (o *writer) write(to conn, timeout time.Duration, text []byte) error {
	o.mu.Lock()
	o.conn, o.timeout = to, timeout
	if o.held {
		o.limit()
	}
	o.mu.Unlock()
	err := to.writeWhole(text)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.conn = conn{}
	if o.cutting != nil {
		o.cutting.Stop()
		o.cutting = nil
	}
	return err
}
