package subscription

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// condition is what a conditional interaction of one tenant is about.
type condition struct{ tenant, query string }

// conditionOf reads the condition of a conditional interaction. Without any criterion it
// would be about everything, which nobody means.
func conditionOf(tenant, query string) (condition, error) {
	criteria, err := url.ParseQuery(query)
	for _, name := range resultParameters {
		delete(criteria, name)
	}
	if err != nil || len(criteria) == 0 {
		return condition{}, refuse(http.StatusBadRequest, "", "invalid", "A conditional interaction needs search parameters")
	}
	return condition{tenant, criteria.Encode()}, nil // sorted by name
}

// matches finds what a condition is about, the oldest first.
func (e *Engine) matches(ctx context.Context, c condition) ([]Stored, error) {
	criteria, err := url.ParseQuery(c.query)
	if err != nil {
		return nil, err
	}
	criteria.Set("_count", "1000")
	found, err := e.Search(ctx, c.tenant, criteria)
	if err == nil && found.Next != "" {
		err = refuse(http.StatusPreconditionFailed, "", "too-costly", "The condition matches too many Subscriptions")
	}
	return found.Matches, err
}

// tentative is for how long nothing is sent for a Subscription that was created on a
// condition, unless its node settles that it stays. If the node does not, it stays after
// twice that time.
const tentative = 10 * time.Second

// isTentative reports whether it is not settled yet that s stays.
func (e *Engine) isTentative(s Stored) bool {
	return s.tentative && e.now().Sub(s.LastUpdated) < 2*tentative
}

// createIfNoneExist creates a Subscription unless there is one that matches. On one node,
// those who come with the same condition take turns. Nodes that share a store can't, so
// what they create is tentative at first: who then sees no other confirms its own, as its
// second version, who sees one that is confirmed or older withdraws its own, and the oldest
// of several removes the others. As only one of a removal and a confirmation can succeed,
// one stays.
//
// Failure policy: conditions in other words don't know of each other. A client whose
// request is cut off may find a Subscription later.
func (e *Engine) createIfNoneExist(ctx context.Context, c condition, raw []byte) (s Stored, created bool, err error) {
	done, err := e.conditions.take(ctx, c)
	if err != nil {
		return Stored{}, false, err
	}
	defer done()
	var own Record // Revision 0: none
	var accepted Record
	for {
		found, err := e.matches(ctx, c)
		if err != nil {
			return Stored{}, false, err
		}
		found = slices.DeleteFunc(found, func(s Stored) bool { return s.ID == own.ID })
		open := slices.IndexFunc(found, e.isTentative)
		switch {
		case len(found) == 0 && own.Revision > 0:
			own.Error, own.Due = accepted.Error, accepted.Due
			confirmed, err := e.cfg.Store.PutSubscription(ctx, own, own.Revision)
			if err == nil {
				e.wake(WorkDeliveries)
				return e.present(&confirmed), true, nil
			}
			if !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrConflict) {
				return Stored{}, false, err
			}
			own = Record{}
		case len(found) == 0 && e.waker == nil: // nobody else has this store
			s, err = e.Create(ctx, c.tenant, raw)
			return s, true, err
		case len(found) == 0:
			if accepted, err = e.prepare(ctx, c.tenant, newID(), raw, Record{}); err != nil {
				return Stored{}, false, err
			}
			own = accepted
			own.Error, own.Due = errorTentative, e.now().Add(tentative)
			if own, err = e.store(ctx, own, Record{}); err != nil {
				return Stored{}, false, err
			}
		case open < 0 && own.Revision > 0, own.Revision > 0 && found[0].key < own.Key:
			if err := e.withdraw(ctx, c.tenant, own.ID, own.Revision); err != nil {
				return Stored{}, false, err
			}
			own = Record{}
		case own.Revision > 0: // the others are younger
			if err := e.withdraw(ctx, c.tenant, found[open].ID, 1); err != nil {
				return Stored{}, false, err
			}
		case open >= 0: // another node is about to settle it
			if pause(ctx, settling); ctx.Err() != nil {
				return Stored{}, false, ctx.Err()
			}
		case len(found) == 1:
			return found[0], false, nil
		default:
			return Stored{}, false, refuseMultiple()
		}
	}
}

// settling is how long to wait for another node.
const settling = 20 * time.Millisecond

// withdraw removes what is tentative, if it still is.
func (e *Engine) withdraw(ctx context.Context, tenant, id string, revision int64) error {
	err := e.cfg.Store.DeleteSubscription(ctx, tenant, id, revision)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrConflict) {
		return nil
	}
	if err == nil {
		e.noteStatus(ctx, tenant, id, StatusRequested, "", errorTentative)
	}
	e.wake(WorkChanges)
	return err
}
