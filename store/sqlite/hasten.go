package sqlite

import (
	"context"
	"time"
)

// Hasten implements subscription.Store.
func (s *Store) Hasten(ctx context.Context, keys []int64, at time.Time) error {
	return s.write(ctx, func(tx *transaction) error {
		for _, key := range keys {
			if err := tx.exec(hastenDelivery, micros(at), key, micros(at)); err != nil {
				return err
			}
		}
		return nil
	})
}
