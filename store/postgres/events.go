package postgres

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/carillon-fhir/carillon/subscription"
)

var (
	errNumber = &ownError{"an event's number does not follow its subscription's Count"}
	errChange = &ownError{"an event's change is not in the log"}
)

// CommitEvents implements subscription.Store. It takes the same few statements for one
// event as for many thousands.
func (s *Store) CommitEvents(ctx context.Context, l subscription.Lease, c subscription.Commit) error {
	runs, err := numberRuns(&c)
	if err != nil {
		return err
	}
	return failed("committing events", s.transact(ctx, func(tx pgx.Tx) error {
		expected, err := s.fence(ctx, tx, l, runs)
		if err != nil {
			return err
		}
		var inserted int64
		var batch pgx.Batch
		if len(c.Events) > 0 {
			batch.Queue(s.texts[insertEvents], eventRows(c.Events)...).Exec(func(tag pgconn.CommandTag) error {
				inserted = tag.RowsAffected()
				return nil
			})
			batch.Queue(s.texts[countEvents], runs.keys, runs.last, micros(c.At))
		}
		if len(c.Sequenced) > 0 {
			keys, specs := newestSpecs(c.Sequenced)
			batch.Queue(s.texts[putInForce], keys, specs)
		}
		batch.Queue(s.texts[moveLease], l.Name, c.Cursor)
		if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
			return err
		}
		if inserted != expected {
			return errChange
		}
		return nil
	}))
}

// fence locks the lease and the subscriptions. It returns how many of the events have
// a subscription still.
func (s *Store) fence(ctx context.Context, tx pgx.Tx, l subscription.Lease, runs *runs) (events int64, err error) {
	var batch pgx.Batch
	held, numbered := false, int64(0)
	batch.Queue(s.texts[lockLease], l.Name, l.Token, l.Cursor).QueryRow(func(row pgx.Row) error {
		var one int
		err := row.Scan(&one)
		held = err == nil
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	batch.Queue(s.texts[lockCounts], runs.keys, runs.first, runs.events).QueryRow(func(row pgx.Row) error {
		return row.Scan(&numbered, &events)
	})
	switch err := tx.SendBatch(ctx, &batch).Close(); {
	case err != nil:
		return 0, err
	case !held:
		return 0, subscription.ErrFenced
	case numbered > 0:
		return 0, errNumber
	}
	return events, nil
}

// runs are the numbers that a commit gives to each subscription, in the order of keys.
// A subscription that only gets a Spec has no events.
type runs struct{ keys, first, last, events []int64 }

func numberRuns(c *subscription.Commit) (*runs, error) {
	type place struct{ first, last, events int64 }
	byKey := make(map[int64]*place, len(c.Events)+len(c.Sequenced))
	places := make([]place, len(c.Events)+len(c.Sequenced))
	for i, e := range c.Events {
		p := byKey[e.Key]
		if p == nil {
			p = &places[i]
			*p = place{first: e.Number, last: math.MinInt64}
			byKey[e.Key] = p
		}
		if p.events > 0 && e.Number <= p.last {
			return nil, errNumber
		}
		p.last = e.Number
		p.events++
	}
	for i, spec := range c.Sequenced {
		if byKey[spec.Key] == nil {
			byKey[spec.Key] = &places[len(c.Events)+i]
		}
	}
	r := &runs{keys: make([]int64, 0, len(byKey))}
	for key := range byKey {
		r.keys = append(r.keys, key)
	}
	slices.Sort(r.keys)
	r.first, r.last, r.events = make([]int64, len(r.keys)), make([]int64, len(r.keys)), make([]int64, len(r.keys))
	for i, key := range r.keys {
		r.first[i], r.last[i], r.events[i] = byKey[key].first, byKey[key].last, byKey[key].events
	}
	return r, nil
}

// eventRows are the arguments of insertEvents.
func eventRows(events []subscription.NewEvent) []any {
	keys, numbers := make([]int64, len(events)), make([]int64, len(events))
	positions, redacted := make([]int64, len(events)), make([]bool, len(events))
	var distinct []int64
	for i, e := range events {
		keys[i], numbers[i], positions[i], redacted[i] = e.Key, e.Number, e.Position, e.Redacted
		if i == 0 || e.Position != positions[i-1] {
			distinct = append(distinct, e.Position)
		}
	}
	slices.Sort(distinct)
	return []any{keys, numbers, positions, redacted, slices.Compact(distinct)}
}

// newestSpecs returns the last Spec of each key.
func newestSpecs(all []subscription.SequencedSpec) (keys []int64, specs [][]byte) {
	newest := make(map[int64][]byte, len(all))
	for _, s := range all {
		newest[s.Key] = s.Spec
	}
	for key, spec := range newest {
		keys, specs = append(keys, key), append(specs, spec)
	}
	return keys, specs
}

// reading is a call of ReadEvents.
type reading struct {
	key, first, last int64
	limit            int
	events           []subscription.Event
}

// ReadEvents implements subscription.Store. Calls at the same time share a statement.
func (s *Store) ReadEvents(ctx context.Context, key, first, last int64, limit int) ([]subscription.Event, error) {
	r := &reading{key: key, first: first, last: last, limit: max(limit, 0)}
	if err := s.reads.do(ctx, r); err != nil {
		return nil, failed("reading events", err)
	}
	return r.events, nil
}

func (s *Store) readAll(ctx context.Context, calls []*reading) error {
	n := len(calls)
	keys, first, last, most := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	for i, c := range calls {
		c.events = nil
		keys[i], first[i], last[i], most[i] = c.key, c.first, c.last, int64(c.limit)
	}
	err := s.each(ctx, s.pool, selectEvents, []any{keys, first, last, most}, func(row pgx.Row) error {
		var nth int64
		var e subscription.Event
		var c scannedChange
		err := row.Scan(append([]any{&nth, &e.Number, &e.Redacted}, c.dest()...)...)
		if err != nil {
			return err
		}
		if e.Change, err = c.change(); err != nil {
			return err
		}
		of := calls[nth-1]
		of.events = append(of.events, e)
		return nil
	})
	for _, c := range calls {
		slices.SortFunc(c.events, func(a, b subscription.Event) int { return cmp.Compare(a.Number, b.Number) })
	}
	return err
}
