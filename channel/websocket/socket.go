package websocket

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/carillon-fhir/carillon/subscription"
)

// socket is one connection. Its own goroutine reads; the channel's writers write what the
// session brings; pings come and go as timers tell.
type socket struct {
	channel *Channel
	session *subscription.Session
	options subscription.BindOptions
	request context.Context // of the opening request: who the client is to the host
	conn    conn
	limiter *rate.Limiter
	pulse   pulse

	holds    []holding // guarded by channel.mu
	ever     bool      // it was bound; the reader's own
	failures int       // what was not understood or not valid; the reader's own

	calls atomic.Int64  // of ready since a writer has found nothing to write; 0: it waits for none
	done  chan struct{} // closed when no writer comes to it any more

	writing context.Context // ends when nothing more is to be written
	stop    context.CancelFunc
	ending  sync.Once
	why     closeCode // set before stop is called
	reason  string
}

// maxFailures is how often a client may say something wrong.
const maxFailures = 3

// idleUnbound is how long a connection that was bound may be bound to nothing.
const idleUnbound = 10 * time.Minute

// run serves the connection to its end.
func (s *socket) run(w http.ResponseWriter, r *http.Request) {
	defer func() {
		if !s.ever {
			s.channel.bound()
		}
	}()
	var err error
	s.conn, err = accept(w, r, s.channel.cfg.MaxText, s.limiter.Allow)
	if err != nil {
		return
	}
	defer s.conn.cut()
	unbound := time.AfterFunc(s.channel.cfg.BindTimeout, func() { s.endFor(policyViolation, "nothing was bound in time") })
	defer unbound.Stop()
	s.pulse.begin(s)
	defer s.pulse.end()
	s.session.Attend(s.ready)
	defer func() {
		s.stop()
		s.ready()
		<-s.done
	}()
	s.read(unbound)
}

// ready has a writer come to this connection, once for any number of calls.
func (s *socket) ready() {
	if s.calls.Add(1) == 1 {
		s.channel.writers.call(s)
	}
}

// end closes the connection once, whoever asks.
func (s *socket) end(code closeCode) { s.endFor(code, "") }

func (s *socket) endFor(code closeCode, reason string) {
	s.ending.Do(func() {
		s.why, s.reason = code, reason
		s.stop()
		s.ready()
	})
}

// mostAtOnce is how many notifications one connection gets before others have their turn.
const mostAtOnce = 8

// write sends what the session brings, by a writer who has come for it.
func (s *socket) write(by *writer) {
	calls := s.calls.Load()
	for range mostAtOnce {
		d, ok, err := s.session.Poll(s.writing, by.room)
		switch {
		case err != nil:
			go s.part()
			return
		case !ok && s.calls.CompareAndSwap(calls, 0):
			return
		case !ok:
			s.channel.writers.call(s)
			return
		case !s.deliver(by, d):
			s.drop()
			return
		}
	}
	s.channel.writers.call(s)
}

// drop ends the connection without a word; no writer comes to it again.
func (s *socket) drop() {
	s.conn.cut()
	close(s.done)
}

// part says goodbye, for which the client has some time.
func (s *socket) part() {
	defer close(s.done)
	s.end(goingAway) // unless there is another reason
	s.session.Close()
	s.conn.close(s.why, s.reason)
}

// deliver sends one notification. It reports false if the client is gone or too slow.
func (s *socket) deliver(by *writer, d subscription.Delivery) bool {
	if d.Bound {
		s.channel.hold(s, holding{d.Target.Tenant, d.Target.Subscription})
	}
	timeout := s.channel.cfg.WriteTimeout
	if d.Target.Timeout > 0 {
		timeout = min(timeout, d.Target.Timeout)
	}
	if by.write(s.conn, timeout, textOf(&d)) != nil {
		return false
	}
	if s.pulse.sent(d.Sequence, d.Confirm) {
		by.ask(s)
	}
	return true
}

// textOf is what goes over the wire: for a classic Subscription nothing but that
// something has happened (CLS-10).
func textOf(d *subscription.Delivery) []byte {
	switch {
	case d.Message.Classic == nil:
		return d.Message.Body
	case d.Bound:
		return []byte("bound " + d.Target.Subscription)
	}
	return []byte("ping " + d.Target.Subscription)
}

// read obeys the client until the connection ends.
func (s *socket) read(unbound *time.Timer) {
	for {
		text, isText, err := s.conn.read()
		if err != nil {
			return
		}
		if !isText {
			s.endFor(unsupportedData, "texts only")
			return
		}
		if s.limiter.Wait(s.request) != nil {
			return
		}
		if !s.obey(text, unbound) {
			return
		}
	}
}

// obey does what a text asks for. It reports false when the connection is to end.
func (s *socket) obey(text []byte, unbound *time.Timer) bool {
	c, err := parse(text)
	if err != nil {
		return s.refuse("structure", "The text is not understood; bind-with-token TOKEN is")
	}
	ctx, cancel := context.WithTimeout(s.request, s.channel.cfg.BindTimeout)
	defer cancel()
	switch c.verb {
	case ping:
		if c.json {
			return s.say(`{"type":"pong"}`)
		}
		return s.say("pong")
	case bindToken:
		err = s.session.Bind(ctx, c.value, s.options)
	case unbindToken:
		s.session.Unbind(c.value)
		return true
	case bindIDs:
		for id := range strings.SplitSeq(c.value, ",") {
			if err = s.session.BindID(ctx, id); err != nil {
				break
			}
		}
	case unbindIDs:
		for id := range strings.SplitSeq(c.value, ",") {
			s.session.UnbindID(id)
		}
		return true
	}
	switch {
	case err == nil:
		if !s.ever {
			s.ever = true
			unbound.Stop()
			s.channel.bound()
		}
		return true
	case errors.Is(err, subscription.ErrToken):
		return s.refuse("forbidden", "The token is not valid")
	case errors.Is(err, subscription.ErrNotFound):
		return s.refuse("not-found", "There is no such classic Subscription; others are bound by bind-with-token TOKEN")
	case errors.Is(err, subscription.ErrSessionLimit):
		return s.refuse("too-costly", "The connection is bound to as many Subscriptions as it may be")
	case errors.Is(err, subscription.ErrStopped):
		return false
	}
	return s.outcome("exception", "The token could not be looked at; ask for another one") // not the client's fault
}

// refuse says what is wrong, and after a few times has enough of it.
func (s *socket) refuse(code, text string) bool {
	if s.failures++; s.failures >= maxFailures {
		s.outcome(code, text)
		s.endFor(policyViolation, "too many texts that are not valid")
		return false
	}
	return s.outcome(code, text)
}

// outcome sends an OperationOutcome (AMB-11).
func (s *socket) outcome(code, text string) bool {
	return s.say(`{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"` + code + `","details":{"text":"` + text + `"}}]}`)
}

func (s *socket) say(text string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), s.channel.cfg.WriteTimeout)
	defer cancel()
	return s.conn.write(ctx, []byte(text)) == nil
}
