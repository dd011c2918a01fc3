package subscription

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/carillon-fhir/carillon/notification"
)

// Session is one connection of a subscriber to a Connector: what it is bound to, and
// what is to be sent over it next. Order, missed events, handshakes, heartbeats and the
// end of a binding are the engine's business; a Connector reads what the subscriber asks
// for, and writes what Next or Poll returns. All methods may be called at the same time,
// but of Next and Poll only one, and by one goroutine at a time.
type Session struct {
	engine  *Engine
	tenant  string
	channel string                 // the Connector's type
	wake    signal                 // for Next
	ready   atomic.Pointer[func()] // for Poll, by Attend
	timer   *time.Timer            // Next's own

	mu          sync.Mutex
	closed      bool
	reminder    *time.Timer // calls ready; Poll's
	remindsAt   time.Time
	bindings    []*binding
	turn        int // whose turn it is first
	sequence    uint64
	confirmed   uint64
	unconfirmed []receipt
	untold      []told // what OnNotified is to be told of
	telling     bool   // somebody does

	tells context.Context // in which it is told; ends when Run has waited for it for DrainTimeout
}

// binding is a subscription that a session is bound to.
type binding struct {
	feed    *feed
	group   string               // hash of the token by which it is bound; "" if without one
	until   time.Time            // zero: as long as the session
	content notification.Content // the most that is asked for; "": what the Subscription says

	greet    bool      // it is to get a handshake
	position int64     // number of the last event that Next has returned
	sentAt   time.Time // when Next returned something of it last
	retryAt  time.Time // a notification could not be made
	removed  bool
}

// receipt is what a delivery brings if it arrives.
type receipt struct {
	sequence uint64
	feed     *feed
	number   int64
	asked    bool
	account  *account // nil: nobody wants to know
}

// window is how many deliveries may be under way without it being known whether they
// have arrived: what a dead connection may swallow, and be sent once more.
const window = 256

// Delivery is something to send over the connection of a Session.
type Delivery struct {
	Target   Target  // of the Subscription whose notification it is
	Message  Message // what is sent
	Sequence uint64  // for Session.Confirm
	Bound    bool    // a binding's first: a handshake, which for a classic Subscription says so alone

	// Confirm asks the Connector to find out soon whether this arrives, if it can. It may
	// find out about any other as well.
	Confirm bool
}

// Errors of a Session, for errors.Is.
var (
	// ErrToken: the token is unknown, has run out or was used, is another tenant's, or what
	// it stands for can't be bound any more.
	ErrToken = errors.New("subscription: the binding token is not valid")
	// ErrSessionLimit: the session is bound to as many Subscriptions as it may be.
	ErrSessionLimit = errors.New("subscription: the session is bound to too many Subscriptions")
	// ErrStopped: Run has not begun, is about to end, or the Session was closed.
	ErrStopped = errors.New("subscription: engine is not running")
)

// Connect begins a Session for a connection to a Connector of the given type, bound to
// nothing yet. It fails with ErrStopped while Run is not running. The caller closes it.
func (e *Engine) Connect(tenant, channelType string) (*Session, error) {
	s := &Session{engine: e, tenant: tenant, channel: channelType, wake: newSignal()}
	if !e.follower.enlist(s) {
		return nil, ErrStopped
	}
	return s, nil
}

// Close ends the session. What was not confirmed is sent again to whoever connects next.
func (s *Session) Close() {
	s.mu.Lock()
	s.closed = true
	for _, b := range s.bindings {
		b.removed = true
		s.engine.follower.leave(b.feed, s)
	}
	lost := s.unconfirmed
	s.bindings, s.unconfirmed = nil, nil
	if s.reminder != nil {
		s.reminder.Stop()
	}
	s.mu.Unlock()
	s.account(lost, ResultCut)
	s.alert()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.telling {
		s.engine.follower.strike(s)
	}
}

// Bindings returns to how many Subscriptions the session is bound; what has ended counts until
// Next has looked at it.
func (s *Session) Bindings() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.bindings)
}

// Confirm says that everything up to a Delivery has arrived: that it is not sent again
// after a reconnection is due to this alone.
func (s *Session) Confirm(sequence uint64) {
	s.mu.Lock()
	wasFull := s.sequence-s.confirmed >= window
	s.confirmed = max(s.confirmed, min(sequence, s.sequence))
	n := 0
	for n < len(s.unconfirmed) && s.unconfirmed[n].sequence <= sequence {
		n++
	}
	arrived := s.unconfirmed[:n:n]
	s.unconfirmed = s.unconfirmed[n:]
	s.mu.Unlock()
	s.account(arrived, ResultOK)
	if wasFull {
		s.alert()
	}
}

// IsBound reports whether the session is bound to a Subscription.
func (s *Session) IsBound(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.engine.now()
	for _, b := range s.bindings {
		if state := b.feed.state.Load(); state.record.ID == id && !b.over(now) {
			return true
		}
	}
	return false
}

// account tells of deliveries that have arrived, or of which that will never be known, and
// has it recorded what has arrived.
func (s *Session) account(of []receipt, result Result) {
	for _, r := range of {
		if r.account != nil {
			s.engine.account(context.Background(), r.account, result, nil)
		}
	}
	if s.engine.cfg.OnNotified != nil {
		s.tell(of, result)
		return
	}
	if result == ResultOK {
		now := s.engine.now()
		for _, r := range of {
			s.engine.confirm(r.feed, r.number, now)
		}
	}
}
