package subscription

import (
	"context"
	"errors"
	"time"

	"github.com/carillon-fhir/carillon/notification"
)

// BindOptions is what a subscriber may ask for beside a token. The zero value asks for
// nothing.
type BindOptions struct {
	Content    notification.Content // at most this level, and never more than the Subscription's
	SkipMissed bool                 // events from before are left to $events
}

// Bind binds the session to the Subscriptions that a token stands for, which is then
// used up: each gets a handshake, then the events that have not arrived at any
// connection yet. One to which the session is bound already gets a handshake and goes on,
// until the new token's expiration. It fails with ErrToken if none of them can be bound,
// with ErrSessionLimit, or as the store does.
//
// Failure policy: a token is used up by an attempt that fails.
func (s *Session) Bind(ctx context.Context, token string, o BindOptions) error {
	t, until, err := s.engine.take(ctx, s.tenant, token, s.channel)
	if err != nil {
		return err
	}
	bound := 0
	for _, one := range t.Subscriptions {
		err := s.bind(ctx, one, &binding{group: hashOf(token), until: until, content: o.Content}, o)
		switch {
		case errors.Is(err, errNotBindable):
		case err != nil:
			return err
		default:
			bound++
		}
	}
	if bound == 0 {
		return ErrToken
	}
	return nil
}

// Unbind ends what was bound by a token, and reports whether anything was.
func (s *Session) Unbind(token string) bool {
	group, found := hashOf(token), false
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.bindings {
		if b.group == group {
			b.until, found = time.Unix(0, 0), true
		}
	}
	s.alert()
	return found
}

// BindID binds the session to a classic Subscription without a token, as its protocol has
// it (CLS-10), for as long as the session lasts. ctx is that of the caller: the
// Authorizer is asked for AccessBind. It fails with ErrNotFound if there is no such
// Subscription, if it is not the caller's, or if it is not classic.
func (s *Session) BindID(ctx context.Context, id string) error {
	r, err := s.engine.find(ctx, s.tenant, id, AccessBind)
	if err != nil {
		return err
	}
	if state, err := s.engine.served.restore(s.engine, &r); err != nil || state.Classic == "" {
		return ErrNotFound
	}
	err = s.bind(ctx, ticketFor{r.Key, r.ID, r.Owner}, new(binding), BindOptions{})
	if errors.Is(err, errNotBindable) {
		return ErrNotFound
	}
	return err
}

// UnbindID ends what was bound by BindID.
func (s *Session) UnbindID(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.bindings {
		if b.group == "" && b.feed.state.Load().record.ID == id {
			b.until = time.Unix(0, 0)
		}
	}
	s.alert()
}

// bind adds a binding, or renews the one that there is.
func (s *Session) bind(ctx context.Context, to ticketFor, b *binding, o BindOptions) error {
	e := s.engine
	b.feed = e.follower.join(to.Key, s)
	state, err := e.readFollowed(ctx, s.tenant, to.ID, s.channel, to.Key)
	if err == nil && state.record.Owner != to.Owner {
		err = errNotBindable
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var present *binding
	for _, other := range s.bindings {
		if other.feed == b.feed {
			present = other
		}
	}
	if err == nil && present == nil && len(s.bindings) >= maxBound {
		err = ErrSessionLimit
	}
	if err == nil && s.closed {
		err = ErrStopped
	}
	if err != nil {
		if present == nil {
			e.follower.leave(b.feed, s)
		}
		return err
	}
	b.feed.begin(state)
	if present != nil {
		present.group, present.until, present.content, present.greet = b.group, b.until, b.content, true
	} else {
		b.greet, b.sentAt = true, e.now()
		if b.position = b.feed.reached(); o.SkipMissed {
			b.position = b.feed.count.Load()
		}
		s.bindings = append(s.bindings, b)
	}
	s.alert()
	return nil
}

// begin takes what was read for the binding of a session, unless something newer is
// known.
func (f *feed) begin(state *followed) {
	f.raise(state.record.Count)
	f.reach(state.record.Cursor)
	if known := f.state.Load(); known == nil || known.record.Revision < state.record.Revision {
		f.state.Store(state)
		f.stale.Store(false)
	}
}

// lowest is the lesser of an asked and a granted content level.
func lowest(asked, granted notification.Content) notification.Content {
	if content, err := lower(asked, granted); err == nil {
		return content
	}
	return granted
}
