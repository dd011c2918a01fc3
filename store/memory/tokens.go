package memory

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

// PutToken implements subscription.Store.
func (s *Store) PutToken(ctx context.Context, t subscription.Token) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	t.Data, t.Until = slices.Clone(t.Data), stored(t.Until)
	s.tokens[identity{t.Tenant, t.Hash}] = t
	return nil
}

// TakeToken implements subscription.Store.
func (s *Store) TakeToken(ctx context.Context, tenant, hash string, now time.Time) (subscription.Token, error) {
	if err := s.lock(ctx); err != nil {
		return subscription.Token{}, err
	}
	defer s.mu.Unlock()
	t, ok := s.tokens[identity{tenant, hash}]
	if !ok || !t.Until.After(now) {
		return subscription.Token{}, subscription.ErrNotFound
	}
	delete(s.tokens, identity{tenant, hash})
	return t, nil
}

// CountTokens implements subscription.Store.
func (s *Store) CountTokens(ctx context.Context, tenant, owner string, now time.Time, limit int) (n int, err error) {
	if err := s.lock(ctx); err != nil {
		return 0, err
	}
	defer s.mu.Unlock()
	for _, t := range s.tokens {
		if t.Tenant == tenant && t.Owner == owner && t.Until.After(now) {
			n++
		}
	}
	return min(n, max(limit, 0)), nil
}

func (s *Store) pruneTokens(now time.Time, limit int) (n int) {
	maps.DeleteFunc(s.tokens, func(_ identity, t subscription.Token) bool {
		if n >= limit || t.Until.After(now) {
			return false
		}
		n++
		return true
	})
	return n
}
