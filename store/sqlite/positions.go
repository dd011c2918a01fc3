package sqlite

import (
	"context"
	"encoding/json"

	"github.com/carillon-fhir/carillon/subscription"
)

// CountSubscriptions implements subscription.Store.
func (s *Store) CountSubscriptions(ctx context.Context, tenant, owner string, limit int) (n int, err error) {
	err = s.rows(ctx, countOwned, []any{tenant, owner, max(limit, 0)}, func(r row) error { return r.Scan(&n) })
	return n, err
}

// Positions implements subscription.Store. It waits for no write, and none waits for it.
func (s *Store) Positions(ctx context.Context, keys []int64) ([]subscription.Position, error) {
	positions := make([]subscription.Position, 0, len(keys))
	err := s.rows(ctx, selectPositions, []any{numbers(keys)}, func(r row) error {
		var p subscription.Position
		err := r.Scan(&p.Key, &p.Revision, (*string)(&p.Status), &p.Count, &p.Cursor)
		positions = append(positions, p)
		return err
	})
	if err != nil {
		return nil, err
	}
	return positions, nil
}

// Advance implements subscription.Store.
func (s *Store) Advance(ctx context.Context, progress []subscription.Progress) error {
	rows := make([][3]int64, len(progress))
	for i, p := range progress {
		rows[i] = [3]int64{p.Key, p.Cursor, micros(p.At)}
	}
	argument := numbers(rows)
	return s.write(ctx, func(tx *transaction) error { return tx.exec(advanceDeliveries, argument) })
}

// numbers are many numbers as one parameter, for json_each.
func numbers[N int64 | [3]int64](of []N) string {
	if len(of) == 0 {
		return "[]"
	}
	text, _ := json.Marshal(of) // numbers can't fail
	return string(text)
}
