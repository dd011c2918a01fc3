package storetest_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

var brokenReads = []broken{
	{"keeps the Position of its caller", "AppendIgnoresPosition", func(s *override) {
		given := map[string]int64{}
		s.append = func(ctx context.Context, changes []change) error {
			for _, c := range changes {
				given[c.ResourceID] = c.Position
			}
			return s.Store.Append(ctx, changes)
		}
		everyChange(func(c *change) { c.Position = max(c.Position, given[c.ResourceID]) })(s)
	}},
	{"appends something for nothing", "AppendOfNothing", func(s *override) {
		s.append = func(ctx context.Context, changes []change) error {
			return s.Store.Append(ctx, append(changes, change{}))
		}
	}},
	{"reads as much as there is", "ReadsAreBounded", func(s *override) {
		s.readChanges = func(ctx context.Context, after int64, limit int) (all []change, err error) {
			for len(all) < limit {
				page, err := s.Store.ReadChanges(ctx, after, limit-len(all))
				if err != nil || len(page) == 0 {
					return all, err
				}
				all = append(all, page...)
				after = page[len(page)-1].Position
			}
			return all, nil
		}
	}},
	{"shows writes of subscriptions first", "WritesOfSubscriptionsKeepTheirPlace", func(s *override) {
		s.readChanges = func(ctx context.Context, after int64, limit int) ([]change, error) {
			all, err := s.Store.ReadChanges(ctx, after, limit)
			slices.SortStableFunc(all, func(a, b change) int {
				switch {
				case a.Subscription != 0 && b.Subscription == 0:
					return -1
				case a.Subscription == 0 && b.Subscription != 0:
					return 1
				}
				return 0
			})
			return all, err
		}
	}},
	{"skips what commits late", "TxConcurrent", appendOrder},
	{"shows one reader nothing while another reads", "ConcurrentReadersSeeWhatIsThere", func(s *override) {
		var reading atomic.Int32
		s.readChanges = func(ctx context.Context, after int64, limit int) ([]change, error) {
			defer reading.Add(-1)
			if reading.Add(1) > 1 {
				return nil, nil
			}
			runtime.Gosched()
			return s.Store.ReadChanges(ctx, after, limit)
		}
	}},
	{"loses some of what is written at once", "ConcurrentAppendsAreAllRead", func(s *override) {
		var mu sync.Mutex
		n := 0
		s.append = func(ctx context.Context, changes []change) error {
			mu.Lock()
			n++
			lose := n%50 == 0
			mu.Unlock()
			if lose {
				return nil
			}
			return s.Store.Append(ctx, changes)
		}
	}},
	{"writes the half when its caller goes", "EndedContextWritesAllOrNothing", func(s *override) {
		s.append = func(ctx context.Context, changes []change) error {
			if ctx.Err() != nil {
				return s.Store.Append(context.WithoutCancel(ctx), changes[:1])
			}
			return s.Store.Append(ctx, changes)
		}
	}},
	{"mixes the events of two subscriptions", "TenantsShareNoEvents", func(s *override) {
		s.readEvents = func(ctx context.Context, _, first, last int64, limit int) ([]subscription.Event, error) {
			return s.Store.ReadEvents(ctx, 1, first, last, limit)
		}
	}},
	{"counts changes in place of events", "CommitWritesEvents", func(s *override) {
		s.readEvents = func(ctx context.Context, key, first, last int64, limit int) ([]subscription.Event, error) {
			events, err := s.Store.ReadEvents(ctx, key, first, last, limit)
			for i := range events {
				events[i].Number = events[i].Change.Position
			}
			return events, err
		}
	}},
	{"keeps its cursor if nothing has happened", "CommitOfNothingMovesTheCursor", func(s *override) {
		s.commitEvents = func(ctx context.Context, l lease, c subscription.Commit) error {
			if len(c.Events)+len(c.Sequenced) == 0 {
				return nil
			}
			return s.Store.CommitEvents(ctx, l, c)
		}
	}},
	{"freezes what is claimed already", "CommitLeavesTheClaimAlone", everyGet(func(r *record) { r.Freeze() })},
	{"prunes the recent", "PruneKeepsTheRecent", func(s *override) {
		s.prune = func(ctx context.Context, before, now time.Time, limit int) (int, error) {
			return s.Store.Prune(ctx, before.Add(time.Hour), now, limit)
		}
	}},
	{"prunes what events need", "PruneKeepsChangesThatEventsNeed", func(s *override) {
		pruned := false
		s.prune = func(ctx context.Context, before, now time.Time, limit int) (int, error) {
			pruned = true
			return s.Store.Prune(ctx, before, now, limit)
		}
		s.readEvents = func(ctx context.Context, key, first, last int64, limit int) ([]subscription.Event, error) {
			events, err := s.Store.ReadEvents(ctx, key, first, last, limit)
			for i := range events {
				if pruned {
					events[i].Change = change{}
				}
			}
			return events, err
		}
	}},
	{"prunes what nobody has sequenced", "PruneKeepsChangesWithoutALease", func(s *override) {
		s.prune = func(ctx context.Context, before, now time.Time, limit int) (int, error) {
			all, err := s.Store.ReadChanges(ctx, 0, limit)
			return len(all), err
		}
	}},
	{"prunes what is being delivered", "PruneWhileOthersWork", func(s *override) {
		s.readEvents = func(ctx context.Context, key, first, last int64, limit int) ([]subscription.Event, error) {
			events, err := s.Store.ReadEvents(ctx, key, first, last, limit)
			if len(events) > 0 && events[0].Number > 20 {
				events = events[1:]
			}
			return events, err
		}
	}},
	{"gives one tenant what is the other's", "TenantsWithTheSameIDs", func(s *override) {
		s.readEvents = func(ctx context.Context, key, first, last int64, limit int) ([]subscription.Event, error) {
			events, err := s.Store.ReadEvents(ctx, key, first, last, limit)
			for i := range events {
				events[i].Change.Tenant = "north"
			}
			return events, err
		}
	}},
}

var brokenCrashes = []broken{
	{"forgets the last change", "CrashKeepsChanges", crashing(func(s *override) {
		withoutChanges(func(c change) bool { return c.ResourceID == "b" })(s)
	})},
	{"forgets how often it has failed", "CrashKeepsSubscriptions", crashing(func(s *override) {
		s.list = func(ctx context.Context, q subscription.ListQuery) ([]record, error) {
			list, err := s.Store.ListSubscriptions(ctx, q)
			for i := range list {
				list[i].Attempt = 0
			}
			return list, err
		}
	})},
	{"forgets an event", "CrashKeepsEvents", crashing(func(s *override) {
		s.readEvents = func(ctx context.Context, key, first, last int64, limit int) ([]subscription.Event, error) {
			return s.Store.ReadEvents(ctx, key, first+1, last, limit)
		}
	})},
	{"forgets its leases", "CrashKeepsLeases", crashing(func(s *override) {
		_ = s.Store.Release(context.Background(), "sequencing node")
	})},
	{"forgets its claims", "CrashKeepsClaims", crashing(func(s *override) {
		_ = s.Store.Release(context.Background(), "a")
	})},
	{"keeps its claims", "CrashForgetsClaims", func(*override) {}},
	{"lets those finish whose claims it has forgotten", "CrashForgetsClaims", func(s *override) {
		forgetful(s)
		s.finish = func(ctx context.Context, o subscription.Outcome) error {
			if err := s.Store.Finish(ctx, o); !errors.Is(err, subscription.ErrLost) {
				return err
			}
			return nil
		}
	}},
	{"forgets which events were sent", "CrashKeepsBatches", crashing(everyClaim(func(c []subscription.Claim) {
		for i := range c {
			c[i].Frozen = c[i].Cursor + min(c[i].Count-c[i].Cursor, int64(c[i].MaxCount))
		}
	}))},
	{"gives positions anew", "CrashUsesNoNumberAgain", crashing(everyChange(func(c *change) { c.Position = 1 }))},
	{"commits what was open", "CrashEndsHostTransactions", func(s *override) {
		var open func() error
		s.begin = func() (subscription.Tx, func() error, func() error) {
			tx := s.Store.Begin()
			open = tx.Commit
			return tx, tx.Commit, tx.Rollback
		}
		s.crash = func() {
			if open != nil && open() != nil {
				panic(errors.New("the transaction has ended"))
			}
		}
	}},
}

// forgetful ends all claims of the node "a" when its process is killed.
var forgetful = crashing(func(s *override) { _ = s.Store.Release(context.Background(), "a") })

// crashing breaks a store when its process is killed.
func crashing(apply func(s *override)) func(s *override) {
	return func(s *override) { s.crash = func() { apply(s) } }
}
