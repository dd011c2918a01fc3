package subscription

import (
	"context"
	"errors"

	"github.com/carillon-fhir/carillon/notification"
)

// errWithheld is for an event of which a classic Subscription is told nothing.
var errWithheld = errors.New("subscription: there is nothing to tell of an event")

// renderClassic makes what a classic Subscription is told of its next event, and what
// asks for a confirmation, where the channel needs one.
func (e *Engine) renderClassic(ctx context.Context, c *Claim, s *Subscription, t task) (Message, origin, error) {
	if t == taskHandshake {
		token, err := e.askToConfirm(ctx, c, s)
		return Message{ID: newID(), ContentType: s.ContentType, Classic: new(Classic), Confirmation: token}, origin{}, err
	}
	return e.classicEvent(ctx, c.Key, s, last(c, s))
}

// classicEvent makes what a classic Subscription is told of the event of that number.
func (e *Engine) classicEvent(ctx context.Context, key int64, s *Subscription, number int64) (m Message, from origin, err error) {
	events, err := e.readEvents(ctx, key, number, number, 1)
	if err != nil {
		return Message{}, from, err
	}
	if len(events) != 1 {
		return Message{}, from, errNoEvents
	}
	m, err = e.classicMessage(ctx, s, &events[0], batchID(e.location("Subscription", s.ID), key, number, number))
	from.add(e, &events[0], s.Content, nil)
	return m, from, err
}

// classicMessage is the resource as it was after the change, or, without a payload,
// nothing beside the fact. Config.MaxBytes is no limit here: the host itself has written
// the resource, and there is no reference to be sent in its place.
//
// Failure policy: a resource that the subscriber may not see is not sent, and as there is
// no number by which to tell that something happened, it is told nothing: errWithheld. So
// it is with a deletion, which may wait for who has had a topic before (CLS-03).
func (e *Engine) classicMessage(ctx context.Context, s *Subscription, ev *Event, id string) (Message, error) {
	if err := e.review(ctx, s, s.Content, ev); err != nil {
		return Message{}, err
	}
	m := Message{ID: id, Classic: new(Classic)}
	switch {
	case ev.Change.Interaction == Delete:
		return Message{}, errWithheld
	case s.Content == notification.Empty:
		return m, nil
	case ev.Redacted:
		return Message{}, errWithheld
	}
	m.ContentType, m.Body = s.ContentType, ev.Change.Resource
	m.Classic.ResourceType, m.Classic.ResourceID = ev.Change.ResourceType, ev.Change.ResourceID
	return m, nil
}

// last is the number of the last event that an attempt for a claim sends. A classic
// Subscription gets one at a time, also if it had a topic, and larger batches, before.
func last(c *Claim, s *Subscription) int64 {
	if s.Classic != "" {
		return c.Cursor + 1
	}
	return c.Frozen
}

// withheld passes over an event.
func (e *Engine) withheld(c *Claim, s *Subscription) Outcome {
	o := unchanged(c, e.now())
	o.Cursor, o.Frozen = last(c, s), 0
	return settle(s, o, o.At)
}
