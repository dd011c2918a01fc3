package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/carillon-fhir/carillon/subscription"
)

var _ subscription.Measurer = (*Store)(nil)

// Backlog implements subscription.Measurer. It waits for nobody and nobody waits for it.
func (s *Store) Backlog(ctx context.Context) (b subscription.Backlog, err error) {
	for _, part := range []struct {
		query  query
		args   []any
		n      *int64
		oldest *time.Time
	}{
		{measureChanges, []any{micros(time.Time{})}, &b.Changes, &b.OldestChange},
		{measureEvents, nil, &b.Events, &b.OldestEvent},
	} {
		var oldest *int64
		err := s.each(ctx, s.pool, part.query, part.args, func(row pgx.Row) error { return row.Scan(part.n, &oldest) })
		if err != nil {
			return subscription.Backlog{}, failed("measuring the backlog", err)
		}
		*part.oldest = fromNullMicros(oldest)
	}
	return b, nil
}
