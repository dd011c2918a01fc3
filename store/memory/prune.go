package memory

import (
	"context"
	"math"
	"slices"
	"time"
)

// Prune implements subscription.Store.
func (s *Store) Prune(ctx context.Context, before, now time.Time, limit int) (int, error) {
	if err := s.lock(ctx); err != nil {
		return 0, err
	}
	defer s.mu.Unlock()
	events := s.pruneEvents(before, limit)
	return events + s.pruneChanges(before, limit) + s.pruneTokens(now, limit), nil
}

func (s *Store) pruneEvents(before time.Time, limit int) (n int) {
	// Mostly there is nothing, and the log says so much sooner than all subscriptions.
	if !slices.ContainsFunc(s.changes, func(c *change) bool { return c.events > 0 && c.At.Before(before) }) {
		return 0
	}
	for _, key := range s.keys {
		r := s.records[key]
		r.events = slices.DeleteFunc(r.events, func(e event) bool {
			if n >= limit || e.number > r.Cursor || !e.change.At.Before(before) {
				return false
			}
			e.change.events--
			n++
			return true
		})
	}
	return n
}

func (s *Store) pruneChanges(before time.Time, limit int) (n int) {
	if len(s.leases) == 0 {
		return 0 // nobody has sequenced anything yet
	}
	passed := int64(math.MaxInt64)
	for _, l := range s.leases {
		passed = min(passed, l.Cursor)
	}
	s.changes = slices.DeleteFunc(s.changes, func(c *change) bool {
		if n >= limit || c.Position > passed || c.events > 0 || !c.At.Before(before) {
			return false
		}
		n++
		return true
	})
	return n
}
