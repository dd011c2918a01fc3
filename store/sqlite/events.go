package sqlite

import (
	"context"
	"errors"

	"github.com/carillon-fhir/carillon/subscription"
)

var (
	errNumber   = errors.New("sqlite: an event's number does not follow its subscription's Count")
	errPosition = errors.New("sqlite: an event's change is not in the log")
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

// insertEvents writes events and what they do to their subscriptions. A wide commit
// has an event for each of thousands, and every other write waits for it: hence one
// statement for all of them, whose rows are an array of JSON.
func (t *transaction) insertEvents(c subscription.Commit) error {
	if len(c.Events) == 0 {
		return nil
	}
	counts, err := t.counts(c.Events)
	if err != nil {
		return err
	}
	var events, counted rows
	written := 0
	for _, e := range c.Events {
		count, found := counts[e.Key]
		if !found {
			continue // the subscription is gone
		}
		if e.Number <= count {
			return errNumber
		}
		counts[e.Key] = e.Number
		redacted := int64(0)
		if e.Redacted {
			redacted = 1
		}
		events.add(e.Key, e.Number, e.Position, redacted)
		written++
	}
	for key, count := range counts {
		counted.add(key, count)
	}
	if err := t.exec(countEvents, counted.json(), micros(c.At)); err != nil {
		return err
	}
	n, err := t.affect(insertEvents, events.json())
	if err == nil && n != written {
		return errPosition
	}
	return err
}

// counts returns Count of those subscriptions of the events that there are.
func (t *transaction) counts(events []subscription.NewEvent) (map[int64]int64, error) {
	asked := make(map[int64]bool, len(events))
	var keys rows
	for _, e := range events {
		if !asked[e.Key] {
			asked[e.Key] = true
			keys.add(e.Key)
		}
	}
	counts := make(map[int64]int64, len(asked))
	err := each(context.Background(), t.stmt(selectCounts), []any{keys.json()}, func(r row) error {
		var key, count int64
		err := r.Scan(&key, &count)
		counts[key] = count
		return err
	})
	return counts, err
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
