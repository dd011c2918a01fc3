package subscription

import (
	"context"
	"fmt"
	"net/http"
	"sync"
)

// quota bounds how much one owner may have in the store.
//
// Failure policy: nodes don't know what the others are about to store, so an owner who
// creates at several of them at once may get as many more as there are nodes besides.
type quota struct {
	most     int
	count    func(ctx context.Context, tenant, owner string, limit int) (int, error) // what is stored
	exceeded *Refusal

	mu     sync.Mutex
	coming map[owner]int // that are about to be stored
}

type owner struct{ tenant, name string }

// newQuotas returns those of cfg: Subscriptions, whatever their status, and binding tokens
// that nobody has used yet.
func (e *Engine) newQuotas() (subscriptions, tokens *quota) {
	most := e.cfg.PerOwner
	subscriptions = &quota{most: most, coming: map[owner]int{}, count: e.cfg.Store.CountSubscriptions,
		exceeded: refuse(http.StatusUnprocessableEntity, "Subscription", "too-costly",
			fmt.Sprintf("Its owner has as many Subscriptions as one may have, which is %d; one must be deleted first", most))}
	tokens = &quota{most: most, coming: map[owner]int{},
		count: func(ctx context.Context, tenant, owner string, limit int) (int, error) {
			return e.cfg.Store.CountTokens(ctx, tenant, owner, e.now(), limit)
		},
		exceeded: refuse(http.StatusTooManyRequests, "", "too-costly",
			fmt.Sprintf("There are as many unused tokens as one owner may have, which is %d; one must be used, or run out", most))}
	return subscriptions, tokens
}

// admitSubscription asks for the right to store one more. A Subscription without an owner
// counts for nobody.
func (e *Engine) admitSubscription(ctx context.Context, tenant, owner string) (done func(), err error) {
	if owner == "" {
		return func() {}, nil
	}
	return e.quota.admit(ctx, tenant, owner)
}

// admit asks for the right to store one more of an owner's, which ends with done. Of
// several at the same time, it may refuse one for which there is just room.
func (q *quota) admit(ctx context.Context, tenant, name string) (done func(), err error) {
	o := owner{tenant, name}
	q.mu.Lock()
	q.coming[o]++
	coming := q.coming[o]
	q.mu.Unlock()
	done = func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		if q.coming[o]--; q.coming[o] == 0 {
			delete(q.coming, o)
		}
	}
	// Whoever came before is either among those that are coming or stored by now.
	stored, err := q.count(ctx, tenant, name, q.most)
	if err == nil && stored+coming > q.most {
		err = q.exceeded
	}
	if err != nil {
		done()
		return nil, err
	}
	return done, nil
}
