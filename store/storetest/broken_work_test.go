package storetest_test

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

// everyClaim makes Claim pass its result through f.
func everyClaim(f func(c []subscription.Claim)) func(s *override) {
	return func(s *override) {
		s.claim = func(ctx context.Context, node string, now, until time.Time, limit int) ([]subscription.Claim, time.Time, error) {
			claims, next, err := s.Store.Claim(ctx, node, now, until, limit)
			f(claims)
			return claims, next, err
		}
	}
}

// everyFinish changes the outcomes before they are written.
func everyFinish(f func(s *override, o *subscription.Outcome)) func(s *override) {
	return func(s *override) {
		s.finish = func(ctx context.Context, o subscription.Outcome) error {
			f(s, &o)
			return s.Store.Finish(ctx, o)
		}
	}
}

// everyLease makes Acquire pass its result through f.
func everyLease(f func(l *lease)) func(s *override) {
	return func(s *override) {
		s.acquire = func(ctx context.Context, name, node string, now, until time.Time) (lease, error) {
			l, err := s.Store.Acquire(ctx, name, node, now, until)
			f(&l)
			return l, err
		}
	}
}

var brokenWork = []broken{
	{"gives a lease that is held", "AcquireHeldUntilItRunsOut", func(s *override) {
		s.acquire = func(ctx context.Context, name, node string, now, until time.Time) (lease, error) {
			return s.Store.Acquire(ctx, name, node, now.Add(time.Hour), until)
		}
	}},
	{"refuses a node's own lease", "AcquireOwnLeaseAgain", func(s *override) {
		held := map[string]time.Time{}
		s.acquire = func(ctx context.Context, name, node string, now, until time.Time) (lease, error) {
			if held[name].After(now) {
				return lease{}, subscription.ErrHeld
			}
			held[name] = until
			return s.Store.Acquire(ctx, name, node, now, until)
		}
	}},
	{"gives a token twice", "AcquireTokensRise", everyLease(func(l *lease) { l.Token = min(l.Token, 2) })},
	{"forgets the cursor", "AcquireKeepsTheCursor", everyLease(func(l *lease) { l.Cursor = 0 })},
	{"releases nothing", "ReleaseEndsLeases", func(s *override) {
		s.release = func(context.Context, string) error { return nil }
	}},
	{"releases claims only in part", "ReleaseEndsClaims", func(s *override) {
		s.release = func(context.Context, string) error { return nil }
	}},
	{"forgets the fence's token", "FenceByToken", func(s *override) {
		var newest lease
		s.acquire = func(ctx context.Context, name, node string, now, until time.Time) (l lease, err error) {
			l, err = s.Store.Acquire(ctx, name, node, now, until)
			newest = l
			return l, err
		}
		s.commitEvents = func(ctx context.Context, l lease, c subscription.Commit) error {
			l.Token = newest.Token
			return s.Store.CommitEvents(ctx, l, c)
		}
	}},
	{"forgets the fence's cursor", "FenceByCursor", func(s *override) {
		cursor := int64(0)
		s.commitEvents = func(ctx context.Context, l lease, c subscription.Commit) error {
			l.Cursor = cursor
			cursor = c.Cursor
			return s.Store.CommitEvents(ctx, l, c)
		}
	}},
	{"numbers a change twice", "CommitNumbersNothingTwice", func(s *override) {
		s.commitEvents = func(ctx context.Context, l lease, c subscription.Commit) error {
			err := s.Store.CommitEvents(ctx, l, c)
			if errors.Is(err, subscription.ErrFenced) {
				return err
			}
			return nil
		}
	}},
	{"commits in part", "CommitIsAllOrNothing", func(s *override) {
		s.commitEvents = func(ctx context.Context, l lease, c subscription.Commit) error {
			for _, e := range c.Events {
				part := subscription.Commit{Cursor: l.Cursor, At: c.At, Events: []subscription.NewEvent{e}}
				if err := s.Store.CommitEvents(ctx, l, part); err != nil {
					return err
				}
			}
			return s.Store.CommitEvents(ctx, l, subscription.Commit{Cursor: c.Cursor, Sequenced: c.Sequenced})
		}
	}},
	{"fails on events of the gone", "CommitLeavesOutTheGone", func(s *override) {
		s.commitEvents = func(ctx context.Context, l lease, c subscription.Commit) error {
			for _, e := range c.Events {
				if e.Key > 1000 {
					return errors.New("no such subscription")
				}
			}
			return s.Store.CommitEvents(ctx, l, c)
		}
	}},
	{"forgets the eager", "CommitMakesTheEagerDue", func(s *override) {
		s.put = func(ctx context.Context, r record, revision int64) (record, error) {
			r.Eager = false
			return s.Store.PutSubscription(ctx, r, revision)
		}
	}},
	{"reads events up to the last, without it", "ReadEventsIncludesBothBounds", func(s *override) {
		s.readEvents = func(ctx context.Context, key, first, last int64, limit int) ([]subscription.Event, error) {
			return s.Store.ReadEvents(ctx, key, first, last-1, limit)
		}
	}},
	{"redacts for everybody", "ReadEventsOfOneSubscription", func(s *override) {
		s.commitEvents = func(ctx context.Context, l lease, c subscription.Commit) error {
			c.Events = slices.Clone(c.Events)
			for i := range c.Events {
				c.Events[i].Redacted = true
			}
			return s.Store.CommitEvents(ctx, l, c)
		}
	}},
	{"prunes the undelivered", "PruneKeepsTheUndelivered", func(s *override) {
		var pruned time.Time
		s.prune = func(ctx context.Context, before, now time.Time, limit int) (int, error) {
			pruned = before
			return s.Store.Prune(ctx, before, now, limit)
		}
		s.readEvents = func(ctx context.Context, key, first, last int64, limit int) ([]subscription.Event, error) {
			events, err := s.Store.ReadEvents(ctx, key, first, last, limit)
			return slices.DeleteFunc(events, func(e subscription.Event) bool { return e.Change.At.Before(pruned) }), err
		}
	}},
	{"makes a batch of one larger", "ClaimKeepsABatchOfOne", everyClaim(func(c []subscription.Claim) {
		for i := range c {
			c[i].Frozen = c[i].Cursor + min(c[i].Count-c[i].Cursor, int64(c[i].MaxCount))
		}
	})},
	{"claims twice", "ClaimIsExclusiveUntilItRunsOut", func(s *override) {
		s.claim = func(ctx context.Context, node string, now, until time.Time, limit int) ([]subscription.Claim, time.Time, error) {
			claims, next, err := s.Store.Claim(ctx, node, now, until, limit)
			return claims, next, errors.Join(err, s.Store.Release(ctx, node))
		}
	}},
	{"claims twice at once", "ConcurrentClaimsAreExclusive", func(s *override) {
		s.claim = func(ctx context.Context, node string, now, until time.Time, limit int) ([]subscription.Claim, time.Time, error) {
			claims, next, err := s.Store.Claim(ctx, node, now, until, limit)
			if len(claims) == limit {
				claims = append(claims, claims[0])
			}
			return claims, next, err
		}
	}},
	{"claims what isn't due", "ClaimWhatIsDue", func(s *override) {
		s.claim = func(ctx context.Context, node string, now, until time.Time, limit int) ([]subscription.Claim, time.Time, error) {
			return s.Store.Claim(ctx, node, now.Add(time.Second), until, limit)
		}
	}},
	{"claims the newest first", "ClaimTheLongestDueFirst", everyClaim(func(c []subscription.Claim) { slices.Reverse(c) })},
	{"lets a frozen batch grow", "ClaimKeepsAFrozenBatch", everyClaim(func(c []subscription.Claim) {
		for i := range c {
			c[i].Frozen = min(c[i].Count, c[i].Cursor+int64(c[i].MaxCount))
		}
	})},
	{"ignores maxCount", "ClaimFreezesTheBatch", everyClaim(func(c []subscription.Claim) {
		for i := range c {
			c[i].Frozen = c[i].Count
		}
	})},
	{"freezes for the inactive", "ClaimFreezesOnlyTheActive", everyClaim(func(c []subscription.Claim) {
		for i := range c {
			c[i].Frozen = c[i].Count
		}
	})},
	{"never says when next", "ClaimTellsWhenNext", func(s *override) {
		s.claim = func(ctx context.Context, node string, now, until time.Time, limit int) ([]subscription.Claim, time.Time, error) {
			claims, _, err := s.Store.Claim(ctx, node, now, until, limit)
			return claims, time.Time{}, err
		}
	}},
	{"finishes a lost claim", "FinishLost", func(s *override) {
		s.finish = func(ctx context.Context, o subscription.Outcome) error {
			s.Store.Finish(ctx, o)
			return nil
		}
	}},
	{"ends a claim that ran out", "FinishAfterItRanOut", func(s *override) {
		until := map[int64]time.Time{}
		s.claim = func(ctx context.Context, node string, now, end time.Time, limit int) ([]subscription.Claim, time.Time, error) {
			claims, next, err := s.Store.Claim(ctx, node, now, end, limit)
			for _, c := range claims {
				until[c.Key] = end
			}
			return claims, next, err
		}
		s.finish = func(ctx context.Context, o subscription.Outcome) error {
			if !o.At.Before(until[o.Key]) {
				return subscription.ErrLost
			}
			return s.Store.Finish(ctx, o)
		}
	}},
	{"keeps the claim after the finish", "FinishEndsTheClaim", func(s *override) {
		finished := map[int64]int64{}
		s.finish = func(ctx context.Context, o subscription.Outcome) error {
			err := s.Store.Finish(ctx, o)
			if finished[o.Key] == o.Token {
				return nil
			}
			finished[o.Key] = o.Token
			return err
		}
	}},
	{"forgets when it was sent", "FinishWritesTheOutcome", everyFinish(func(_ *override, o *subscription.Outcome) {
		o.SentAt = time.Time{}
	})},
	{"lets the eager wait", "FinishLeavesTheEagerDue", everyFinish(func(_ *override, o *subscription.Outcome) {
		o.Eager = false
	})},
	{"forgets the change of a finished Spec", "FinishAppendsAChangedSpec", everyFinish(
		func(s *override, o *subscription.Outcome) {
			all, _ := s.Store.ListSubscriptions(context.Background(), subscription.ListQuery{AllTenants: true, Limit: 9})
			o.Spec = all[0].Spec
		})},
}
