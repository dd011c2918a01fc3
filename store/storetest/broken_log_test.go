package storetest_test

import (
	"context"
	"encoding/json"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

// broken is a way to break a store and the clause that must notice.
type broken struct {
	name   string
	clause string
	apply  func(s *override)
}

// everyChange makes ReadChanges pass its result through f.
func everyChange(f func(c *change)) func(s *override) {
	return func(s *override) {
		read := s.readChanges
		s.readChanges = func(ctx context.Context, after int64, limit int) ([]change, error) {
			all, err := read(ctx, after, limit)
			for i := range all {
				f(&all[i])
			}
			return all, err
		}
	}
}

// withoutChanges makes ReadChanges leave some out.
func withoutChanges(hide func(c change) bool) func(s *override) {
	return func(s *override) {
		read := s.readChanges
		s.readChanges = func(ctx context.Context, after int64, limit int) ([]change, error) {
			all, err := read(ctx, after, limit)
			return slices.DeleteFunc(all, hide), err
		}
	}
}

var brokenLogs = []broken{
	{"appends in the wrong order", "AppendKeepsTheOrder", func(s *override) {
		s.append = func(ctx context.Context, changes []change) error {
			changes = slices.Clone(changes)
			slices.Reverse(changes)
			return s.Store.Append(ctx, changes)
		}
	}},
	{"appends piece by piece", "ConcurrentAppendsAreSeenWhole", func(s *override) {
		s.append = func(ctx context.Context, changes []change) error {
			for i := range changes {
				runtime.Gosched()
				if err := s.Store.Append(ctx, changes[i:i+1]); err != nil {
					return err
				}
			}
			return nil
		}
	}},
	{"forgets a previous state", "AppendKeepsEveryField", everyChange(func(c *change) { c.Previous = nil })},
	{"reads numbers as floats", "AppendKeepsEveryField", everyChange(func(c *change) {
		var v any
		if json.Unmarshal(c.Resource, &v) == nil {
			c.Resource, _ = json.Marshal(v)
		}
	})},
	{"returns local times", "TimesAreMicrosecondsInUTC", everyChange(func(c *change) {
		c.At = c.At.In(time.FixedZone("local", 3600))
	})},
	{"drops microseconds", "TimesAreMicrosecondsInUTC", everyChange(func(c *change) {
		c.At = c.At.Truncate(time.Millisecond)
	})},
	{"reads from the position on", "ReadChangesAfterAndLimit", func(s *override) {
		s.readChanges = func(ctx context.Context, after int64, limit int) ([]change, error) {
			return s.Store.ReadChanges(ctx, after-1, limit)
		}
	}},
	{"reads more than the limit", "ReadChangesAfterAndLimit", func(s *override) {
		s.readChanges = func(ctx context.Context, after int64, limit int) ([]change, error) {
			return s.Store.ReadChanges(ctx, after, limit+1)
		}
	}},
	{"keeps what it was given", "AppendKeepsNoSlice", func(s *override) {
		var kept []change
		s.append = func(ctx context.Context, changes []change) error {
			kept = append(kept, changes...)
			return s.Store.Append(ctx, changes)
		}
		s.readChanges = func(ctx context.Context, after int64, limit int) ([]change, error) {
			all, err := s.Store.ReadChanges(ctx, after, limit)
			for i := range all {
				all[i].Resource = slices.Clone(kept[i].Resource)
			}
			return all, err
		}
	}},
	{"gives the same list twice", "ReadsGiveListsAway", func(s *override) {
		var cached []change
		s.readChanges = func(ctx context.Context, after int64, limit int) (_ []change, err error) {
			if cached == nil {
				cached, err = s.Store.ReadChanges(ctx, after, limit)
			}
			return cached, err
		}
	}},
	{"uses a position again", "PruneLeavesNumbersAndPositions", func(s *override) {
		offset := int64(0)
		s.prune = func(ctx context.Context, before, now time.Time, limit int) (int, error) {
			all, _ := s.Store.ReadChanges(ctx, 0, 1000)
			n, err := s.Store.Prune(ctx, before, now, limit)
			if len(all) > 0 {
				offset = all[len(all)-1].Position
			}
			return n, err
		}
		everyChange(func(c *change) { c.Position -= offset })(s)
	}},
	{"orders by the time of the append, not of the commit", "TxThatCommitsLateIsNotSkipped", appendOrder},
	{"shows what isn't committed", "TxIsSeenWhenTheHostCommits", func(s *override) {
		s.begin = func() (subscription.Tx, func() error, func() error) {
			return s.Store, func() error { return nil }, func() error { return nil }
		}
	}},
	{"commits a rollback", "TxLeavesNothingAfterRollback", func(s *override) {
		s.begin = func() (subscription.Tx, func() error, func() error) {
			tx := s.Store.Begin()
			return tx, tx.Commit, tx.Commit
		}
	}},
	{"forgets the change of a deletion", "DeleteAppendsAChange", withoutChanges(func(c change) bool {
		return c.Subscription != 0 && len(c.Spec) == 0
	})},
	{"forgets the change of a Spec", "PutAppendsAChangedSpec", withoutChanges(func(c change) bool {
		return c.Subscription != 0
	})},
	{"prunes what a lease has not passed", "PruneKeepsChangesAheadOfALease", func(s *override) {
		var pruned time.Time
		s.prune = func(ctx context.Context, before, now time.Time, limit int) (int, error) {
			pruned = before
			return s.Store.Prune(ctx, before, now, limit)
		}
		withoutChanges(func(c change) bool { return c.At.Before(pruned) })(s)
	}},
	{"prunes more than the limit", "PruneObeysTheLimit", func(s *override) {
		s.prune = func(ctx context.Context, before, now time.Time, limit int) (int, error) {
			return s.Store.Prune(ctx, before, now, limit*2)
		}
	}},
}

// appendOrder gives positions when changes are appended, though they are seen only
// from the commit on: what a sequence in a database does.
func appendOrder(s *override) {
	var mu sync.Mutex
	var position int64
	var visible []change
	number := func(changes []change) []change {
		mu.Lock()
		defer mu.Unlock()
		changes = slices.Clone(changes)
		for i := range changes {
			position++
			changes[i].Position = position
		}
		return changes
	}
	show := func(changes []change) error {
		mu.Lock()
		defer mu.Unlock()
		visible = append(visible, changes...)
		slices.SortFunc(visible, func(a, b change) int { return int(a.Position - b.Position) })
		return nil
	}
	s.append = func(_ context.Context, changes []change) error { return show(number(changes)) }
	s.begin = func() (subscription.Tx, func() error, func() error) {
		var pending []change
		tx := newOverride()
		tx.append = func(_ context.Context, changes []change) error {
			pending = append(pending, number(changes)...)
			return nil
		}
		return tx, func() error { return show(pending) }, func() error { return nil }
	}
	s.readChanges = func(_ context.Context, after int64, limit int) ([]change, error) {
		mu.Lock()
		defer mu.Unlock()
		var read []change
		for _, c := range visible {
			if c.Position > after && len(read) < limit {
				read = append(read, c)
			}
		}
		return read, nil
	}
}
