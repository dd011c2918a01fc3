package subscription

import (
	"context"
	"crypto/sha1"
	"errors"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/carillon-fhir/carillon/notification"
)

// compose builds the notification that is due for a claim.
func (e *Engine) compose(ctx context.Context, c *Claim, s *Subscription, t task) (n *notification.Notification, from origin, err error) {
	n = e.describe(&c.Record, s)
	switch t {
	case taskHandshake:
		n.Type = notification.Handshake
		// The first handshake says that nothing has been sent yet. Events may have been
		// numbered since the Subscription was accepted; a subscriber that were told of
		// them here would take their arrival for repetition.
		if c.SentAt.IsZero() {
			n.EventsSinceSubscriptionStart = 0
		}
	case taskHeartbeat:
		n.Type = notification.Heartbeat
	case taskEvents:
		n.Type = notification.EventNotification
		n.ID = batchID(n.Subscription, c.Key, c.Cursor+1, c.Frozen)
		n.EventsSinceSubscriptionStart = c.Frozen
		shown := &showing{room: e.cfg.MaxBytes, limit: int(c.Frozen - c.Cursor), whole: true}
		err = e.showAll(ctx, c.Key, s, c.Cursor+1, c.Frozen, s.Content, shown)
		if err != nil {
			return nil, from, err
		}
		if int64(len(shown.events)) != c.Frozen-c.Cursor {
			return nil, from, errors.New("subscription: events are missing from the store")
		}
		shown.into(n)
		from = shown.origin
	}
	return n, from, nil
}

// describe is what every notification about a Subscription says. It has no id yet.
func (e *Engine) describe(r *Record, s *Subscription) *notification.Notification {
	n := &notification.Notification{
		StatusID:                     newID(),
		Timestamp:                    time.Now().UTC().Truncate(time.Millisecond),
		Content:                      s.Content,
		Subscription:                 e.location("Subscription", r.ID),
		Topic:                        s.Topic,
		Status:                       string(r.Status),
		EventsSinceSubscriptionStart: r.Count,
		EntryPerReference:            e.cfg.EntryPerReference,
		ShowDeleted:                  e.cfg.ShowDeleted,
	}
	if e.cfg.StatusRelease != e.cfg.Release { // the clients for whom that is look for Type/id (interop 3, STS-08)
		n.Subscription = "Subscription/" + r.ID
	}
	if r.Status == StatusError {
		n.Errors = []notification.Coding{{System: errorSystem(r.Error), Code: r.Error}}
	}
	return n
}

func errorSystem(code string) string {
	switch code {
	case errorNoResponse, errorErrorResponse, errorDNS:
		return "http://terminology.hl7.org/CodeSystem/subscription-error"
	}
	return ""
}

// event shows an event as its Bundle does. A redacted one has a number only.
func (e *Engine) event(ev *Event) notification.Event {
	c := &ev.Change
	out := notification.Event{Number: ev.Number, Timestamp: c.At}
	if ev.Redacted {
		return out
	}
	out.Focus = notification.Entry{
		FullURL: e.location(c.ResourceType, c.ResourceID),
		Method:  c.Method, URL: c.URL, Status: c.ResultStatus,
	}
	if c.Interaction != Delete || e.cfg.ShowDeleted {
		out.Focus.Resource = c.Resource
	}
	return out
}

// batchID is the same for every attempt to send the same events of the same
// subscription, on every node, and never again for others.
func batchID(subscription string, key, first, last int64) string {
	name := append(make([]byte, 0, 256), uuid.NameSpaceURL[:]...)
	name = append(append(name, subscription...), '/')
	name = strconv.AppendInt(name, key, 10)
	name = strconv.AppendInt(append(name, '/'), first, 10)
	name = strconv.AppendInt(append(name, '-'), last, 10)
	hash := sha1.Sum(name)
	id := uuid.UUID(hash[:16])
	id[6], id[8] = id[6]&0x0f|0x50, id[8]&0x3f|0x80 // version 5 of RFC 9562, as uuid.NewSHA1 makes it of more pieces
	return id.String()
}
