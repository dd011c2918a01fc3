package sqlite

import (
	"context"
	"slices"
	"time"
)

// hastenRows is the most that one write hastens: others wait meanwhile.
const hastenRows = 500

// Hasten implements subscription.Store.
func (s *Store) Hasten(ctx context.Context, keys []int64, at time.Time) error {
	for part := range slices.Chunk(keys, hastenRows) {
		err := s.write(ctx, func(tx *transaction) error {
			for _, key := range part {
				if err := tx.exec(hastenDelivery, micros(at), key, micros(at)); err != nil {
					return err
				}
			}
			tx.then(func() { s.work.hasten(part, at) })
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
