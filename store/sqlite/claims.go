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
		for i := range claims {
			c := &claims[i]
			c.Token++
			c.Freeze()
			if err := tx.exec(claimDelivery, node, c.Token, micros(until), c.Frozen, c.Key); err != nil {
				return err
			}
		}
		_, err = tx.read(selectNext, []any{micros(now)}, &next)
		return err
	})
	if err != nil {
		return nil, time.Time{}, err
	}
	return claims, fromNullMicros(next), nil
}

// due returns what is due with the tokens of the claims before.
func (t *transaction) due(now time.Time, limit int) ([]subscription.Claim, error) {
	var claims []subscription.Claim
	err := each(context.Background(), t.stmt(selectDue), []any{micros(now), max(limit, 0)}, func(r row) error {
		var token int64
		var scanned scannedRecord
		if err := r.Scan(append([]any{&token}, scanned.dest()...)...); err != nil {
			return err
		}
		claims = append(claims, subscription.Claim{Record: scanned.record(), Token: token})
		return nil
	})
	return claims, err
}

// Finish implements subscription.Store. Nearly always the subscription itself stays
// as it is, which one statement finds out and is done.
func (s *Store) Finish(ctx context.Context, o subscription.Outcome) error {
	return s.write(ctx, func(tx *transaction) error {
		args := []any{o.Key, o.Cursor, o.Frozen, o.Attempt, micros(o.FailingSince), micros(o.SentAt),
			nullMicros(o.Due), o.Eager, o.Announce, micros(o.At)}
		n, err := tx.affect(finishUnchanged, append(args, o.Token, string(o.Status), o.Error, o.Spec)...)
		if err != nil || n == 1 {
			return err
		}
		if err := tx.turn(&o); err != nil {
			return err
		}
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
	if err := t.exec(updateOutcome, stored.Revision, updatedAt, string(o.Status), o.Error, o.Spec, o.Key); err != nil {
		return err
	}
	if bytes.Equal(stored.Spec, o.Spec) {
		return nil
	}
	return t.control(o.Key, stored.Tenant, o.At, o.Spec)
}
