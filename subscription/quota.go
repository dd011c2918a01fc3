package subscription

import (
	"context"
	"fmt"
	"net/http"
	"sync"
)

// quota bounds how many Subscriptions one owner may have, whatever their status. A
// Subscription without an owner counts for nobody.
//
// Failure policy: nodes don't know what the others are about to store, so an owner who
// creates at several of them at once may get as many more as there are nodes besides.
type quota struct {
	store Store
	most  int

	mu     sync.Mutex
	coming map[owner]int // that are about to be stored
}

type owner struct{ tenant, name string }

// admit asks for the right to store one more Subscription of an owner, which ends with
// done. Of several at the same time, it may refuse one for which there is just room.
func (q *quota) admit(ctx context.Context, tenant, name string) (done func(), err error) {
	if name == "" {
		return func() {}, nil
	}
	o := owner{tenant, name}
	q.mu.Lock()
	if q.coming == nil {
		q.coming = map[owner]int{}
	}
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
	stored, err := q.store.CountSubscriptions(ctx, tenant, name, q.most)
	if err == nil && stored+coming > q.most {
		err = refuse(http.StatusUnprocessableEntity, "Subscription", "too-costly",
			fmt.Sprintf("Its owner has as many Subscriptions as one may have, which is %d; one must be deleted first", q.most))
	}
	if err != nil {
		done()
		return nil, err
	}
	return done, nil
}
