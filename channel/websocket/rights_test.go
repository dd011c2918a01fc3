package websocket_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"

	"github.com/carillon-fhir/carillon/subscription"
)

// rights is an Authorizer that changes its mind.
type rights struct {
	subscription.InsecureAllowAll
	owner                atomic.Value
	gone, broken, panics atomic.Bool
	strangers            atomic.Bool // whoever asks is one
}

func (r *rights) AuthorizeAccess(context.Context, *subscription.Subscription, subscription.Access) (bool, error) {
	return !r.strangers.Load(), nil
}

func (r *rights) AuthorizeSubscription(context.Context, *subscription.Subscription) (string, error) {
	return r.owner.Load().(string), nil
}

func (r *rights) AuthorizeEvent(ctx context.Context, focus json.RawMessage, subs []*subscription.Subscription) ([]subscription.Verdict, error) {
	switch {
	case r.broken.Load():
		return nil, errors.New("no answer")
	case r.panics.Load():
		panic("no answer")
	}
	verdicts, err := r.InsecureAllowAll.AuthorizeEvent(ctx, focus, subs)
	for i := range verdicts {
		if r.gone.Load() {
			verdicts[i] = subscription.Redact
		}
	}
	return verdicts, err
}
