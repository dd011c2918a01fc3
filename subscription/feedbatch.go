package subscription

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/carillon-fhir/carillon/notification"
)

// made is a notification that was made once for all sessions which stand at the same
// place. It is shown to others for a moment only: a right that is taken away must not
// live on in it.
type made struct {
	message  Message
	first    int64
	last     int64
	revision int64
	content  notification.Content
	at       time.Time
	taken    *atomic.Int64 // by how many sessions
	origin   origin
}

// serves reports whether this is the notification that follows a number.
func (m *made) serves(after int64, content notification.Content, revision int64, now time.Time) bool {
	return m.first == after+1 && m.content == content && m.revision == revision && now.Sub(m.at) < madeTime
}

// take gives it to a session.
func (m *made) take() (made, bool, error) { return *m, m.taken.Add(1) <= askedOf, nil }

const (
	madeTime  = time.Second
	madeLimit = 8
	madeBytes = 256 << 10 // a larger one is kept alone
	// askedOf is of how many sessions it is asked whether a notification has arrived: one
	// answer is enough, but the first ones may be from connections that are dead.
	askedOf = 4
)

// errNoEvents: the events were delivered elsewhere and pruned, or their subscription is
// gone.
var errNoEvents = errors.New("subscription: no events")

// batch returns the notification with the events that follow a number, at the given
// content level. ask says whether to find out at once whether it arrives.
func (e *Engine) batch(ctx context.Context, one *feed, state *followed, after int64, content notification.Content, now time.Time) (m made, ask bool, err error) {
	revision := state.record.Revision
	if newest := one.newest.Load(); newest != nil && newest.serves(after, content, revision, now) {
		return newest.take()
	}
	one.making.Lock()
	defer one.making.Unlock()
	for i := range one.made {
		if one.made[i].serves(after, content, revision, now) {
			return one.made[i].take()
		}
	}
	if m, err = e.assemble(ctx, one, state, after, content, nil); err != nil {
		return m, false, err
	}
	m.revision, m.content, m.at, m.taken = revision, content, now, new(atomic.Int64)
	if len(m.message.Body) > madeBytes {
		one.made = nil
	} else if len(one.made) >= madeLimit {
		one.made = slices.Delete(one.made, 0, 1)
	}
	one.made = append(one.made, m)
	newest := m // the result itself is written once more when this returns
	one.newest.Store(&newest)
	return m.take()
}

// assemble makes the notification with the events that follow a number; its body may be
// in room.
func (e *Engine) assemble(ctx context.Context, one *feed, state *followed, after int64, content notification.Content, room []byte) (m made, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("subscription: rendering panicked")
		}
	}()
	during := newWithin(ctx, e.cfg.Lease)
	defer during.end()
	s := state.subscription
	m.first = after + 1
	m.last = min(one.count.Load(), after+int64(s.batch()))
	if s.Classic != "" {
		m.message, m.origin, err = e.classicEvent(during, one.key, s, m.last)
		if errors.Is(err, errWithheld) {
			err = errNoEvents
		}
		return m, err
	}
	shown := &showing{room: e.cfg.MaxBytes, limit: int(m.last - after), whole: true}
	if err := e.showAll(during, one.key, s, m.first, m.last, content, shown); err != nil {
		return made{}, err
	}
	if len(shown.events) == 0 {
		return made{last: m.last}, errNoEvents
	}
	n := e.describe(&state.record, s)
	n.Type, n.Content = notification.EventNotification, content
	n.ID = batchID(n.Subscription, one.key, m.first, m.last)
	n.EventsSinceSubscriptionStart = m.last
	shown.into(n)
	m.origin = shown.origin
	m.message, err = e.messageIn(room, s, n)
	return m, err
}

// tidy forgets what must not be shown any more.
func (f *feed) tidy(now time.Time) {
	if !f.making.TryLock() {
		return
	}
	defer f.making.Unlock()
	f.made = slices.DeleteFunc(f.made, func(m made) bool { return now.Sub(m.at) >= madeTime })
	if len(f.made) == 0 {
		f.newest.Store(nil)
	}
}
