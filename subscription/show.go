package subscription

import (
	"context"
	"fmt"
	"strings"

	"github.com/carillon-fhir/carillon/notification"
)

// showing is the events of a notification in the making.
type showing struct {
	events  []notification.Event
	limit   int  // most events
	whole   bool // all of them are needed, whatever their size
	room    int  // bytes of resources that may still be added
	tooLong bool // a resource was left out
	origin  origin
}

// tooLong says in a notification that a resource which belongs into it is too large
// for it; its reference is there.
var tooLong = notification.Coding{System: "http://hl7.org/fhir/issue-type", Code: "too-long"}

func (w *showing) into(n *notification.Notification) {
	n.Events = w.events
	if w.tooLong {
		n.Errors = append(n.Errors, tooLong)
	}
}

// fits takes room for a resource, if there is any left.
func (w *showing) fits(resource []byte) bool {
	if len(resource) > w.room {
		return false
	}
	w.room -= len(resource)
	return true
}

// showAll reads events of a subscription and shows them until w is full.
func (e *Engine) showAll(ctx context.Context, key int64, s *Subscription, first, last int64, content notification.Content, w *showing) error {
	during := newWithin(ctx, e.contextTime())
	defer during.end()
	for first <= last && len(w.events) < w.limit {
		events, err := e.readEvents(ctx, key, first, last, w.limit-len(w.events))
		if err != nil {
			return err
		}
		if len(events) == 0 {
			break
		}
		for i := range events {
			if resource := events[i].Change.Resource; !w.whole && len(w.events) > 0 && len(resource) > w.room {
				return nil
			}
			if err := e.show(during, s, content, &events[i], w); err != nil {
				return err
			}
		}
		first = events[len(events)-1].Number + 1
	}
	return nil
}

// readEvents returns events of a subscription, at most limit of them, from memory if
// they are fresh.
func (e *Engine) readEvents(ctx context.Context, key, first, last int64, limit int) ([]Event, error) {
	if events, ok := e.fresh.find(key, first, last); ok && len(events) <= limit {
		return events, nil
	}
	events, err := e.cfg.Store.ReadEvents(ctx, key, first, last, limit)
	if err != nil {
		return nil, fmt.Errorf("subscription: reading events: %w", err)
	}
	return events, nil
}

// review redacts an event that its subscriber may not see now: the right may have been
// taken away since the event was numbered (SEC-02).
//
// Failure policy: without an answer of the Authorizer nothing is shown at all; the
// error lets it be asked again.
func (e *Engine) review(ctx context.Context, s *Subscription, content notification.Content, ev *Event) error {
	if ev.Redacted || content == notification.Empty {
		return nil
	}
	verdicts, err := e.authorize(withTenant(ctx, s.Tenant), ev.Change.Resource, []*Subscription{s})
	if err != nil {
		return fmt.Errorf("subscription: the right to see an event is unknown: %w", err)
	}
	ev.Redacted = verdicts[0] != Allow
	return nil
}

// show shows an event to its subscriber as far as it may see it now. Its number stays.
//
// Failure policy: a resource for which there is no room is left out, and the
// notification says so: the subscriber has its reference.
func (e *Engine) show(ctx context.Context, s *Subscription, content notification.Content, ev *Event, to *showing) error {
	if err := e.review(ctx, s, content, ev); err != nil {
		return err
	}
	shown := e.event(ev)
	switch content { // a Channel gets the Notification, too: it must not hold what its Bundle does not
	case notification.Empty:
		shown.Focus = notification.Entry{}
	case notification.IDOnly:
		shown.Focus.Resource = nil
		shown.Focus.URL, _, _ = strings.Cut(shown.Focus.URL, "?") // of a conditional write: it may have an identifier
	}
	if content == notification.FullResource && !to.fits(shown.Focus.Resource) {
		shown.Focus.Resource, to.tooLong = nil, true
	}
	if !ev.Redacted {
		e.addHints(ctx, s, content, ev, &shown)
	}
	if content != notification.Empty {
		e.addContext(ctx, s, ev, &shown, to)
	}
	to.events = append(to.events, shown)
	to.origin.add(e, ev, content, shown.Context)
	return nil
}
