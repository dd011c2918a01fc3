package postgres

import (
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
	s.remember(claims, now, until)
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
	batch.Queue(s.texts[notDurable])
	if how == claimInTurn {
		batch.Queue(s.texts[takeTurns])
	}
	batch.Queue(s.texts[endClaims], micros(now))
	batch.Queue(s.texts[how], node, micros(now), micros(until), limit).Query(func(rows pgx.Rows) error {
		var p placed
		var scanned scannedRecord
		dest := append([]any{nil, &p.place, &p.Token}, scanned.dest()...)
		return scanAll(rows, func(row pgx.Row) error {
			if err := row.Scan(dest...); err != nil {
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
	claims = make([]subscription.Claim, len(taken))
	for i := range taken {
		claims[i] = taken[i].Claim
	}
	return claims, more, next, nil
}
