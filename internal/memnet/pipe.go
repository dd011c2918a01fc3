package memnet

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// buffer is how much one end may write before the other reads, as with sockets:
// protocols in which both ends write first would otherwise stand still.
const buffer = 64 << 10

// pipe returns the two ends of a connection.
func pipe() (near, far net.Conn) {
	there, back := newStream(), newStream()
	return &end{in: back, out: there}, &end{in: there, out: back}
}

// stream is one direction of a connection.
type stream struct {
	mu      sync.Mutex
	changed chan struct{} // closed and replaced when anything below changes
	content []byte
	closed  bool // by the writer: io.EOF after content
	broken  bool // by the reader
	read    time.Time
	write   time.Time
}

func newStream() *stream { return &stream{changed: make(chan struct{})} }

// change runs f and wakes whoever waits.
func (s *stream) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	close(s.changed)
	s.changed = make(chan struct{})
}

// wait runs try until it reports that it is done, or the deadline has passed.
func (s *stream) wait(deadline *time.Time, try func() (done bool)) error {
	for {
		s.mu.Lock()
		until, changed := *deadline, s.changed
		if !until.IsZero() && !time.Now().Before(until) {
			s.mu.Unlock()
			return os.ErrDeadlineExceeded
		}
		if try() {
			close(s.changed)
			s.changed = make(chan struct{})
			s.mu.Unlock()
			return nil
		}
		s.mu.Unlock()
		if until.IsZero() {
			<-changed
			continue
		}
		timer := time.NewTimer(time.Until(until))
		select {
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// end is one end of a connection.
type end struct {
	in, out *stream
}

func (e *end) Read(p []byte) (n int, err error) {
	waited := e.in.wait(&e.in.read, func() bool {
		switch {
		case e.in.broken:
			err = io.ErrClosedPipe
		case len(e.in.content) > 0 || len(p) == 0:
			n = copy(p, e.in.content)
			e.in.content = e.in.content[n:]
		case e.in.closed:
			err = io.EOF
		default:
			return false
		}
		return true
	})
	if waited != nil {
		return 0, waited
	}
	return n, err
}

func (e *end) Write(p []byte) (n int, err error) {
	for {
		waited := e.out.wait(&e.out.write, func() bool {
			if e.out.closed || e.out.broken {
				err = io.ErrClosedPipe
				return true
			}
			room := min(buffer-len(e.out.content), len(p)-n)
			e.out.content = append(e.out.content, p[n:n+room]...)
			n += room
			return room > 0 || n == len(p)
		})
		if waited != nil {
			return n, waited
		}
		if err != nil || n == len(p) {
			return n, err
		}
	}
}

// Close ends both directions: the other end reads what is there, then io.EOF.
func (e *end) Close() error {
	e.out.change(func() { e.out.closed = true })
	e.in.change(func() { e.in.broken = true })
	return nil
}

// CloseWrite ends one direction only.
func (e *end) CloseWrite() error {
	e.out.change(func() { e.out.closed = true })
	return nil
}

func (e *end) SetReadDeadline(t time.Time) error {
	e.in.change(func() { e.in.read = t })
	return nil
}

func (e *end) SetWriteDeadline(t time.Time) error {
	e.out.change(func() { e.out.write = t })
	return nil
}

func (e *end) SetDeadline(t time.Time) error {
	_ = e.SetReadDeadline(t)
	return e.SetWriteDeadline(t)
}

func (*end) LocalAddr() net.Addr  { return address{} }
func (*end) RemoteAddr() net.Addr { return address{} }
