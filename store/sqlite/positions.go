package sqlite

import (
	"context"
	"errors"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

// CountSubscriptions implements subscription.Store.
func (s *Store) CountSubscriptions(ctx context.Context, tenant, owner string, limit int) (int, error) {
	return 0, errors.ErrUnsupported
}

// Positions implements subscription.Store.
func (s *Store) Positions(ctx context.Context, keys []int64) ([]subscription.Position, error) {
	return nil, errors.ErrUnsupported
}

// Advance implements subscription.Store.
func (s *Store) Advance(ctx context.Context, progress []subscription.Progress) error {
	return errors.ErrUnsupported
}

// PutToken implements subscription.Store.
func (s *Store) PutToken(ctx context.Context, t subscription.Token) error {
	return errors.ErrUnsupported
}

// TakeToken implements subscription.Store.
func (s *Store) TakeToken(ctx context.Context, tenant, hash string, now time.Time) (subscription.Token, error) {
	return subscription.Token{}, errors.ErrUnsupported
}
