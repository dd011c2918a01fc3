package postgres

import (
	"context"
	"time"
)

// Now implements subscription.Timekeeper by the database server's clock.
func (s *Store) Now(ctx context.Context) (now time.Time, err error) {
	err = s.pool.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&now)
	return now.UTC(), failed("asking for the time", err)
}
