package sqlite

import (
	"context"
	"errors"

	"github.com/carillon-fhir/carillon/subscription"
)

// CommitEvents implements subscription.Store.
func (s *Store) CommitEvents(ctx context.Context, l subscription.Lease, c subscription.Commit) error {
	return s.write(ctx, func(tx *transaction) error {
		held, found, err := tx.readLease(l.Name)
		if err != nil {
			return err
		}
		if !found || held.Token != l.Token || held.Cursor != l.Cursor {
			return subscription.ErrFenced
		}
		if err := tx.insertEvents(c); err != nil {
			return err
		}
		for _, spec := range c.Sequenced {
			if err := tx.exec(putInForce, spec.Spec, spec.Key); err != nil {
				return err
			}
		}
		return tx.exec(moveLease, c.Cursor, l.Name)
	})
}

// insertEvents writes events and what they do to their subscriptions, each of
// which is read and written once.
func (t *transaction) insertEvents(c subscription.Commit) error {
	counts := make(map[int64]int64)            // by key; gone: -1
	positions := make(map[int64]bool)          // known to be in the log
	written := make([]int64, 0, len(c.Events)) // keys, in order
	const gone = -1
	for _, e := range c.Events {
		count, known := counts[e.Key]
		if !known {
			found, err := t.read(selectCount, []any{e.Key}, &count)
			if err != nil {
				return err
			}
			if !found {
				count = gone
			} else {
				written = append(written, e.Key)
			}
			counts[e.Key] = count
		}
		if count == gone {
			continue
		}
		if e.Number <= count {
			return errors.New("sqlite: an event's number does not follow its subscription's Count")
		}
		if !positions[e.Position] {
			var position int64
			if found, err := t.read(selectPosition, []any{e.Position}, &position); err != nil {
				return err
			} else if !found {
				return errors.New("sqlite: an event's change is not in the log")
			}
			positions[e.Position] = true
		}
		counts[e.Key] = e.Number
		if err := t.exec(insertEvent, e.Key, e.Number, e.Position, e.Redacted); err != nil {
			return err
		}
	}
	for _, key := range written {
		if err := t.exec(countEvents, counts[key], micros(c.At), key); err != nil {
			return err
		}
	}
	return nil
}

// ReadEvents implements subscription.Store.
func (s *Store) ReadEvents(ctx context.Context, key, first, last int64, limit int) ([]subscription.Event, error) {
	var read []subscription.Event
	err := s.rows(ctx, selectEvents, []any{key, first, last, max(limit, 0)}, func(r row) error {
		var e subscription.Event
		var c scannedChange
		err := r.Scan(append([]any{&e.Number, &e.Redacted}, c.dest()...)...)
		if err != nil {
			return err
		}
		e.Change, err = c.change()
		read = append(read, e)
		return err
	})
	if err != nil {
		return nil, err
	}
	return read, nil
}
