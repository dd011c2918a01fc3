package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/carillon-fhir/carillon/subscription"
)

// CountSubscriptions implements subscription.Store.
func (s *Store) CountSubscriptions(ctx context.Context, tenant, owner string, limit int) (n int, err error) {
	err = s.each(ctx, s.pool, countOwned, []any{tenant, owner, max(limit, 0)}, func(row pgx.Row) error { return row.Scan(&n) })
	return n, failed("counting subscriptions", err)
}

// Positions implements subscription.Store. It waits for no write, and none waits for it.
func (s *Store) Positions(ctx context.Context, keys []int64) ([]subscription.Position, error) {
	positions := make([]subscription.Position, 0, len(keys))
	err := s.each(ctx, s.pool, selectPositions, []any{keys}, func(row pgx.Row) error {
		var p subscription.Position
		err := row.Scan(&p.Key, &p.Revision, (*string)(&p.Status), &p.Count, &p.Cursor)
		positions = append(positions, p)
		return err
	})
	if err != nil {
		return nil, failed("reading positions", err)
	}
	return positions, nil
}

// Advance implements subscription.Store.
func (s *Store) Advance(ctx context.Context, progress []subscription.Progress) error {
	keys, cursors, at := make([]int64, len(progress)), make([]int64, len(progress)), make([]int64, len(progress))
	for i, p := range progress {
		keys[i], cursors[i], at[i] = p.Key, p.Cursor, micros(p.At)
	}
	_, err := s.pool.Exec(ctx, s.texts[advanceDeliveries], keys, cursors, at)
	return failed("advancing deliveries", err)
}
