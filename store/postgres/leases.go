package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/carillon-fhir/carillon/subscription"
)

// Acquire implements subscription.Store.
func (s *Store) Acquire(ctx context.Context, name, node string, now, until time.Time) (subscription.Lease, error) {
	s.waiting.reset()
	l := subscription.Lease{Name: name, Node: node, Until: fromMicros(micros(until))}
	err := s.transact(ctx, func(tx pgx.Tx) error {
		if err := s.requireShard(ctx, tx, name); err != nil {
			return err
		}
		err := tx.QueryRow(ctx, s.texts[putLease], name, node, micros(now), micros(until)).Scan(&l.Token, &l.Cursor)
		if errors.Is(err, pgx.ErrNoRows) {
			return subscription.ErrHeld
		}
		return err
	})
	if err != nil {
		return subscription.Lease{}, failed("acquiring a lease", err)
	}
	return l, nil
}

// Release implements subscription.Store. It reads all deliveries, which is fine for
// what happens at the start and the end of a process.
func (s *Store) Release(ctx context.Context, node string) error {
	return failed("releasing leases", s.transact(ctx, func(tx pgx.Tx) error {
		for _, q := range []query{releaseLeases, releaseClaims} {
			if _, err := tx.Exec(ctx, s.texts[q], node); err != nil {
				return err
			}
		}
		return nil
	}))
}
