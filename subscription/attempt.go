package subscription

import (
	"context"
	"errors"

	"github.com/carillon-fhir/carillon/notification"
)

// render makes the notification that is due. What fails here is the store's fault or
// ours, never the endpoint's.
func (e *Engine) render(ctx context.Context, c *Claim, s *Subscription, t task) (m Message, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("subscription: rendering panicked")
		}
	}()
	n, err := e.compose(ctx, c, s, t)
	if err != nil {
		return Message{}, err
	}
	m = Message{ID: n.ID, ContentType: s.ContentType, Notification: n}
	if m.Body, err = notification.Append(nil, e.cfg.Release, n); err == nil && t == taskHandshake {
		m.Confirmation, err = e.askToConfirm(ctx, c, s)
	}
	return m, err
}

// attempt makes one attempt to notify. A panic of a channel is a failure of this
// attempt only.
func (e *Engine) attempt(ctx context.Context, s *Subscription, m Message) (err error) {
	target := s.target()
	target.Timeout = e.cfg.SendTimeout
	if s.Timeout > 0 {
		target.Timeout = min(target.Timeout, s.Timeout)
	}
	ctx, cancel := context.WithTimeout(ctx, target.Timeout)
	defer cancel()
	defer func() {
		if recover() != nil {
			err = errors.New("subscription: the channel panicked")
		}
	}()
	return e.channels[s.ChannelType].Send(ctx, target, m)
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
