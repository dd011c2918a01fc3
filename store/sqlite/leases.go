package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

// readLease returns the lease called name; Node is "" if it was released.
func (t *transaction) readLease(name string) (l subscription.Lease, found bool, err error) {
	var node sql.NullString
	var until int64
	found, err = t.read(selectLease, []any{name}, &node, &l.Token, &until, &l.Cursor)
	l.Name, l.Node, l.Until = name, node.String, fromMicros(until)
	return l, found && node.Valid, err
}

// Acquire implements subscription.Store.
func (s *Store) Acquire(ctx context.Context, name, node string, now, until time.Time) (subscription.Lease, error) {
	var l subscription.Lease
	err := s.write(ctx, func(tx *transaction) error {
		held, found, err := tx.readLease(name)
		if err != nil {
			return err
		}
		if found && held.Node != node && held.Until.After(now) {
			return subscription.ErrHeld
		}
		l = held
		l.Node, l.Token, l.Until = node, held.Token+1, fromMicros(micros(until))
		return tx.exec(putLease, name, node, l.Token, micros(until))
	})
	if err != nil {
		return subscription.Lease{}, err
	}
	return l, nil
}

// Release implements subscription.Store.
func (s *Store) Release(ctx context.Context, node string) error {
	return s.write(ctx, func(tx *transaction) error {
		if err := tx.exec(releaseLeases, node); err != nil {
			return err
		}
		tx.then(func() { s.work.release(node) })
		return nil
	})
}
