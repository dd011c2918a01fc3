package postgres

import (
	"cmp"
	"context"
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

// CommitEvents implements subscription.Store. It takes the same few statements for one
// event as for many thousands.
func (s *Store) CommitEvents(ctx context.Context, l subscription.Lease, c subscription.Commit) error {
	runs, err := numberRuns(c.Events)
	if err != nil {
		return err
	}
	return failed("committing events", s.transact(ctx, func(tx pgx.Tx) error {
		counted, err := s.count(ctx, tx, l, &c, runs)
		if err != nil {
			return err
		}
		if counted != int64(len(runs.keys)) {
			if err := s.leaveOutGone(ctx, tx, &c, runs, counted); err != nil {
				return err
			}
		}
		var inserted int64
		var batch pgx.Batch
		if len(c.Events) > 0 {
			batch.Queue(s.texts[insertEvents], eventRows(c.Events)...).Exec(func(tag pgconn.CommandTag) error {
				inserted = tag.RowsAffected()
				return nil
			})
		}
		if len(c.Sequenced) > 0 {
			keys, specs := newestSpecs(c.Sequenced)
			batch.Queue(s.texts[putInForce], keys, specs)
		}
		batch.Queue(s.texts[moveLease], l.Name, c.Cursor)
		if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
			return err
		}
		if inserted != int64(len(c.Events)) {
			return errChange
		}
		return nil
	}))
}

// count checks the fence, locks the subscriptions and raises their counts. It returns
// for how many.
func (s *Store) count(ctx context.Context, tx pgx.Tx, l subscription.Lease, c *subscription.Commit, runs *runs) (counted int64, err error) {
	held := false
	var batch pgx.Batch
	batch.Queue(s.texts[lockLease], l.Name, l.Token, l.Cursor).Exec(func(tag pgconn.CommandTag) error {
		held = tag.RowsAffected() == 1
		return nil
	})
	if len(c.Sequenced) > 0 {
		keys := slices.Clone(runs.keys)
		for _, spec := range c.Sequenced {
			keys = append(keys, spec.Key)
		}
		batch.Queue(s.texts[lockDeliveries], keys)
	}
	if len(runs.keys) > 0 {
		batch.Queue(s.texts[joinInOrder])
		batch.Queue(s.texts[countEvents], runs.keys, runs.first, runs.last, micros(c.At)).Exec(func(tag pgconn.CommandTag) error {
			counted = tag.RowsAffected()
			return nil
		})
	}
	err = tx.SendBatch(ctx, &batch).Close()
	if err == nil && !held {
		err = subscription.ErrFenced
	}
	return counted, err
}

// leaveOutGone removes the events of subscriptions that are gone from c. If that does
// not explain why only some were counted, the others' numbers are wrong.
func (s *Store) leaveOutGone(ctx context.Context, tx pgx.Tx, c *subscription.Commit, runs *runs, counted int64) error {
	exists := make(map[int64]bool, len(runs.keys))
	err := s.each(ctx, tx, selectExisting, []any{runs.keys}, func(row pgx.Row) error {
		var key int64
		err := row.Scan(&key)
		exists[key] = true
		return err
	})
	if err != nil {
		return err
	}
	if int64(len(exists)) != counted {
		return errNumber
	}
	kept := make([]subscription.NewEvent, 0, len(c.Events))
	for _, e := range c.Events {
		if exists[e.Key] {
			kept = append(kept, e)
		}
	}
	c.Events = kept
	return nil
}

// runs are the numbers that a commit gives to each subscription, in the order of keys.
type runs struct{ keys, first, last []int64 }

func numberRuns(events []subscription.NewEvent) (*runs, error) {
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
