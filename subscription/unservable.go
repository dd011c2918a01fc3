package subscription

import (
	"bytes"
	"context"
	"errors"
	"time"
)

// unservable tells the client that a Subscription which was accepted can't be served
// any more, because its topic or a filter is gone.
//
// Failure policy: until the topic is back, or the client has changed the
// Subscription, its events are neither matched nor counted. The others must not
// suffer.
func (e *Engine) unservable(ctx context.Context, r Record, spec []byte, why error) {
	e.cfg.Logger.ErrorContext(ctx, "a stored subscription can't be served", "tenant", r.Tenant, "subscription", r.ID, "error", why)
	for try := 1; ; try++ {
		if r.Status != StatusActive && r.Status != StatusRequested || !bytes.Equal(r.Spec, spec) {
			return // what the client has written since then may be servable
		}
		_, err := e.cfg.Store.PutSubscription(ctx, e.faulted(r), r.Revision)
		if errors.Is(err, ErrConflict) && try < 3 { // a delivery's outcome came between: that leaves it as unservable
			var now Record
			if now, err = e.cfg.Store.GetSubscription(ctx, r.Tenant, r.ID); err == nil && now.Key == r.Key {
				r = now
				continue
			}
		}
		if err == nil {
			e.noteStatus(ctx, r.Tenant, r.ID, r.Status, StatusError, errorUnservable)
		} else if !errors.Is(err, ErrNotFound) {
			e.cfg.Logger.WarnContext(ctx, "its status was not recorded", "tenant", r.Tenant, "subscription", r.ID, "error", err)
		}
		return
	}
}

// faulted is a Subscription with the status that says that it can't be served.
func (e *Engine) faulted(r Record) Record {
	r.Status, r.Error, r.UpdatedAt = StatusError, errorUnservable, e.now()
	r.Due, r.Eager, r.Announce = time.Time{}, false, e.cfg.OnStatus != nil
	if s, err := e.restore(r); err == nil {
		r.Due = e.until(s.End)
	}
	if r.Announce {
		r.Due = r.UpdatedAt
	}
	return r
}

// refused is unservable for a Subscription that a node with other topics accepted.
func (e *Engine) refused(ctx context.Context, change *Change, why error) {
	s, err := e.restoreSpec(change.Tenant, change.Spec)
	if err != nil {
		return
	}
	e.unservableNow(ctx, change.Subscription, change.Tenant, s.ID, change.Spec, why)
}

// unservableNow is unservable for a Subscription that must be read first.
func (e *Engine) unservableNow(ctx context.Context, key int64, tenant, id string, spec []byte, why error) {
	switch r, err := e.cfg.Store.GetSubscription(ctx, tenant, id); {
	case err == nil && r.Key == key:
		e.unservable(ctx, r, spec, why)
	case err != nil && !errors.Is(err, ErrNotFound):
		e.cfg.Logger.WarnContext(ctx, "its status was not recorded", "tenant", tenant, "subscription", id, "error", err)
	}
}
