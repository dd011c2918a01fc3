package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

var _ subscription.Measurer = (*Store)(nil)

// Backlog implements subscription.Measurer. It waits for no write, and none waits for it.
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
		var oldest sql.NullInt64
		err := s.rows(ctx, part.query, part.args, func(r row) error { return r.Scan(part.n, &oldest) })
		if err != nil {
			return subscription.Backlog{}, err
		}
		*part.oldest = fromNullMicros(oldest)
	}
	return b, nil
}
