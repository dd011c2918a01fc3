package memory

import (
	"context"
	"slices"

	"github.com/carillon-fhir/carillon/subscription"
)

// CountSubscriptions implements subscription.Store.
func (s *Store) CountSubscriptions(ctx context.Context, tenant, owner string, limit int) (int, error) {
	if err := s.lock(ctx); err != nil {
		return 0, err
	}
	defer s.mu.Unlock()
	return min(s.owned[possession{tenant, owner}], max(limit, 0)), nil
}

// Positions implements subscription.Store.
func (s *Store) Positions(ctx context.Context, keys []int64) ([]subscription.Position, error) {
	if err := s.lock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	positions := make([]subscription.Position, 0, len(keys))
	for _, key := range keys {
		if r := s.records[key]; r != nil {
			positions = append(positions, subscription.Position{
				Key: key, Revision: r.Revision, Status: r.Status, Count: r.Count, Cursor: r.Cursor,
			})
		}
	}
	slices.SortFunc(positions, func(a, b subscription.Position) int { return compare(a.Key, b.Key) })
	return slices.Compact(positions), nil
}

// Advance implements subscription.Store.
func (s *Store) Advance(ctx context.Context, progress []subscription.Progress) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for _, p := range progress {
		if r := s.records[p.Key]; r != nil {
			r.raise(min(p.Cursor, r.Count))
			if at := stored(p.At); at.After(r.SentAt) {
				r.SentAt = at
			}
		}
	}
	return nil
}
