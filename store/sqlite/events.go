package sqlite

import (
	"context"
	"errors"
	"time"

	"github.com/carillon-fhir/carillon/internal/due"
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
		events, eager, err := tx.insertEvents(c, s.recent.tenant)
		if err != nil {
			return err
		}
		for _, spec := range c.Sequenced {
			if err := tx.exec(putInForce, spec.Spec, spec.Key); err != nil {
				return err
			}
		}
		tx.then(func() { s.recent.committed(events); s.work.add(eager) })
		return tx.exec(moveLease, c.Cursor, l.Name)
	})
}

// insertEvents writes events and what they do to their subscriptions, and returns
// those of subscriptions that are still there, and which of these are due for them. A wide
// commit has an event for each of thousands: hence one statement for each subscription,
// and one for many events.
func (t *transaction) insertEvents(c subscription.Commit, tenant func(position int64) (string, bool)) ([]subscription.NewEvent, []due.Item, error) {
	runs, order := numberRuns(c.Events)
	for _, key := range order {
		r := runs[key]
		if !r.ascends {
			return nil, nil, errNumber
		}
		there, err := t.count(key, r, c.At)
		if err != nil {
			return nil, nil, err
		}
		if !there {
			delete(runs, key)
		}
	}
	var eager []due.Item
	events := make([]subscription.NewEvent, 0, len(c.Events))
	rows := make([]any, 0, len(c.Events)*eventColumns)
	known, of := int64(0), "" // a position that is in the log, and its change's tenant
	for _, e := range c.Events {
		r := runs[e.Key]
		if r == nil {
			continue
		}
		if e.Position != known {
			found := false
			if of, found = tenant(e.Position); !found {
				var err error
				if found, err = t.read(selectPosition, []any{e.Position}, &known, &of); err != nil {
					return nil, nil, err
				}
			}
			if !found {
				return nil, nil, errors.New("sqlite: an event's change is not in the log")
			}
			known = e.Position
		}
		if r.due {
			r.due = false
			eager = append(eager, due.Item{Key: e.Key, Tenant: of, At: c.At})
		}
		events = append(events, e)
		rows = append(rows, e.Key, e.Number, e.Position, e.Redacted)
	}
	for _, step := range []struct {
		insert query
		args   int
	}{{insertManyEvents, manyEvents * eventColumns}, {insertSomeEvents, someEvents * eventColumns}, {insertEvent, eventColumns}} {
		for ; len(rows) >= step.args; rows = rows[step.args:] {
			if err := t.exec(step.insert, rows[:step.args]...); err != nil {
				return nil, nil, err
			}
		}
	}
	return events, eager, nil
}

// count raises a subscription's Count and makes it due, if it is eager, as r then says. It
// reports whether the subscription is there. Which of two statements it is for shows when
// it is tried; first comes what is likely.
func (t *transaction) count(key int64, r *numberRun, at time.Time) (there bool, err error) {
	cases := []query{countEager, countEvents}
	if t.work.dueBy(key, at) {
		cases[0], cases[1] = cases[1], cases[0]
	}
	for _, q := range cases {
		if n, err := t.affect(q, r.last, micros(at), key, r.first); n > 0 || err != nil {
			r.due = q == countEager
			return true, err
		}
	}
	var count int64
	found, err := t.read(selectCount, []any{key}, &count)
	if err == nil && found {
		err = errNumber
	}
	return false, err
}

// numberRun is the numbers of one subscription's events.
type numberRun struct {
	first, last int64
	ascends     bool
	due         bool // they make it due
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
