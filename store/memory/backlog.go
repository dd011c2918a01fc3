package memory

import (
	"context"
	"math"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

var _ subscription.Measurer = (*Store)(nil)

// Backlog implements subscription.Measurer.
func (s *Store) Backlog(ctx context.Context) (b subscription.Backlog, err error) {
	if err := s.lock(ctx); err != nil {
		return b, err
	}
	defer s.mu.Unlock()
	passed := int64(math.MaxInt64)
	for _, l := range s.leases {
		passed = min(passed, l.Cursor)
	}
	if len(s.leases) == 0 {
		passed = 0
	}
	i, found := s.find(passed)
	if found {
		i++
	}
	for _, c := range s.changes[i:] {
		if c.Subscription == 0 {
			b.Changes++
			b.OldestChange = earliest(b.OldestChange, c.At)
		}
	}
	for _, key := range s.keys {
		r := s.records[key]
		if r.Status != subscription.StatusRequested && r.Status != subscription.StatusActive || r.Count <= r.Cursor {
			continue
		}
		b.Events += r.Count - r.Cursor
		for _, e := range r.events {
			if e.number == r.Cursor+1 {
				b.OldestEvent = earliest(b.OldestEvent, e.change.At)
			}
		}
	}
	return b, nil
}

// earliest is the earlier of a time and another one that may be none.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}
