package subscription

import (
	"context"
	"errors"
	"time"

	"github.com/carillon-fhir/carillon/notification"
)

// render makes the notification that is due, and tells where its events come from. What fails here is the store's fault or
// ours, never the endpoint's.
func (e *Engine) render(ctx context.Context, c *Claim, s *Subscription, t task) (m Message, from origin, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("subscription: rendering panicked")
		}
	}()
	if s.Classic != "" {
		return e.renderClassic(ctx, c, s, t)
	}
	n, from, err := e.compose(ctx, c, s, t)
	if err != nil {
		return Message{}, from, err
	}
	m, err = e.message(s, n)
	m.Failed = c.Attempt
	if err == nil && t == taskHandshake {
		m.Confirmation, err = e.askToConfirm(ctx, c, s)
	}
	return m, from, err
}

// message renders a notification. One that has no id gets a new one.
//
// Its bytes are never used again, though no Channel may keep them: one that does, against
// the contract, must not come to show one subscriber what is another's.
func (e *Engine) message(s *Subscription, n *notification.Notification) (Message, error) {
	return e.messageIn(nil, s, n)
}

// messageIn is message whose body may be in room, which is the caller's: Poll's callers
// know themselves when it is used again.
func (e *Engine) messageIn(room []byte, s *Subscription, n *notification.Notification) (Message, error) {
	if n.ID == "" {
		n.ID = newID()
	}
	body, err := notification.Append(room[:0], s.Release, n)
	return Message{ID: n.ID, ContentType: s.ContentType, Release: s.Release, Body: body, Notification: n}, err
}

// attempt makes one attempt to notify. A panic of a channel is a failure of this
// attempt only.
func (e *Engine) attempt(ctx context.Context, s *Subscription, m Message) (err error) {
	target := s.target()
	target.Timeout = e.attemptTime(s)
	ctx, cancel := context.WithTimeout(ctx, target.Timeout)
	defer cancel()
	defer func() {
		if recover() != nil {
			err = errors.New("subscription: the channel panicked")
		}
	}()
	return e.channels[s.ChannelType].Send(ctx, target, m)
}

// attemptTime is how long one attempt may take.
func (e *Engine) attemptTime(s *Subscription) time.Duration {
	if s.Timeout > 0 {
		return min(s.Timeout, e.cfg.SendTimeout)
	}
	return e.cfg.SendTimeout
}

// errorCode returns the code of the standard for why an attempt failed.
func errorCode(err error) string {
	var coded interface{ SubscriptionError() string }
	if errors.As(err, &coded) {
		switch code := coded.SubscriptionError(); code {
		case errorErrorResponse, errorDNS:
			return code
		}
	}
	return errorNoResponse
}
