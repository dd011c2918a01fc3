package sqlite

import (
	"context"
	"time"
)

// Prune implements subscription.Store. Other writes wait for it, so limit should
// be a few thousand at most.
func (s *Store) Prune(ctx context.Context, before, now time.Time, limit int) (int, error) {
	removed := 0
	err := s.write(ctx, func(tx *transaction) error {
		removed = 0
		for _, old := range []struct {
			query
			until time.Time
		}{{pruneEvents, before}, {pruneChanges, before}, {pruneTokens, now}} {
			n, err := tx.affect(old.query, micros(old.until), max(limit, 0))
			if err != nil {
				return err
			}
			removed += n
		}
		if removed > 0 {
			tx.then(s.recent.prune)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return removed, nil
}
