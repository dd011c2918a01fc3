package sqlite

import (
	"context"
	"errors"

	"github.com/carillon-fhir/carillon/subscription"
)

const (
	eventColumns = 4
	manyEvents   = 256 // rows of an insertManyEvents
	someEvents   = 16  // rows of an insertSomeEvents
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
		events, err := tx.insertEvents(c, s.recent.knows)
		if err != nil {
			return err
		}
		for _, spec := range c.Sequenced {
			tx.forget(spec.Key)
			if err := tx.exec(putInForce, spec.Spec, spec.Key); err != nil {
				return err
			}
		}
		tx.then(func() { s.recent.committed(events) })
		return tx.exec(moveLease, c.Cursor, l.Name)
	})
}

// insertEvents writes events and what they do to their subscriptions, and returns
// those of subscriptions that are still there. A wide commit has an event for each of
// thousands: hence one statement for each subscription, and one for many events.
func (t *transaction) insertEvents(c subscription.Commit, knows func(position int64) bool) ([]subscription.NewEvent, error) {
	runs, order := numberRuns(c.Events)
	for _, key := range order {
		r := runs[key]
		if !r.ascends {
			return nil, errNumber
		}
		n, err := t.affect(countEvents, r.last, micros(c.At), key, r.first)
		if err != nil {
			return nil, err
		}
		if n == 1 {
			continue
		}
		var count int64
		if found, err := t.read(selectCount, []any{key}, &count); err != nil {
			return nil, err
		} else if found {
			return nil, errNumber
		}
		delete(runs, key) // the subscription is gone
	}
	events := make([]subscription.NewEvent, 0, len(c.Events))
	rows := make([]any, 0, len(c.Events)*eventColumns)
	known := int64(0) // a position that is in the log
	for _, e := range c.Events {
		if runs[e.Key] == nil {
			continue
		}
		if e.Position != known && !knows(e.Position) {
			found, err := t.read(selectPosition, []any{e.Position}, &known)
			if err != nil {
				return nil, err
			}
			if !found {
				return nil, errors.New("sqlite: an event's change is not in the log")
			}
		}
		known = e.Position
		events = append(events, e)
		rows = append(rows, e.Key, e.Number, e.Position, e.Redacted)
	}
	for _, step := range []struct {
		insert query
		args   int
	}{{insertManyEvents, manyEvents * eventColumns}, {insertSomeEvents, someEvents * eventColumns}, {insertEvent, eventColumns}} {
		for ; len(rows) >= step.args; rows = rows[step.args:] {
			if err := t.exec(step.insert, rows[:step.args]...); err != nil {
				return nil, err
			}
		}
	}
	return events, nil
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
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if recent, found := s.recent.find(key, first, last, limit); found {
		return recent, nil
	}
	var read []subscription.Event
	bytes := 0
	err := s.rows(ctx, selectEvents, []any{key, first, last, max(limit, 0)}, func(r row) error {
		e, err := scanEvent(r)
		read = append(read, e)
		if bytes += len(e.Change.Resource); err == nil && bytes > subscription.ReadBytes {
			return errEnough
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return read, nil
}

// scanEvent scans a row of dest, an event's number and redacted, and changeColumns.
func scanEvent(r row, dest ...any) (subscription.Event, error) {
	var e subscription.Event
	var c scannedChange
	err := r.Scan(append(append(dest, &e.Number, &e.Redacted), c.dest()...)...)
	if err == nil {
		e.Change, err = c.change()
	}
	return e, err
}
