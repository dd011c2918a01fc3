package memory

import (
	"context"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

// Acquire implements subscription.Store.
func (s *Store) Acquire(ctx context.Context, name, node string, now, until time.Time) (subscription.Lease, error) {
	if err := s.lock(ctx); err != nil {
		return subscription.Lease{}, err
	}
	defer s.mu.Unlock()
	l := s.leases[name]
	if l == nil {
		l = &subscription.Lease{Name: name}
		s.leases[name] = l
	} else if l.Node != node && l.Until.After(now) {
		return subscription.Lease{}, subscription.ErrHeld
	}
	s.token++
	l.Node, l.Token, l.Until = node, s.token, stored(until)
	return *l, nil
}

// Release implements subscription.Store.
func (s *Store) Release(ctx context.Context, node string) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for _, l := range s.leases {
		if l.Node == node {
			l.Node, l.Token, l.Until = "", 0, time.Time{}
		}
	}
	s.work.Release(node)
	return nil
}
