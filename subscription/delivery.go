package subscription

import (
	"context"
	"errors"
	"time"
)

// Why a Subscription's status is error or off: codes of the code system
// subscription-error (ERR-10) where it has one, else our own.
const (
	errorNoResponse    = "no-response"
	errorErrorResponse = "error-response"
	errorDNS           = "dns-resolution-error"
	errorGone          = "endpoint-gone"
	errorEnded         = "ended"
	errorUnservable    = "not-supported"
	errorHandshakes    = "too-many-handshakes"
	errorNotConnected  = "not-connected"
	errorTentative     = "tentative" // see createIfNoneExist
)

// notConnectedWait is how often a channel is asked whether somebody listens again.
const notConnectedWait = time.Minute

// unsealWait is how often it is tried to unseal a Subscription.
const unsealWait = time.Minute

// task is what is due for a Subscription.
type task uint8

const (
	taskNone      task = iota
	taskEnd            // its end has come
	taskLapse          // its receiver was asked, and did not answer in time
	taskAnnounce       // the host is to be told its status
	taskGiveUp         // what it needs is gone
	taskHandshake      // its endpoint is to be verified
	taskEvents         // there are events to deliver
	taskHeartbeat      // it has been quiet for long enough
	taskConnect        // its subscriber may connect
	taskAbandon        // its subscriber has not been connected for too long
)

// due says what comes first. The store looks at a Subscription for one reason only,
// its due time, which serves all of these. s is nil if it can't be served any more.
//
// Failure policy: while the host can't be told a status, nothing is delivered, lest
// its copy say for long what is not so. The end is observed all the same.
func due(c *Claim, s *Subscription, now time.Time) task {
	counts := c.Status == StatusRequested || c.Status == StatusActive
	switch {
	case s != nil && !c.Status.ended() && !s.End.IsZero() && !time.Now().Before(s.End):
		return taskEnd
	case c.Announce:
		return taskAnnounce
	case s == nil && counts:
		return taskGiveUp
	case s == nil:
		return taskNone
	case awaitsConfirmation(c.Status, c.Error) && now.Before(c.SentAt.Add(confirmationTime)):
		return taskNone
	case awaitsConfirmation(c.Status, c.Error):
		return taskLapse
	case s.alone > 0:
		return dueConnected(c, s, now)
	case c.Status == StatusRequested:
		return taskHandshake
	case c.Status == StatusActive && c.Frozen > c.Cursor:
		return taskEvents
	case c.Status == StatusActive && s.HeartbeatPeriod > 0 && !now.Before(c.SentAt.Add(s.HeartbeatPeriod)):
		return taskHeartbeat
	}
	return taskNone
}

// dueConnected is due for a Subscription whose events go over its subscriber's own
// connections, not by claims.
//
// Failure policy: what nobody has been connected to for Config.Retention is turned off,
// lest what was left behind, as browsers leave it, cost and grow for ever.
func dueConnected(c *Claim, s *Subscription, now time.Time) task {
	switch {
	case c.Status == StatusRequested:
		return taskConnect
	case c.Status == StatusActive && !now.Before(s.abandoned(c.SentAt)):
		return taskAbandon
	}
	return taskNone
}

// outcome does what is due for a claim. Its work stops when the flight's context ends, at
// the end of the claim at the latest.
//
// begun is called when it has a slot for its work. putOff: too much else is under way.
func (e *Engine) outcome(fl *flight, begun func()) (o Outcome, putOff bool) {
	ctx, c := fl.ctx, fl.claim
	if len(c.Resource) == 0 {
		e.cfg.Logger.ErrorContext(ctx, "a subscription could not be unsealed and is tried again", "tenant", c.Tenant, "subscription", c.ID)
		o := unchanged(c, e.now())
		return settle(nil, o, o.At.Add(unsealWait)), false
	}
	s, err := e.served.restore(e, &c.Record)
	if err == nil && e.channels[s.ChannelType] == nil {
		s, err = nil, errors.New("its channel type is not registered")
	}
	now := e.now()
	task := due(c, s, now)
	switch task {
	case taskEnd:
		return e.turn(c, s, StatusOff, errorEnded, now), false
	case taskLapse:
		return e.turn(c, s, StatusOff, errorUnconfirmed, now), false
	case taskGiveUp:
		e.cfg.Logger.ErrorContext(ctx, "a stored subscription can't be served", "tenant", c.Tenant, "subscription", c.ID, "error", err)
		return e.turn(c, nil, StatusError, errorUnservable, now), false
	case taskConnect:
		return e.turn(c, s, StatusActive, "", now), false
	case taskAbandon:
		return e.turn(c, s, StatusOff, errorNotConnected, now), false
	case taskNone:
		return settle(s, unchanged(c, now), time.Time{}), false
	}
	to := s
	if to == nil { // its host is told that it can't be served
		to = &Subscription{Tenant: c.Tenant, ID: c.ID}
	}
	pass, held := e.isolation.enter(ctx, to, task, now, fl.cancel)
	begun()
	if held.cause != free {
		return e.held(c, s, held, e.now()), held.cause == busy
	}
	var result attempted
	var told account
	defer func() { e.tellOfClaim(ctx, c.Key, &told) }() // when others may try
	defer func() { e.leave(ctx, pass, task, result) }()
	if task == taskAnnounce {
		return e.announce(ctx, c, s), false
	}
	message, from, err := e.render(ctx, c, s, task)
	if errors.Is(err, errWithheld) {
		return e.withheld(c, s), false
	}
	if err != nil {
		// It is not the endpoint that failed: the attempt does not count.
		e.cfg.Logger.ErrorContext(ctx, "a notification could not be made and is tried again", "tenant", c.Tenant, "subscription", c.ID, "error", err)
		o := unchanged(c, e.now())
		return settle(s, o, o.At.Add(e.retry[0])), false
	}
	told = e.attemptOn(s, &message, &from)
	told.Attempt = c.Attempt + 1
	pass.sends()
	err = e.attempt(ctx, s, message)
	e.account(ctx, &told, resultOf(ctx, err), err)
	switch o := unchanged(c, e.now()); {
	case err == nil:
		result = attempted{key: c.Key, at: o.At}
		if message.Confirmation != "" {
			return e.asked(s, o), false
		}
		return e.succeeded(c, s, task, o), false
	case ctx.Err() != nil: // cut off by Run's end, by a write of the Subscription or for others
		return settle(s, o, o.At), false
	default:
		result = attempted{c.Key, err, o.At}
		return e.failed(c, s, task, o, err), false
	}
}

// leave gives the right to an attempt back, and lets those come who have waited for its
// host.
func (e *Engine) leave(ctx context.Context, p *pass, t task, result attempted) {
	e.hasten(ctx, p.leave(t, result))
	if p.turned {
		e.tellBreakers(ctx)
	}
}

// hasten makes those due at once who have waited for a host that answers again. That it
// does was learnt from an attempt whose own time may be over.
//
// Failure policy: if that fails, they come when their own schedule says so.
func (e *Engine) hasten(ctx context.Context, keys []int64) {
	if len(keys) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.contextTime())
	defer cancel()
	if err := e.cfg.Store.Hasten(ctx, keys, e.now()); err != nil {
		e.cfg.Logger.WarnContext(ctx, "deliveries to a host that answers again could not be hastened", "error", err)
		return
	}
	e.wake(WorkDeliveries)
}

// held puts off what must not be sent now. While its host is broken, a Subscription's
// time runs as if it had been tried.
func (e *Engine) held(c *Claim, s *Subscription, h hold, now time.Time) Outcome {
	o := unchanged(c, now)
	switch h.cause {
	case refusing:
		return e.turn(c, s, StatusError, errorHandshakes, o.At)
	case broken:
		if o.FailingSince.IsZero() {
			o.FailingSince = o.At
		}
		if o.At.Sub(o.FailingSince) >= e.retry.total() {
			return e.turn(c, s, StatusError, h.code, o.At)
		}
	}
	return settle(s, o, h.until)
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

// settle sets when the Subscription is to be looked at next. Unless wait is zero,
// nothing is sent before it, whatever events come.
func settle(s *Subscription, o Outcome, wait time.Time) Outcome {
	o.Due, o.Eager = wait, false
	earlier := func(t time.Time) { o.Due = earliest(o.Due, t) }
	if o.Announce && wait.IsZero() {
		earlier(o.At)
	}
	if s == nil || o.Status.ended() {
		return o
	}
	if !s.End.IsZero() {
		earlier(o.At.Add(time.Until(s.End)))
	}
	if awaitsConfirmation(o.Status, o.Error) {
		earlier(o.SentAt.Add(confirmationTime))
	}
	switch {
	case o.Status != StatusActive || !wait.IsZero():
	case s.alone > 0:
		earlier(s.abandoned(o.SentAt))
	default:
		o.Eager = true
		if s.HeartbeatPeriod > 0 {
			earlier(o.SentAt.Add(s.HeartbeatPeriod))
		}
	}
	return o
}

// earliest is the earlier of two times of which either may be never.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// turn gives the Subscription another status. Subscriptions that are off count no
// events (EVN-07).
func (e *Engine) turn(c *Claim, s *Subscription, status Status, code string, now time.Time) Outcome {
	o := unchanged(c, now)
	o.Status, o.Error = status, code
	o.Attempt, o.FailingSince = 0, time.Time{}
	o.Announce = e.cfg.OnStatus != nil
	if status == StatusOff {
		o.Spec = nil
	}
	return settle(s, o, time.Time{})
}

// announceWait is how long after a failure the host is told again.
const announceWait = 5 * time.Second

// announce tells the host the status.
func (e *Engine) announce(ctx context.Context, c *Claim, s *Subscription) Outcome {
	err := e.tell(ctx, c)
	o := unchanged(c, e.now())
	if err != nil {
		e.cfg.Logger.WarnContext(ctx, "OnStatus failed and is called again", "tenant", c.Tenant, "subscription", c.ID, "status", string(c.Status))
		return settle(s, o, o.At.Add(announceWait))
	}
	o.Announce = false
	if o.Status == StatusRequested || o.Attempt > 0 { // a handshake, or another attempt, was due all the while
		return settle(s, o, o.At)
	}
	return settle(s, o, time.Time{})
}

// tell calls OnStatus, within the time of an attempt.
func (e *Engine) tell(ctx context.Context, c *Claim) (err error) {
	if e.cfg.OnStatus == nil {
		return nil
	}
	defer func() {
		if recover() != nil {
			err = errors.New("subscription: OnStatus panicked")
		}
	}()
	ctx, cancel := context.WithTimeout(inFlight(ctx, c.Key), e.cfg.SendTimeout)
	defer cancel()
	return e.cfg.OnStatus(ctx, StatusUpdate{Tenant: c.Tenant, ID: c.ID, Status: c.Status, Error: c.Error, At: c.UpdatedAt})
}

// succeeded: any notification that arrives proves the endpoint to be alive.
func (e *Engine) succeeded(c *Claim, s *Subscription, t task, o Outcome) Outcome {
	o.SentAt = o.At
	o.Attempt, o.FailingSince = 0, time.Time{}
	if t == taskEvents {
		o.Cursor, o.Frozen = last(c, s), 0
	}
	if t == taskHandshake {
		o.Status, o.Error = StatusActive, ""
		o.Announce = e.cfg.OnStatus != nil
	}
	return settle(s, o, time.Time{})
}

// failed plans the next attempt, or gives up.
func (e *Engine) failed(c *Claim, s *Subscription, t task, o Outcome, err error) Outcome {
	class, after := ClassOf(err)
	switch class {
	case ClassGone:
		return e.turn(c, s, StatusOff, errorGone, o.At)
	case ClassNotConnected:
		return settle(s, o, o.At.Add(notConnectedWait))
	}
	o.Attempt++
	if o.FailingSince.IsZero() || class == ClassPermanent && c.Attempt == 0 { // until now, only its host did not answer
		o.FailingSince = o.At
	}
	schedule := e.retry
	if t == taskHandshake {
		schedule = schedule.handshake()
	}
	wait, again := schedule.wait(o.Attempt, o.At.Sub(o.FailingSince), class, after)
	if !again {
		return e.turn(c, s, StatusError, errorCode(err), o.At)
	}
	return settle(s, o, o.At.Add(wait))
}
