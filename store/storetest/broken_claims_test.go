package storetest_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

var brokenRecords = []broken{
	{"keeps what a replacement leaves out", "PutReplaces", func(s *override) {
		s.put = func(ctx context.Context, r record, revision int64) (record, error) {
			if old, err := s.Store.GetSubscription(ctx, r.Tenant, r.ID); err == nil && r.Error == "" {
				r.Error = old.Error
			}
			return s.Store.PutSubscription(ctx, r, revision)
		}
	}},
	{"keeps the earlier due time", "PutSetsWhenItIsDue", func(s *override) {
		s.put = func(ctx context.Context, r record, revision int64) (record, error) {
			if old, err := s.Store.GetSubscription(ctx, r.Tenant, r.ID); err == nil && (r.Due.IsZero() || old.Due.Before(r.Due)) {
				r.Due = old.Due
			}
			return s.Store.PutSubscription(ctx, r, revision)
		}
	}},
	{"finishes what was deleted and made anew", "DeleteEndsTheClaim", func(s *override) {
		s.finish = func(ctx context.Context, o subscription.Outcome) error {
			all, _ := s.Store.ListSubscriptions(ctx, subscription.ListQuery{AllTenants: true, Limit: 1})
			if len(all) == 1 && all[0].Key != o.Key {
				return nil
			}
			return s.Store.Finish(ctx, o)
		}
	}},
	{"lets two writes at once win", "ConcurrentPutsHaveOneWinner", func(s *override) {
		s.put = func(ctx context.Context, r record, revision int64) (record, error) {
			put, err := s.Store.PutSubscription(ctx, r, revision)
			if errors.Is(err, subscription.ErrConflict) && revision > 0 {
				return s.Store.GetSubscription(ctx, r.Tenant, r.ID)
			}
			return put, err
		}
	}},
	{"keeps the Spec of an outcome", "FinishKeepsNoSlice", func(s *override) {
		kept := map[int64][]byte{}
		s.finish = func(ctx context.Context, o subscription.Outcome) error {
			kept[o.Key] = o.Spec
			return s.Store.Finish(ctx, o)
		}
		s.get = func(ctx context.Context, tenant, id string) (record, error) {
			r, err := s.Store.GetSubscription(ctx, tenant, id)
			r.Spec = slices.Clone(kept[r.Key])
			return r, err
		}
	}},
	{"does not hasten", "HastenMakesDue", func(s *override) {
		s.hasten = func(context.Context, []int64, time.Time) error { return nil }
	}},
	{"delays who was due sooner", "HastenDelaysNobody", func(s *override) {
		s.hasten = func(ctx context.Context, keys []int64, at time.Time) error {
			all, err := s.Store.ListSubscriptions(ctx, subscription.ListQuery{AllTenants: true, Limit: 9})
			for _, r := range all {
				if slices.Contains(keys, r.Key) && !r.Due.IsZero() {
					r.Due = at
					_, err = s.Store.PutSubscription(ctx, r, r.Revision)
				}
			}
			return err
		}
	}},
	{"ends the claim of who is hastened", "HastenLeavesClaimsAlone", func(s *override) {
		s.hasten = func(ctx context.Context, keys []int64, at time.Time) error {
			return errors.Join(s.Store.Hasten(ctx, keys, at), s.Store.Release(ctx, "a"))
		}
	}},
}

// claiming makes Claim claim all that is due and pass it through pick.
func claiming(pick func(due []subscription.Claim, limit int) []subscription.Claim) func(s *override) {
	return func(s *override) {
		given := map[int64]bool{}
		s.claim = func(ctx context.Context, node string, now, until time.Time, limit int) ([]subscription.Claim, time.Time, error) {
			due, next, err := s.Store.Claim(ctx, node, now, until, 1000)
			due = slices.DeleteFunc(due, func(c subscription.Claim) bool { return given[c.Key] })
			due = pick(due, limit)
			for _, c := range due {
				given[c.Key] = true
			}
			return due, next, errors.Join(err, s.Store.Release(ctx, node))
		}
	}
}

var brokenClaims = []broken{
	{"gives the longest due, whoever's it is", "ClaimLetsTenantsTakeTurns", claiming(func(due []subscription.Claim, limit int) []subscription.Claim {
		return due[:min(limit, len(due))]
	})},
	{"forgets a field", "ClaimReturnsTheRecord", everyClaim(func(c []subscription.Claim) {
		for i := range c {
			c[i].MaxCount = 1
		}
	})},
	{"gives the same token again", "ClaimTokensRise", everyClaim(func(c []subscription.Claim) {
		for i := range c {
			c[i].Token = min(c[i].Token, 2)
		}
	})},
	{"gives a lease to another node than asked", "AcquireGivesALease", everyLease(func(l *lease) { l.Node = "" })},
	{"has one lease only", "AcquireNamesAreApart", func(s *override) {
		s.acquire = func(ctx context.Context, name, node string, now, until time.Time) (lease, error) {
			l, err := s.Store.Acquire(ctx, "the lease", node, now, until)
			l.Name = name
			return l, err
		}
		s.commitEvents = func(ctx context.Context, l lease, c subscription.Commit) error {
			l.Name = "the lease"
			return s.Store.CommitEvents(ctx, l, c)
		}
	}},
	{"lets who has released commit", "ReleaseFencesTheLease", func(s *override) {
		s.commitEvents = func(ctx context.Context, l lease, c subscription.Commit) error {
			now := time.Unix(0, 0)
			fresh, err := s.Store.Acquire(ctx, l.Name, l.Node, now, now)
			if err != nil {
				return subscription.ErrFenced
			}
			fresh.Cursor = l.Cursor
			return s.Store.CommitEvents(ctx, fresh, c)
		}
	}},
	{"lets every token of the node's own commit", "FenceByOwnOlderToken", func(s *override) {
		newest := map[string]lease{}
		s.acquire = func(ctx context.Context, name, node string, now, until time.Time) (lease, error) {
			l, err := s.Store.Acquire(ctx, name, node, now, until)
			newest[name] = l
			return l, err
		}
		s.commitEvents = func(ctx context.Context, l lease, c subscription.Commit) error {
			if newest[l.Name].Node == l.Node {
				l.Token = newest[l.Name].Token
			}
			return s.Store.CommitEvents(ctx, l, c)
		}
	}},
	{"lets those without a lease commit", "FenceWithoutALease", func(s *override) {
		s.commitEvents = func(ctx context.Context, l lease, c subscription.Commit) error {
			if err := s.Store.CommitEvents(ctx, l, c); l.Node != "" {
				return err
			}
			return nil
		}
	}},
	{"gives a lease to all who ask at once", "ConcurrentAcquiresHaveOneWinner", func(s *override) {
		s.acquire = func(ctx context.Context, name, node string, now, until time.Time) (lease, error) {
			l, err := s.Store.Acquire(ctx, name, node, now, until)
			if errors.Is(err, subscription.ErrHeld) {
				err = nil
			}
			return l, err
		}
	}},
	{"says yes to all who commit at once", "ConcurrentCommitsHaveOneWinner", func(s *override) {
		s.commitEvents = func(ctx context.Context, l lease, c subscription.Commit) error {
			_ = s.Store.CommitEvents(ctx, l, c)
			return nil
		}
	}},
	{"says yes to all who finish at once", "ConcurrentFinishesHaveOneWinner", func(s *override) {
		var mu sync.Mutex
		finished := map[int64]bool{}
		s.finish = func(ctx context.Context, o subscription.Outcome) error {
			mu.Lock()
			defer mu.Unlock()
			err := s.Store.Finish(ctx, o)
			if finished[o.Token] {
				return nil
			}
			finished[o.Token] = err == nil
			return err
		}
	}},
}
