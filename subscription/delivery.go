package subscription

import (
	"context"
	"errors"
	"time"

	"github.com/carillon-fhir/carillon/notification"
)

// Why a Subscription's status is error or off: codes of the code system
// subscription-error (spec.md ERR-10) where it has one, else our own.
const (
	errorNoResponse    = "no-response"
	errorErrorResponse = "error-response"
	errorDNS           = "dns-resolution-error"
	errorGone          = "endpoint-gone"
	errorEnded         = "ended"
	errorUnservable    = "not-supported"
)

// notConnectedWait is how often a channel is asked whether somebody listens again.
const notConnectedWait = time.Minute

// task is what is due for a Subscription.
type task uint8

const (
	taskNone      task = iota
	taskEnd            // its end has come
	taskAnnounce       // the host is to be told its status
	taskHandshake      // its endpoint is to be verified
	taskEvents         // there are events to deliver
	taskHeartbeat      // it has been quiet for long enough
)

// due says what comes first. The store looks at a Subscription for one reason only,
// its due time, which serves all of these.
func due(c *Claim, s *Subscription, now time.Time) task {
	switch {
	case c.Announce:
		return taskAnnounce
	case c.Status == StatusOff:
		return taskNone
	case !s.End.IsZero() && !now.Before(s.End):
		return taskEnd
	case c.Status == StatusRequested:
		return taskHandshake
	case c.Status == StatusActive && c.Frozen > c.Cursor:
		return taskEvents
	case c.Status == StatusActive && s.HeartbeatPeriod > 0 && !now.Before(c.SentAt.Add(s.HeartbeatPeriod)):
		return taskHeartbeat
	}
	return taskNone
}

// outcome does what is due for a claim. ctx ends when the work must stop.
func (e *Engine) outcome(ctx context.Context, c *Claim) Outcome {
	s, err := e.restore(c.Record)
	if err != nil {
		e.cfg.Logger.ErrorContext(ctx, "a stored subscription can't be served", "tenant", c.Tenant, "subscription", c.ID, "error", err)
		return e.turn(c, nil, StatusError, errorUnservable, time.Now())
	}
	task := due(c, s, time.Now())
	switch task {
	case taskEnd:
		return e.turn(c, s, StatusOff, errorEnded, time.Now())
	case taskAnnounce:
		return e.announce(ctx, c, s)
	case taskNone:
		return e.rest(c, s, unchanged(c, time.Now()))
	}
	err = e.attempt(ctx, c, s, task)
	now := time.Now()
	switch {
	case err == nil:
		return e.succeeded(c, s, task, now)
	case ctx.Err() != nil: // cut off by Run's end or by a write of the Subscription: no failure of the endpoint's
		o := unchanged(c, now)
		o.Due = o.At
		return o
	}
	return e.failed(c, s, task, err, now)
}

// unchanged is the outcome that leaves everything as it is.
func unchanged(c *Claim, now time.Time) Outcome {
	return Outcome{
		Key: c.Key, Token: c.Token, At: now.UTC().Truncate(time.Microsecond),
		Status: c.Status, Error: c.Error, Spec: c.Spec,
		Cursor: c.Cursor, Frozen: c.Frozen, Attempt: c.Attempt,
		FailingSince: c.FailingSince, SentAt: c.SentAt,
		Due: c.Due, Eager: c.Eager, Announce: c.Announce,
	}
}

// rest sets when the Subscription is to be looked at next, if no event comes.
func (e *Engine) rest(c *Claim, s *Subscription, o Outcome) Outcome {
	o.Due = time.Time{}
	earlier := func(t time.Time) {
		if !t.IsZero() && (o.Due.IsZero() || t.Before(o.Due)) {
			o.Due = t
		}
	}
	if o.Announce {
		earlier(o.At)
	}
	if s != nil && o.Status != StatusOff {
		earlier(s.End)
	}
	if s != nil && o.Status == StatusActive && s.HeartbeatPeriod > 0 {
		earlier(o.SentAt.Add(s.HeartbeatPeriod))
	}
	o.Eager = o.Status == StatusActive
	return o
}

// turn gives the Subscription another status. Subscriptions that are off count no
// events (spec.md EVN-07).
func (e *Engine) turn(c *Claim, s *Subscription, status Status, code string, now time.Time) Outcome {
	o := unchanged(c, now)
	o.Status, o.Error = status, code
	o.Attempt, o.FailingSince = 0, time.Time{}
	o.Announce = e.cfg.OnStatus != nil
	if status == StatusOff {
		o.Spec = nil
	}
	return e.rest(c, s, o)
}

// announce tells the host. What fails is told again with the schedule's first wait.
func (e *Engine) announce(ctx context.Context, c *Claim, s *Subscription) Outcome {
	err := func() (err error) {
		defer func() {
			if recover() != nil {
				err = errors.New("subscription: OnStatus panicked")
			}
		}()
		if e.cfg.OnStatus == nil {
			return nil
		}
		return e.cfg.OnStatus(ctx, StatusChange{Tenant: c.Tenant, ID: c.ID, Status: c.Status, Error: c.Error, At: c.UpdatedAt})
	}()
	o := unchanged(c, time.Now())
	if err != nil {
		e.cfg.Logger.WarnContext(ctx, "OnStatus failed and is called again", "tenant", c.Tenant, "subscription", c.ID, "status", string(c.Status))
		o.Due, o.Eager = o.At.Add(e.retry[0]), false
		return o
	}
	o.Announce = false
	if o.Status == StatusRequested { // a handshake was due all the while
		o.Due, o.Eager = o.At, false
		return o
	}
	return e.rest(c, s, o)
}

// succeeded: any notification that arrives proves the endpoint to be alive.
func (e *Engine) succeeded(c *Claim, s *Subscription, t task, now time.Time) Outcome {
	o := unchanged(c, now)
	o.SentAt = o.At
	o.Attempt, o.FailingSince = 0, time.Time{}
	if t == taskEvents {
		o.Cursor, o.Frozen = c.Frozen, 0
	}
	if t == taskHandshake {
		o.Status, o.Error = StatusActive, ""
		o.Announce = e.cfg.OnStatus != nil
	}
	return e.rest(c, s, o)
}

// failed plans the next attempt, or gives up.
func (e *Engine) failed(c *Claim, s *Subscription, t task, err error, now time.Time) Outcome {
	class, after := classify(err)
	e.cfg.Logger.Warn("a notification was not delivered", "tenant", c.Tenant, "subscription", c.ID,
		"channel", s.ChannelType, "attempt", c.Attempt+1, "error", err)
	o := unchanged(c, now)
	switch class {
	case gone:
		return e.turn(c, s, StatusOff, errorGone, now)
	case notConnected:
		o = e.rest(c, s, o)
		o.Eager = false
		if again := o.At.Add(notConnectedWait); o.Due.IsZero() || again.Before(o.Due) {
			o.Due = again
		}
		return o
	}
	o.Attempt++
	if o.FailingSince.IsZero() {
		o.FailingSince = o.At
	}
	schedule := e.retry
	if t == taskHandshake {
		schedule = schedule.handshake()
	}
	wait, again := schedule.wait(o.Attempt, o.At.Sub(o.FailingSince), class, after)
	if !again {
		return e.turn(c, s, StatusError, errorCode(err), now)
	}
	o.Due, o.Eager = o.At.Add(wait), false
	if !s.End.IsZero() && s.End.Before(o.Due) {
		o.Due = s.End
	}
	return o
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

// attempt makes one attempt to notify. A panic of a channel is a failure of this
// attempt only.
func (e *Engine) attempt(ctx context.Context, c *Claim, s *Subscription, t task) (err error) {
	timeout := e.cfg.SendTimeout
	if s.Timeout > 0 {
		timeout = min(timeout, s.Timeout)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	n, err := e.compose(ctx, c, s, t)
	if err != nil {
		return err
	}
	body, err := notification.Append(nil, e.cfg.Release, n)
	if err != nil {
		return err
	}
	defer func() {
		if recover() != nil {
			err = errors.New("subscription: the channel panicked")
		}
	}()
	target := s.target()
	target.Timeout = timeout
	return e.channels[s.ChannelType].Send(ctx, target, Message{ID: n.ID, ContentType: s.ContentType, Body: body, Notification: n})
}
