package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/carillon-fhir/carillon/subscription"
)

// PutToken implements subscription.Store.
func (s *Store) PutToken(ctx context.Context, t subscription.Token) error {
	_, err := s.pool.Exec(ctx, s.texts[putToken], t.Tenant, t.Hash, t.Owner, t.Data, micros(t.Until))
	return failed("keeping a token", err)
}

// TakeToken implements subscription.Store. Of those who delete a row at the same time,
// one only gets it.
func (s *Store) TakeToken(ctx context.Context, tenant, hash string, now time.Time) (subscription.Token, error) {
	t, until := subscription.Token{Tenant: tenant, Hash: hash}, int64(0)
	err := s.pool.QueryRow(ctx, s.texts[takeToken], tenant, hash, micros(now)).Scan(&t.Owner, &t.Data, &until)
	if errors.Is(err, pgx.ErrNoRows) {
		return subscription.Token{}, subscription.ErrNotFound
	}
	if err != nil {
		return subscription.Token{}, failed("taking a token", err)
	}
	t.Until = fromMicros(until)
	return t, nil
}

// CountTokens implements subscription.Store.
func (s *Store) CountTokens(ctx context.Context, tenant, owner string, now time.Time, limit int) (n int, err error) {
	err = s.each(ctx, s.pool, countTokens, []any{tenant, owner, micros(now), max(limit, 0)}, func(row pgx.Row) error { return row.Scan(&n) })
	return n, failed("counting tokens", err)
}
