package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/carillon-fhir/carillon/subscription"
)

// listSequenced is ListSubscriptions for a sequencer, which has to read a million before
// it can begin.
func (s *Store) listSequenced(ctx context.Context, q subscription.ListQuery) ([]subscription.Record, error) {
	var list []subscription.Record
	err := s.each(ctx, s.pool, selectSequenced, []any{q.After, max(q.Limit, 0)}, func(row pgx.Row) error {
		if list == nil {
			list = make([]subscription.Record, 0, min(q.Limit, roomOfList))
		}
		list = append(list, subscription.Record{})
		r := &list[len(list)-1]
		return row.Scan(&r.Key, &r.Tenant, &r.ID, &r.Count, &r.Sequenced, &r.SequencedTo)
	})
	if err != nil {
		return nil, failed("listing subscriptions", err)
	}
	return list, nil
}

// roomOfList is how many a list has room for before it is known how many there are.
const roomOfList = 1000
