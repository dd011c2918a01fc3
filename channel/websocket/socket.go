package websocket

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/carillon-fhir/carillon/subscription"
)

// socket is one connection. Its own goroutine reads, another one writes what the session
// brings; pings come and go as timers tell.
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

	writing  context.Context // the writer's
	deadline *time.Timer     // the writer's
	stop     context.CancelFunc
	ending   sync.Once
	why      closeCode // set before stop is called
	reason   string
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
	var writer sync.WaitGroup
	writer.Go(s.write)
	defer writer.Wait()
	defer s.stop()
	s.read(unbound)
}

// end closes the connection once, whoever asks.
func (s *socket) end(code closeCode) { s.endFor(code, "") }

func (s *socket) endFor(code closeCode, reason string) {
	s.ending.Do(func() {
		s.why, s.reason = code, reason
		s.stop()
	})
}

// write sends what the session brings, and in the end says goodbye.
func (s *socket) write() {
	for {
		d, err := s.session.Next(s.writing)
		if err != nil {
			break
		}
		if !s.deliver(d) {
			s.conn.cut()
			return
		}
	}
	s.end(goingAway) // unless there is another reason
	s.session.Close()
	s.conn.close(s.why, s.reason)
}

// deliver sends one notification. It reports false if the client is gone or too slow.
func (s *socket) deliver(d subscription.Delivery) bool {
	if d.Bound {
		s.channel.hold(s, holding{d.Target.Tenant, d.Target.Subscription})
	}
	timeout := s.channel.cfg.WriteTimeout
	if d.Target.Timeout > 0 {
		timeout = min(timeout, d.Target.Timeout)
	}
	if s.conn.writeBy(&s.deadline, timeout, textOf(&d)) != nil {
		return false
	}
	s.pulse.sent(d.Sequence, d.Confirm)
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
