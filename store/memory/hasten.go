package memory

import (
	"context"
	"time"
)

// Hasten implements subscription.Store.
func (s *Store) Hasten(ctx context.Context, keys []int64, at time.Time) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for _, key := range keys {
		if r := s.records[key]; r != nil && r.Due.After(at) {
			s.dueAt(r, stored(at))
		}
	}
	return nil
}
