package postgres

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/carillon-fhir/carillon/subscription"
)

// Claim implements subscription.Store. Tenants take turns only if more is due than
// limit and not all of it is one tenant's: to know whose turn it is costs more than to
// take the first.
func (s *Store) Claim(ctx context.Context, node string, now, until time.Time, limit int) ([]subscription.Claim, time.Time, error) {
	limit = max(limit, 0)
	claims, more, next, err := s.claim(ctx, claimDue, node, now, until, limit)
	// What is left may also be another transaction's just now.
	if err == nil && more && len(claims) < limit {
		var others []subscription.Claim
		others, _, next, err = s.claim(ctx, claimInTurn, node, now, until, limit-len(claims))
		claims = append(claims, others...)
	}
	if err != nil {
		return nil, time.Time{}, failed("claiming", err)
	}
	return claims, fromNullMicros(next), nil
}

// claim claims by one of two statements, and returns whether more is due, and when the
// next will be. All is one transaction.
func (s *Store) claim(ctx context.Context, how query, node string, now, until time.Time, limit int) (
	claims []subscription.Claim, more bool, next *int64, err error) {
	type placed struct {
		place int64 // in the order of the claims: the due time, or the turn
		subscription.Claim
	}
	var taken []placed
	var batch pgx.Batch
	if how == claimInTurn {
		batch.Queue(s.texts[takeTurns])
	}
	batch.Queue(s.texts[endClaims], micros(now))
	batch.Queue(s.texts[how], node, micros(now), micros(until), limit).Query(func(rows pgx.Rows) error {
		return scanAll(rows, func(row pgx.Row) error {
			var p placed
			var scanned scannedRecord
			if err := row.Scan(append([]any{&p.place, &p.Token}, scanned.dest()...)...); err != nil {
				return err
			}
			p.Record = scanned.record()
			taken = append(taken, p)
			return nil
		})
	})
	batch.Queue(s.texts[selectRest], micros(now)).QueryRow(func(row pgx.Row) error { return row.Scan(&more, &next) })
	if err := s.pool.SendBatch(ctx, &batch).Close(); err != nil {
		return nil, false, nil, err
	}
	slices.SortFunc(taken, func(a, b placed) int { return cmp.Compare(a.place, b.place) })
	for _, p := range taken {
		claims = append(claims, p.Claim)
	}
	return claims, more, next, nil
}

// finishing is a call of Finish.
type finishing struct {
	subscription.Outcome
	done bool
}

// Finish implements subscription.Store. Nearly always the subscription itself stays as
// it is; one statement finds that out and is done for all calls at the same time.
func (s *Store) Finish(ctx context.Context, o subscription.Outcome) error {
	f := &finishing{Outcome: o}
	if err := s.finishes.do(ctx, f); err != nil {
		return failed("finishing", err)
	}
	if f.done {
		return nil
	}
	return failed("finishing", s.transact(ctx, func(tx pgx.Tx) error { return s.turn(ctx, tx, &o) }))
}

func (s *Store) finishAll(ctx context.Context, calls []*finishing) error {
	n := len(calls)
	keys, tokens, at := make([]int64, n), make([]int64, n), make([]int64, n)
	status, errs, specs := make([]string, n), make([]string, n), make([][]byte, n)
	cursors, frozen, attempts := make([]int64, n), make([]int64, n), make([]int64, n)
	failing, sent, due := make([]int64, n), make([]int64, n), make([]*int64, n)
	eager, announce := make([]bool, n), make([]bool, n)
	for i, o := range calls {
		keys[i], tokens[i], at[i] = o.Key, o.Token, micros(o.At)
		status[i], errs[i], specs[i] = string(o.Status), o.Error, o.Spec
		cursors[i], frozen[i], attempts[i] = o.Cursor, o.Frozen, int64(o.Attempt)
		failing[i], sent[i], due[i] = micros(o.FailingSince), micros(o.SentAt), nullMicros(o.Due)
		eager[i], announce[i] = o.Eager, o.Announce
	}
	args := []any{keys, tokens, at, status, errs, specs, cursors, frozen, attempts, failing, sent, due, eager, announce}
	return s.each(ctx, s.pool, finishUnchanged, args, func(row pgx.Row) error {
		var nth int64
		err := row.Scan(&nth)
		if err == nil {
			calls[nth-1].done = true
		}
		return err
	})
}

// turn writes an outcome that changes the subscription itself.
func (s *Store) turn(ctx context.Context, tx pgx.Tx, o *subscription.Outcome) error {
	tag, err := tx.Exec(ctx, s.texts[lockClaimed], o.Key, o.Token)
	if err != nil {
		return err
	}
	if tag.RowsAffected() == 0 {
		return subscription.ErrLost
	}
	var old scannedRecord
	err = tx.QueryRow(ctx, s.texts[selectByKey], o.Key).Scan(&old.Tenant, &old.Revision, &old.updatedAt,
		(*string)(&old.Status), &old.Error, &old.Spec)
	if err != nil {
		return err
	}
	if old.Status != o.Status || old.Error != o.Error {
		old.Revision++
		old.updatedAt = micros(o.At)
	}
	var batch pgx.Batch
	batch.Queue(s.texts[updateOutcome], o.Key, old.Revision, old.updatedAt, string(o.Status), o.Error, o.Spec)
	batch.Queue(s.texts[finishDelivery], o.Key, micros(o.At), o.Cursor, o.Frozen, o.Attempt, micros(o.FailingSince),
		micros(o.SentAt), nullMicros(o.Due), o.Eager, o.Announce)
	if !bytes.Equal(old.Spec, o.Spec) {
		s.queueControl(&batch, subscription.Change{Tenant: old.Tenant, Subscription: o.Key, Spec: o.Spec})
	}
	return tx.SendBatch(ctx, &batch).Close()
}
