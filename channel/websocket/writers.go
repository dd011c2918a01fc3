package websocket

import (
	"sync"
	"time"
)

// writers write what the sessions of a channel bring: not a goroutine for each
// connection, all of which an event would wake at once, but as many as there are
// processors, who go from connection to connection. There are none when there is
// nothing to write.
//
// A connection that does not take what is written to it holds up nobody: a writer who
// does not come on is replaced by two, so that while none does their number doubles with
// every look, and any number of such connections is soon passed.
type writers struct {
	most int // how many may be active, beside one more for each that is held

	mu      sync.Mutex
	called  line // whose sessions may have something to send
	asked   line // who are to be pinged
	askedAt time.Time
	active  int       // writers who come on
	held    int       // writers who don't
	resting []*writer // used again
}

const (
	textRoom    = 16 << 10             // bytes; nearly every text is shorter
	mostResting = 64                   // writers
	atOnce      = 16                   // connections that a writer takes for its own at most
	patience    = 2 * time.Millisecond // how often it is looked whether a writer comes on
	askPatience = time.Second          // how long a ping may wait for others' texts
)

// call has a writer come to a connection. It never blocks.
func (w *writers) call(s *socket) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.called.join(s)
	w.hire()
}

// hire has a writer begin, if there may be more; w.mu is held.
func (w *writers) hire() {
	if w.active >= w.most+w.held {
		return
	}
	w.active++
	if n := len(w.resting); n > 0 {
		one := w.resting[n-1]
		w.resting = w.resting[:n-1]
		go one.run()
		return
	}
	one := &writer{of: w, room: make([]byte, 0, textRoom)}
	go one.run()
}

func (w *writers) rest(one *writer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.resting) < mostResting {
		w.resting = append(w.resting, one)
	}
}

// next moves those to whom a writer is to go next to its own line, and says whether that
// is for a ping. It reports false if the writer may rest.
//
// Texts go first: when one comes matters to who waits for it; when it is known to have
// arrived, to nobody.
func (w *writers) next(own, asks *line) (ping, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ask(asks)
	from := &w.called
	if ping = !w.asked.empty() && (from.empty() || time.Since(w.askedAt) > askPatience); ping {
		from = &w.asked
	}
	if from.empty() {
		w.active--
		return false, false
	}
	from.move(own, min(atOnce, 1+from.len()/(2+2*w.most+2*w.held))) // there is something left for the others
	return ping, true
}

// ask has connections pinged that a writer has written to; w.mu is held.
func (w *writers) ask(who *line) {
	if who.empty() {
		return
	}
	if w.asked.empty() {
		w.askedAt = time.Now()
	}
	who.move(&w.asked, who.len())
}

// heldUp replaces a writer who does not come on, and gives what it would have done to
// others.
func (w *writers) heldUp(own, asks *line) {
	w.mu.Lock()
	defer w.mu.Unlock()
	own.move(&w.called, own.len())
	w.ask(asks)
	w.active--
	w.held++
	for range min(2, w.called.len()+w.asked.len()) {
		w.hire()
	}
}

// back takes a writer in again who was held up. It reports false if there are enough.
func (w *writers) back(asks *line) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ask(asks)
	w.held--
	if w.active >= w.most+w.held {
		return false
	}
	w.active++
	return true
}

// lose is told of a writer whose goroutine has ended, and of whom it has not come to.
func (w *writers) lose(own, asks line, held bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	own.move(&w.called, own.len())
	w.ask(&asks)
	if held {
		w.held--
	} else {
		w.active--
	}
	if !w.called.empty() || !w.asked.empty() {
		w.hire()
	}
}

// line is who waits, the first to come first.
type line struct {
	all  []*socket
	gone int // of all
}

func (l *line) len() int    { return len(l.all) - l.gone }
func (l *line) empty() bool { return l.len() == 0 }

func (l *line) join(s *socket) {
	if l.gone > len(l.all)/2 {
		rest := copy(l.all, l.all[l.gone:])
		clear(l.all[rest:])
		l.all, l.gone = l.all[:rest], 0
	}
	l.all = append(l.all, s)
}

func (l *line) next() *socket {
	s := l.all[l.gone]
	l.all[l.gone] = nil
	l.gone++
	return s
}

// move moves the first of a line, at most so many, to another.
func (l *line) move(to *line, most int) {
	for range min(most, l.len()) {
		to.join(l.next())
	}
}
