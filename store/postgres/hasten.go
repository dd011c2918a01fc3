package postgres

import (
	"context"
	"time"
)

// Hasten implements subscription.Store.
func (s *Store) Hasten(ctx context.Context, keys []int64, at time.Time) error {
	_, err := s.pool.Exec(ctx, s.texts[hastenDeliveries], keys, micros(at))
	return failed("hastening deliveries", err)
}
