package subscription

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Why an operator's doing has left a Subscription in error or off.
const (
	errorPaused    = "paused"
	errorTurnedOff = "turned-off"
)

// Pause stops the deliveries of a Subscription that is requested or active: its status
// becomes error, with the code paused. Its events are numbered and kept, and sent when it
// is resumed, by Resume or by its client asking for status requested. Resource and Owner
// stay as they are. Once it has returned, this process begins no attempt for it, unless
// ctx ended first. The Authorizer is asked as for an update. The error is
// ErrNotFound, or a 422 *Refusal if the Subscription has ended or is in error.
func (e *Engine) Pause(ctx context.Context, tenant, id string) error {
	return e.operate(ctx, tenant, id, func(r *Record) (bool, error) {
		switch r.Status {
		case StatusRequested, StatusActive:
		case StatusError:
			if r.Error == errorPaused {
				return false, nil
			}
			fallthrough
		default:
			return false, refuse(http.StatusUnprocessableEntity, "Subscription.status", "business-rule", "Nothing is sent for this Subscription as it is")
		}
		r.Status, r.Error, r.Due = StatusError, errorPaused, time.Time{}
		if s, err := e.restore(*r); err == nil {
			r.Due = e.until(s.End)
		}
		return true, nil
	})
}

// Resume asks for a Subscription as its client does by the status requested: it gets a
// handshake, where its channel has one, and then what has happened while it was in error. One that is
// active and failing is tried again at once. The rest is as for Pause; a 422 *Refusal also says
// that topic or channel are not what they were, that its end has come, or that its
// client has to agree first.
func (e *Engine) Resume(ctx context.Context, tenant, id string) error {
	return e.operate(ctx, tenant, id, func(r *Record) (bool, error) {
		now := e.now().UTC().Truncate(time.Microsecond)
		switch {
		case r.Status == StatusEnteredInError, r.Error == errorAdjusted, r.Error == errorTentative:
			return false, refuse(http.StatusUnprocessableEntity, "Subscription.status", "business-rule", "It is for its client to activate this Subscription")
		case r.Status == StatusRequested, r.Status == StatusActive:
			if r.Attempt == 0 || awaitsConfirmation(r.Status, r.Error) {
				return false, nil
			}
			r.Attempt, r.FailingSince, r.Due = 0, time.Time{}, now
			return true, nil
		}
		s, err := e.restore(*r)
		if err != nil {
			return false, refuse(http.StatusUnprocessableEntity, "Subscription", "not-supported", "What this Subscription asks for is not supported any more")
		}
		if !s.End.IsZero() && !time.Now().Before(s.End) {
			return false, refuse(http.StatusUnprocessableEntity, "Subscription.end", "business-rule", "The Subscription's end has come")
		}
		if issues := e.check(ctx, s); len(issues) > 0 {
			return false, e.form.refusal(http.StatusUnprocessableEntity, issues)
		}
		e.connects(s, now)
		r.Status, r.Error, r.Spec, r.Due = StatusRequested, "", e.specOf(s), now
		switch {
		case s.alone > 0:
			r.Status, r.Due = StatusActive, earliest(e.until(s.End), s.abandoned(time.Time{}))
		case e.activeAtOnce(s):
			r.Status = StatusActive
		}
		r.Attempt, r.FailingSince = 0, time.Time{}
		return true, nil
	})
}

// TurnOff ends a Subscription: its status becomes off, with the code turned-off, and events
// don't count any more. What it has not had is kept until it is deleted, and goes out if
// it is resumed. The rest is as for Pause.
func (e *Engine) TurnOff(ctx context.Context, tenant, id string) error {
	return e.operate(ctx, tenant, id, func(r *Record) (bool, error) {
		if r.Status.ended() {
			return false, nil
		}
		r.Status, r.Error, r.Spec, r.Due = StatusOff, errorTurnedOff, nil, time.Time{}
		r.Attempt, r.FailingSince = 0, time.Time{}
		return true, nil
	})
}

// operate changes what the engine says about a Subscription. change reports whether there
// is anything to store.
func (e *Engine) operate(ctx context.Context, tenant, id string, change func(*Record) (bool, error)) error {
	for {
		old, err := e.find(ctx, tenant, id, AccessWrite)
		if err != nil {
			return err
		}
		if len(old.Resource) == 0 {
			return errUnsealed
		}
		r := old
		changed, err := change(&r)
		if err != nil || !changed {
			return err
		}
		r.Eager = false // the deliverer works out what is due when
		r.UpdatedAt = e.now().UTC().Truncate(time.Microsecond)
		if r.Announce = e.cfg.OnStatus != nil && (old.Announce || r.Status != old.Status); r.Announce {
			r.Due = earliest(r.Due, r.UpdatedAt)
		}
		if _, err = e.store(ctx, r, old); !errors.Is(err, ErrConflict) {
			return err
		}
	}
}
