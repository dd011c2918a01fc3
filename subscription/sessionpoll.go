package subscription

import (
	"context"
	"time"
)

// Attend is for a Connector that has no goroutine waiting in Next for each connection: an
// event may be for ten thousand of them, and to wake so many goroutines at once takes
// longer than to write what it is about. From now on ready is called when Poll may have
// something to send that it had not before, and once for what there is already. It is
// called with locks held and often at the same time, so it must neither block nor call the
// Session. Attend comes before Poll, once.
func (s *Session) Attend(ready func()) {
	s.ready.Store(&ready)
	ready()
}

// alert says that there may be something to send.
func (s *Session) alert() {
	if ready := s.ready.Load(); ready != nil {
		(*ready)()
		return
	}
	s.wake.set()
}

// Poll is Next that does not wait for something to send: ok is false if there is nothing,
// and Attend's function is called when that may have changed. It may still wait for the
// store and the Authorizer, as Next does.
//
// room is for what is made for this Session alone: Message.Body may be in it, and is then
// good only until the caller uses it again. It may be nil.
func (s *Session) Poll(ctx context.Context, room []byte) (d Delivery, ok bool, err error) {
	d, wait, err := s.next(ctx, room)
	if err != nil || wait == 0 {
		return d, err == nil, err
	}
	s.remind(wait)
	return d, false, nil
}

// remind calls ready after a while. A reminder that comes sooner stays as it is: one call
// too many now and then costs less than to set a timer for every event.
func (s *Session) remind(wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	at := now.Add(wait)
	switch {
	case s.closed, s.remindsAt.After(now) && !s.remindsAt.After(at):
		return
	case s.reminder == nil:
		s.reminder = time.AfterFunc(wait, s.alert)
	default:
		s.reminder.Reset(wait)
	}
	s.remindsAt = at
}
