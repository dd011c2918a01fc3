package sqlite

import (
	"context"
	"errors"
	"time"

	"github.com/carillon-fhir/carillon/internal/due"
	"github.com/carillon-fhir/carillon/subscription"
)

// Claim implements subscription.Store. It writes nothing, but for batches of which it
// does not follow how many events they have.
func (s *Store) Claim(ctx context.Context, node string, now, until time.Time, limit int) ([]subscription.Claim, time.Time, error) {
	if err := ctx.Err(); err != nil {
		return nil, time.Time{}, err
	}
	limit = max(limit, 0)
	if err := s.fill(ctx, limit); err != nil {
		return nil, time.Time{}, err
	}
	picked, next := s.work.claim(node, now, until, limit)
	if len(picked) == 0 {
		return nil, next, nil
	}
	// From here on they are claimed: what is read is what they were like then, or is not
	// given to anybody.
	read, err := s.readClaimed(ctx, picked)
	if err == nil {
		err = s.freeze(ctx, picked, read)
	}
	if err != nil {
		s.work.giveBack(picked)
		return nil, time.Time{}, err
	}
	claims := s.work.give(picked, read)
	s.prefetch(ctx, claims)
	return claims, next, nil
}

// readClaimed reads the subscriptions of claims, by key.
func (s *Store) readClaimed(ctx context.Context, picked []due.Claim) (map[int64]*subscription.Record, error) {
	keys := make([]int64, len(picked))
	for i := range picked {
		keys[i] = picked[i].Key
	}
	list, err := s.list(ctx, len(keys), selectByKeys, numbers(keys))
	if err != nil {
		return nil, err
	}
	read := make(map[int64]*subscription.Record, len(list))
	for i := range list {
		read[list[i].Key] = &list[i]
	}
	return read, nil
}

// freeze fixes the batches. That of a subscription which takes one event at a time need not
// be written: it follows from Cursor, until PutSubscription says otherwise.
func (s *Store) freeze(ctx context.Context, picked []due.Claim, read map[int64]*subscription.Record) error {
	var fixed []due.Claim
	for _, p := range picked {
		if r := read[p.Key]; r != nil {
			was := r.Frozen
			if r.Freeze(); r.Frozen != was && r.MaxCount > 1 {
				fixed = append(fixed, p)
			}
		}
	}
	if len(fixed) == 0 {
		return nil
	}
	return s.write(ctx, func(tx *transaction) error {
		for _, p := range fixed {
			if !s.work.current(p.Key, p.Token) {
				continue // it was written meanwhile, and is given to nobody
			}
			if err := tx.exec(freezeBatch, read[p.Key].Frozen, p.Key); err != nil {
				return err
			}
		}
		return nil
	})
}

// prefetched is the most events that are read ahead for one call of Claim.
const prefetched = 512

// prefetch reads the events of claims, if they are not remembered any more: whoever
// has claimed is about to read them, and one query costs far less than many. A
// failure is left to those reads.
func (s *Store) prefetch(ctx context.Context, claims []subscription.Claim) {
	var missing [][3]int64
	for i := range claims {
		if c := &claims[i]; !s.recent.has(c) {
			missing = append(missing, [3]int64{c.Key, c.Cursor, c.Frozen})
		}
	}
	if len(missing) < 2 {
		return
	}
	prunes, bytes := s.recent.pruned(), 0
	var keys []int64
	var events []subscription.Event
	err := s.rows(ctx, selectBatches, []any{numbers(missing), prefetched}, func(r row) error {
		var key int64
		e, err := scanEvent(r, &key)
		keys, events = append(keys, key), append(events, e)
		if bytes += size(&e.Change); err == nil && bytes > recentBytes/2 {
			return errEnough
		}
		return err
	})
	if err == nil {
		s.recent.claimed(keys, events, prunes)
	}
}

// Finish implements subscription.Store. Nearly always the subscription itself stays
// as it is: then one statement is all.
func (s *Store) Finish(ctx context.Context, o subscription.Outcome) error {
	return s.write(ctx, func(tx *transaction) error {
		was, ok := s.work.finish(o.Key, o.Token)
		if !ok {
			return subscription.ErrLost
		}
		tx.held = append(tx.held, o.Key)
		at, err := tx.finish(&o, was.count)
		if err != nil {
			return err
		}
		tx.then(func() { s.work.set(o.Key, was.tenant, at) })
		return tx.turn(&o, &was)
	})
}

// finish writes an outcome, and returns when its subscription is due. There is a statement
// for each case: that there are events for which it is due at once, and that there are
// none. Which it is shows when it is tried; first comes what is likely.
func (t *transaction) finish(o *subscription.Outcome, count int64) (time.Time, error) {
	args := []any{o.Key, o.Cursor, o.Frozen, o.Attempt, micros(o.FailingSince), micros(o.SentAt), nil, o.Eager, o.Announce}
	cases := []finishing{{finishWithout, o.Due}, {finishWith, o.At}}
	if count > o.Cursor {
		cases[0], cases[1] = cases[1], cases[0]
	}
	for _, c := range cases {
		if c.query == finishWith && !o.Eager {
			continue
		}
		args[6] = nullMicros(c.due)
		if n, err := t.affect(c.query, args...); n > 0 || err != nil {
			return c.due, err
		}
	}
	return time.Time{}, errors.New("sqlite: a claim has no subscription")
}

// finishing is a case of finish.
type finishing struct {
	query query
	due   time.Time
}

// turn writes what an outcome changes of the subscription itself.
func (t *transaction) turn(o *subscription.Outcome, was *claimed) error {
	revision, updatedAt := was.revision, was.updatedAt
	spoken := was.status != o.Status || was.error != o.Error
	if spoken {
		revision, updatedAt = revision+1, o.At
	}
	respecified := was.spec != string(o.Spec)
	if !spoken && !respecified {
		return nil
	}
	if err := t.exec(updateOutcome, revision, micros(updatedAt), string(o.Status), o.Error, o.Spec, o.Key); err != nil {
		return err
	}
	if !respecified {
		return nil
	}
	return t.control(o.Key, was.tenant, o.Spec)
}
