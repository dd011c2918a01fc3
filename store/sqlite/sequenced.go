package sqlite

import (
	"context"

	"github.com/carillon-fhir/carillon/subscription"
)

// listSequenced is ListSubscriptions for a sequencer, which has to read a million before
// it can begin.
func (s *Store) listSequenced(ctx context.Context, q subscription.ListQuery) ([]subscription.Record, error) {
	var list []subscription.Record
	err := s.rows(ctx, selectSequenced, []any{q.After, max(q.Limit, 0)}, func(r row) error {
		if list == nil {
			list = make([]subscription.Record, 0, min(q.Limit, roomOfList))
		}
		list = append(list, subscription.Record{})
		last := &list[len(list)-1]
		return r.Scan(&last.Key, &last.Tenant, &last.ID, &last.Count, &last.Sequenced)
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// roomOfList is how many a list has room for before it is known how many there are.
const roomOfList = 1000
