package subscription

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/carillon-fhir/carillon/notification"
)

// Next returns what is to be sent next, and waits for it. For each binding that is a
// handshake, then the events that follow those which have arrived, in order, and
// heartbeats when it is quiet. It returns ctx's error, or ErrStopped: the subscriber may
// connect again, to this or another node.
//
// Bindings end here: when they run out, when the Subscription is deleted, off, in error,
// somebody else's or over another channel. The session goes on without them.
//
// Failure policy: a notification that can't be made is tried again every first wait of
// Config.Retry; what follows it waits, what others are bound to does not.
func (s *Session) Next(ctx context.Context) (Delivery, error) {
	for {
		d, wait, err := s.next(ctx, nil)
		if err != nil || wait == 0 {
			return d, err
		}
		s.sleep(ctx, wait)
	}
}

// next returns what is to be sent now, or for how long there is nothing.
func (s *Session) next(ctx context.Context, room []byte) (d Delivery, wait time.Duration, err error) {
	for {
		if err := ctx.Err(); err != nil {
			return Delivery{}, 0, err
		}
		now := s.engine.now()
		b, wait, err := s.due(now)
		if err != nil || b == nil {
			return Delivery{}, wait, err
		}
		if d, ok := s.perform(ctx, b, now, room); ok {
			return d, 0, nil
		}
	}
}

// sleep waits as signal.wait does, with a timer that is used again: ten thousand may
// sleep for the same event.
func (s *Session) sleep(ctx context.Context, d time.Duration) {
	if s.timer == nil {
		s.timer = time.NewTimer(d)
	} else {
		s.timer.Reset(d)
	}
	select {
	case <-s.wake:
		s.timer.Stop()
	case <-s.timer.C:
	case <-ctx.Done():
		s.timer.Stop()
	}
}

// due returns the binding for which there is something to send, the others' turn
// before its next, or how long to wait.
func (s *Session) due(now time.Time) (*binding, time.Duration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || !s.engine.follower.open.Load() {
		return nil, 0, ErrStopped
	}
	s.bindings = slices.DeleteFunc(s.bindings, func(b *binding) bool {
		if !b.over(now) {
			return false
		}
		b.removed = true
		s.engine.follower.leave(b.feed, s)
		return true
	})
	wait := time.Hour
	full := s.sequence-s.confirmed >= window || len(s.untold) >= window
	for i := range s.bindings {
		at := (s.turn + i) % len(s.bindings)
		b := s.bindings[at]
		dueIn := b.dueIn(now)
		if dueIn <= 0 && !full {
			s.turn = at + 1
			return b, 0, nil
		}
		if dueIn > 0 {
			wait = min(wait, dueIn)
		}
		if !b.until.IsZero() {
			wait = min(wait, b.until.Sub(now))
		}
	}
	return nil, wait, nil
}

func (b *binding) over(now time.Time) bool {
	return b.feed.ended.Load() || !b.until.IsZero() && !now.Before(b.until)
}

// dueIn says when there is something to send.
func (b *binding) dueIn(now time.Time) time.Duration {
	if b.feed.stale.Load() {
		return time.Hour
	}
	if now.Before(b.retryAt) {
		return b.retryAt.Sub(now)
	}
	if b.greet || b.feed.count.Load() > b.position {
		return 0
	}
	if period := b.feed.state.Load().subscription.HeartbeatPeriod; period > 0 {
		return b.sentAt.Add(period).Sub(now)
	}
	return time.Hour
}

// perform makes what is due for a binding. It reports false if there is nothing to send
// after all.
func (s *Session) perform(ctx context.Context, b *binding, now time.Time, room []byte) (d Delivery, ok bool) {
	e, state := s.engine, b.feed.state.Load()
	s.mu.Lock()
	greet, position, count := b.greet, b.position, b.feed.count.Load()
	content := lowest(b.content, state.subscription.Content)
	s.mu.Unlock()
	var err error
	var from origin
	d.Bound = greet
	switch {
	case greet && state.subscription.Classic != "":
		d.Message = Message{ID: newID(), Classic: new(Classic)}
	case greet:
		d.Message, err = e.stateOf(state, notification.Handshake, position, content)
	case count > position:
		var m made
		if b.feed.followers.Load() == 1 {
			d.Confirm = true
			m, err = e.assemble(ctx, b.feed, state, position, content, room)
		} else {
			m, d.Confirm, err = e.batch(ctx, b.feed, state, position, content, now)
		}
		d.Message, from, position = m.message, m.origin, m.last
		if errors.Is(err, errNoEvents) {
			s.skip(b, position)
			return d, false
		}
	default:
		d.Message, err = e.stateOf(state, notification.Heartbeat, count, content)
	}
	if err != nil && ctx.Err() == nil { // else the connection has ended
		e.cfg.Logger.ErrorContext(ctx, "a notification could not be made and is tried again", "tenant", s.tenant, "subscription", state.record.ID, "error", err)
	}
	d.Target = state.subscription.target()
	d.Target.Timeout = e.attemptTime(state.subscription)
	return d, s.hand(b, state, &d, position, err, greet, &from)
}

// hand takes note of what Next is about to return, which follows a state that must still
// be the subscription's.
func (s *Session) hand(b *binding, state *followed, d *Delivery, position int64, err error, greeted bool, from *origin) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.engine.now()
	switch {
	case b.removed, b.feed.ended.Load(), b.feed.stale.Load(), b.feed.state.Load() != state:
		return false
	case err != nil:
		b.retryAt = now.Add(s.engine.retry[0])
		return false
	}
	b.greet = b.greet && !greeted
	b.position, b.sentAt = position, now
	s.sequence++
	d.Sequence = s.sequence
	d.Confirm = d.Confirm || s.sequence-s.confirmed >= window/2
	r := receipt{sequence: s.sequence, feed: b.feed, number: position, asked: d.Confirm}
	if s.engine.accounts() {
		told := s.engine.attemptOn(state.subscription, &d.Message, from)
		r.account = &told
		s.unconfirmed = append(s.unconfirmed, r)
	} else if n := len(s.unconfirmed); n > 0 && s.unconfirmed[n-1].feed == b.feed && !s.unconfirmed[n-1].asked {
		s.unconfirmed[n-1] = r // nobody waits for it, and this says more
	} else {
		s.unconfirmed = append(s.unconfirmed, r)
	}
	return true
}

// skip passes over events that there are no more.
func (s *Session) skip(b *binding, to int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b.position = max(b.position, to)
}

// stateOf makes a handshake or heartbeat. It says that there have been as many events as
// its receiver has been sent: what follows is no repetition.
func (e *Engine) stateOf(state *followed, t notification.Type, position int64, content notification.Content) (Message, error) {
	n := e.describe(&state.record, state.subscription)
	n.Type, n.Content, n.EventsSinceSubscriptionStart = t, content, position
	return e.message(state.subscription, n)
}
