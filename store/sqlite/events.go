package sqlite

import (
	"context"
	"errors"

	"github.com/carillon-fhir/carillon/subscription"
)

const (
	eventColumns = 4
	eventRows    = 256 // in an insertManyEvents
)

var errNumber = errors.New("sqlite: an event's number does not follow its subscription's Count")

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

// insertEvents writes events and what they do to their subscriptions. A wide
// commit has an event for each of thousands: hence one statement for each
// subscription, and one for many events.
func (t *transaction) insertEvents(c subscription.Commit) error {
	runs, order := numberRuns(c.Events)
	for _, key := range order {
		r := runs[key]
		if !r.ascends {
			return errNumber
		}
		n, err := t.affect(countEvents, r.last, micros(c.At), key, r.first)
		if err != nil {
			return err
		}
		if n == 1 {
			continue
		}
		var count int64
		if found, err := t.read(selectCount, []any{key}, &count); err != nil {
			return err
		} else if found {
			return errNumber
		}
		delete(runs, key) // the subscription is gone
	}
	rows := make([]any, 0, eventRows*eventColumns)
	known := int64(0) // a position that is in the log
	for _, e := range c.Events {
		if runs[e.Key] == nil {
			continue
		}
		if e.Position != known {
			found, err := t.read(selectPosition, []any{e.Position}, &known)
			if err != nil {
				return err
			}
			if !found {
				return errors.New("sqlite: an event's change is not in the log")
			}
		}
		rows = append(rows, e.Key, e.Number, e.Position, e.Redacted)
		if len(rows) == cap(rows) {
			if err := t.exec(insertManyEvents, rows...); err != nil {
				return err
			}
			rows = rows[:0]
		}
	}
	for ; len(rows) > 0; rows = rows[eventColumns:] {
		if err := t.exec(insertEvent, rows[:eventColumns]...); err != nil {
			return err
		}
	}
	return nil
}

// numberRun is the numbers of one subscription's events.
type numberRun struct {
	first, last int64
	ascends     bool
}

// numberRuns returns the numbers by key, and the keys in the order of their first
// events.
func numberRuns(events []subscription.NewEvent) (map[int64]*numberRun, []int64) {
	runs := make(map[int64]*numberRun, len(events))
	order := make([]int64, 0, len(events))
	for _, e := range events {
		r := runs[e.Key]
		if r == nil {
			runs[e.Key] = &numberRun{first: e.Number, last: e.Number, ascends: true}
			order = append(order, e.Key)
			continue
		}
		r.ascends = r.ascends && e.Number > r.last
		r.last = e.Number
	}
	return runs, order
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
