package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

// Claim implements subscription.Store.
func (s *Store) Claim(ctx context.Context, node string, now, until time.Time, limit int) ([]subscription.Claim, time.Time, error) {
	var claims []subscription.Claim
	var next sql.NullInt64
	err := s.write(ctx, func(tx *transaction) (err error) {
		// A claim that has run out keeps its node and token: it can still be finished
		// until the subscription is claimed again.
		if err := tx.exec(endClaims, micros(now)); err != nil {
			return err
		}
		if claims, err = tx.due(now, limit); err != nil {
			return err
		}
		if err := tx.complete(claims); err != nil {
			return err
		}
		for i := range claims {
			c := &claims[i]
			c.Token++
			c.Freeze()
			if err := tx.exec(claimDelivery, node, c.Token, micros(until), c.Frozen, c.Key); err != nil {
				return err
			}
			s.claimed[c.Key] = claimed{c.Token, c.Status, c.Error, string(c.Spec)}
		}
		_, err = tx.read(selectNext, []any{micros(now)}, &next)
		return err
	})
	if err != nil {
		return nil, time.Time{}, err
	}
	s.prefetch(ctx, node, until, claims)
	return claims, fromNullMicros(next), nil
}

// prefetched is the most events that are read ahead for one call of Claim.
const prefetched = 512

// prefetch reads the events of claims, if they are not remembered any more: whoever
// has claimed is about to read them, and one query costs far less than many. A
// failure is left to those reads.
func (s *Store) prefetch(ctx context.Context, node string, until time.Time, claims []subscription.Claim) {
	missing := 0
	for i := range claims {
		if !s.recent.has(&claims[i]) {
			missing++
		}
	}
	if missing < 2 {
		return
	}
	prunes, bytes := s.recent.pruned(), 0
	var keys []int64
	var events []subscription.Event
	err := s.rows(ctx, selectClaimed, []any{micros(until), node, prefetched}, func(r row) error {
		var key int64
		e, err := scanEvent(r, &key)
		keys, events = append(keys, key), append(events, e)
		if bytes += size(&e.Change); err == nil && bytes > recentBytes/2 {
			return errEnough
		}
		return err
	})
	if err == nil {
		s.recent.claimed(keys, events, prunes)
	}
}

// due returns what is to be claimed with the tokens of the claims before. Only if
// there is more than limit of several tenants, they take turns.
func (t *transaction) due(now time.Time, limit int) ([]subscription.Claim, error) {
	limit = max(limit, 0)
	claims, err := t.claimable(selectDue, now, limit+1)
	if err != nil || len(claims) <= limit {
		return claims, err
	}
	var several bool
	if _, err := t.read(selectTenants, nil, &several); err != nil {
		return nil, err
	}
	if !several {
		return claims[:limit], nil
	}
	return t.claimable(selectTurns, now, limit)
}

func (t *transaction) claimable(q query, now time.Time, limit int) ([]subscription.Claim, error) {
	var claims []subscription.Claim
	var token int64
	var scanned scannedRecord
	dest := append([]any{&token, &scanned.Key}, scanned.delivery()...)
	err := each(context.Background(), t.stmt(q), []any{micros(now), limit}, func(r row) error {
		if err := r.Scan(dest...); err != nil {
			return err
		}
		claims = append(claims, subscription.Claim{Record: scanned.record(), Token: token})
		return nil
	})
	return claims, err
}

// claimed is what a subscription was like when it was claimed. Whatever changes it
// ends the claim: hence it is still so if the claim with this token is. A claim that
// Store.claimed does not know costs Finish a look at the subscription, no more.
type claimed struct {
	token  int64
	status subscription.Status
	error  string
	spec   string
}

// Finish implements subscription.Store. Nearly always the subscription itself stays
// as it is: then one statement is all.
func (s *Store) Finish(ctx context.Context, o subscription.Outcome) error {
	return s.write(ctx, func(tx *transaction) error {
		was, known := s.claimed[o.Key]
		args := []any{o.Key, o.Cursor, o.Frozen, o.Attempt, micros(o.FailingSince), micros(o.SentAt),
			nullMicros(o.Due), o.Eager, o.Announce, micros(o.At)}
		if known && was == (claimed{o.Token, o.Status, o.Error, string(o.Spec)}) {
			delete(s.claimed, o.Key) // if this has to be done again, it's found out below
			n, err := tx.affect(finishUnchanged, append(args, o.Token)...)
			if err == nil && n == 0 {
				err = subscription.ErrLost
			}
			return err
		}
		if err := tx.turn(&o); err != nil {
			return err
		}
		delete(s.claimed, o.Key)
		return tx.exec(finishDelivery, args...)
	})
}

// turn writes what an outcome changes of the subscription itself.
func (t *transaction) turn(o *subscription.Outcome) error {
	var stored subscription.Record
	var updatedAt int64
	found, err := t.read(selectByKey, []any{o.Key, o.Token}, &stored.Tenant, &stored.Revision, &updatedAt,
		(*string)(&stored.Status), &stored.Error, &stored.Spec)
	if err != nil {
		return err
	}
	if !found {
		return subscription.ErrLost
	}
	if stored.Status != o.Status || stored.Error != o.Error {
		stored.Revision++
		updatedAt = micros(o.At)
	}
	t.forget(o.Key)
	if err := t.exec(updateOutcome, stored.Revision, updatedAt, string(o.Status), o.Error, o.Spec, o.Key); err != nil {
		return err
	}
	if bytes.Equal(stored.Spec, o.Spec) {
		return nil
	}
	return t.control(o.Key, stored.Tenant, o.Spec)
}
