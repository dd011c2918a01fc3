package postgres

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/carillon-fhir/carillon/subscription"
)

var (
	errNumber = &ownError{"an event's number does not follow its subscription's Count"}
	errChange = &ownError{"an event's change is not in the log"}
)

// errSome means that not all subscriptions were counted.
var errSome = errors.New("some subscriptions are gone, or their numbers are wrong")

// CommitEvents implements subscription.Store. It takes the same few statements for one
// event as for many thousands, all of them in one message: while they run, nobody else
// can finish a delivery of these subscriptions.
func (s *Store) CommitEvents(ctx context.Context, l subscription.Lease, c subscription.Commit) error {
	runs, err := numberRuns(c.Events)
	if err != nil {
		return err
	}
	err = s.transact(ctx, func(tx pgx.Tx) error { return s.commit(ctx, tx, l, &c, runs) })
	if errors.Is(err, errSome) {
		err = s.transact(ctx, func(tx pgx.Tx) error {
			kept, err := s.leaveOutGone(ctx, tx, l, &c, runs)
			if err != nil {
				return err
			}
			return s.commit(ctx, tx, l, &c, kept)
		})
	}
	if errors.Is(err, errSome) {
		err = errNumber
	}
	return failed("committing events", err)
}

// commit checks the fence, writes the events and raises the counts. If it fails, tx must
// be rolled back. A subscription may be deleted until its row is locked, which the
// counting does: its events then go with tx.
func (s *Store) commit(ctx context.Context, tx pgx.Tx, l subscription.Lease, c *subscription.Commit, runs *runs) error {
	held, inserted, counted := int64(-1), int64(0), int64(0) // -1: not known
	number := func(into *int64) func(pgconn.CommandTag) error {
		return func(tag pgconn.CommandTag) error {
			*into = tag.RowsAffected()
			return nil
		}
	}
	var batch pgx.Batch
	batch.Queue(s.texts[byIndex])
	batch.Queue(s.texts[moveLease], l.Name, l.Token, l.Cursor, c.Cursor).Exec(number(&held))
	if len(c.Events) > 0 {
		batch.Queue(s.texts[insertEvents], eventRows(c.Events)...).Exec(number(&inserted))
	}
	if len(c.Sequenced) > 0 {
		keys, specs := newestSpecs(c.Sequenced)
		batch.Queue(s.texts[lockDeliveries], slices.Concat(runs.keys, keys))
		batch.Queue(s.texts[putInForce], keys, specs)
	}
	if len(runs.keys) > 0 {
		batch.Queue(s.texts[countEvents], runs.keys, runs.first, runs.last, micros(c.At)).Exec(number(&counted))
	}
	err := tx.SendBatch(ctx, &batch).Close()
	switch {
	case held == 0 && (err == nil || undone(err)): // which is why, whatever has failed after it
		return subscription.ErrFenced
	case err != nil:
		return err
	case counted != int64(len(runs.keys)):
		return errSome
	case inserted != int64(len(c.Events)):
		return errChange
	}
	return nil
}

// leaveOutGone removes the events of subscriptions that are gone from c, and locks the
// others. If none are gone, the numbers are wrong.
func (s *Store) leaveOutGone(ctx context.Context, tx pgx.Tx, l subscription.Lease, c *subscription.Commit, runs *runs) (*runs, error) {
	if tag, err := tx.Exec(ctx, s.texts[lockLease], l.Name, l.Token, l.Cursor); err != nil {
		return nil, err
	} else if tag.RowsAffected() != 1 {
		return nil, subscription.ErrFenced
	}
	exists := make(map[int64]bool, len(runs.keys))
	err := s.each(ctx, tx, lockDeliveries, []any{runs.keys}, func(row pgx.Row) error {
		var key int64
		err := row.Scan(&key)
		exists[key] = true
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(exists) == len(runs.keys) {
		return nil, errNumber
	}
	kept := make([]subscription.NewEvent, 0, len(c.Events))
	for _, e := range c.Events {
		if exists[e.Key] {
			kept = append(kept, e)
		}
	}
	c.Events = kept
	return numberRuns(kept)
}

// runs are the numbers that a commit gives to each subscription, in the order of keys.
type runs struct{ keys, first, last []int64 }

func numberRuns(events []subscription.NewEvent) (*runs, error) {
	if ascend(events) { // one change for all of them
		r := &runs{keys: make([]int64, len(events)), first: make([]int64, len(events))}
		for i, e := range events {
			r.keys[i], r.first[i] = e.Key, e.Number
		}
		r.last = r.first
		return r, nil
	}
	type run struct{ first, last int64 }
	byKey := make(map[int64]run, len(events))
	for _, e := range events {
		r, found := byKey[e.Key]
		if found && e.Number <= r.last {
			return nil, errNumber
		}
		if !found {
			r.first = e.Number
		}
		r.last = e.Number
		byKey[e.Key] = r
	}
	n := len(byKey)
	r := &runs{keys: slices.Sorted(maps.Keys(byKey)), first: make([]int64, n), last: make([]int64, n)}
	for i, key := range r.keys {
		r.first[i], r.last[i] = byKey[key].first, byKey[key].last
	}
	return r, nil
}

// ascend reports whether each event is of another subscription, in the order of keys.
func ascend(events []subscription.NewEvent) bool {
	for i := range events[:max(len(events)-1, 0)] {
		if events[i].Key >= events[i+1].Key {
			return false
		}
	}
	return true
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
