package sqlite

import (
	"context"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

// PutToken implements subscription.Store.
func (s *Store) PutToken(ctx context.Context, t subscription.Token) error {
	return s.write(ctx, func(tx *transaction) error {
		return tx.exec(putToken, t.Tenant, t.Hash, t.Owner, t.Data, micros(t.Until))
	})
}

// TakeToken implements subscription.Store.
func (s *Store) TakeToken(ctx context.Context, tenant, hash string, now time.Time) (subscription.Token, error) {
	var taken subscription.Token
	err := s.write(ctx, func(tx *transaction) error {
		t, until := subscription.Token{Tenant: tenant, Hash: hash}, int64(0)
		found, err := tx.read(takeToken, []any{tenant, hash, micros(now)}, &t.Owner, &t.Data, &until)
		switch {
		case err != nil:
			return err
		case !found:
			return subscription.ErrNotFound
		}
		t.Until = fromMicros(until)
		taken = t
		return tx.exec(deleteToken, tenant, hash)
	})
	if err != nil {
		return subscription.Token{}, err
	}
	return taken, nil
}

// CountTokens implements subscription.Store.
func (s *Store) CountTokens(ctx context.Context, tenant, owner string, now time.Time, limit int) (n int, err error) {
	err = s.rows(ctx, countTokens, []any{tenant, owner, micros(now), max(limit, 0)}, func(r row) error { return r.Scan(&n) })
	return n, err
}
