package subscription

import (
	"context"
	"errors"
)

// Access is what somebody wants of a Subscription that exists.
type Access string

// The kinds of access. An update needs AccessWrite to what is there, and the new
// content then needs AuthorizeSubscription.
const (
	AccessRead   Access = "read"   // read, search, $status
	AccessEvents Access = "events" // $events
	AccessWrite  Access = "write"  // update, delete
	AccessBind   Access = "bind"   // $get-ws-binding-token: its notifications, over a connection
)

// find reads a Subscription for a client. Whether it is not there or not the client's,
// the error is the same: ErrNotFound.
func (e *Engine) find(ctx context.Context, tenant, id string, a Access) (Record, error) {
	r, err := e.cfg.Store.GetSubscription(ctx, tenant, id)
	if err != nil {
		return Record{}, err
	}
	permitted, err := e.permits(ctx, &r, a)
	if err != nil {
		return Record{}, err
	}
	if !permitted {
		return Record{}, ErrNotFound
	}
	return r, nil
}

// permits asks the Authorizer. A panic is no answer.
func (e *Engine) permits(ctx context.Context, r *Record, a Access) (ok bool, err error) {
	defer func() {
		if recover() != nil {
			ok, err = false, errors.New("subscription: Authorizer panicked")
		}
	}()
	s, err := e.served.restore(e, r)
	if err != nil { // what it asks for is not served any more, but it is still somebody's
		s = &Subscription{Tenant: r.Tenant, ID: r.ID, Owner: r.Owner, Status: r.Status, Resource: r.Resource}
	}
	return e.cfg.Authorizer.AuthorizeAccess(ctx, s, a)
}
