package storetest_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

// otherHandle breaks what other processes have.
func otherHandle(apply func(s *override)) func(s *override) {
	return func(s *override) {
		s.another = func() *override {
			other := newHandle(s.Store, s.hub)
			apply(other)
			return other
		}
	}
}

// elsewhere lets other processes do something in a store of their own.
func elsewhere(apply func(s *override, own *memory.Store)) func(s *override) {
	return otherHandle(func(s *override) { apply(s, memory.New()) })
}

var brokenShared = []broken{
	{"reads from a cache", "HandlesReadTheSame", elsewhere(func(s *override, own *memory.Store) { s.get = own.GetSubscription })},
	{"orders changes for each process", "HandlesReadChangesInOneOrder", otherHandle(func(s *override) {
		s.readChanges = func(ctx context.Context, after int64, limit int) ([]change, error) {
			all, err := s.Store.ReadChanges(ctx, after, limit)
			for i := 0; i+1 < len(all); i += 2 {
				all[i], all[i+1] = all[i+1], all[i]
				all[i].Position, all[i+1].Position = all[i+1].Position, all[i].Position
			}
			return all, err
		}
	})},
	{"keeps leases in the process", "HandlesShareLeases", elsewhere(func(s *override, own *memory.Store) { s.acquire = own.Acquire })},
	{"keeps the fence in the process", "HandlesShareTheFence", otherHandle(func(s *override) {
		tokens := int64(0)
		s.commitEvents = func(ctx context.Context, l lease, c subscription.Commit) error {
			if l.Token < tokens {
				return subscription.ErrFenced
			}
			tokens = l.Token
			now := time.Unix(1e12, 0)
			l, err := s.Store.Acquire(ctx, l.Name, "any", now, now)
			if err != nil {
				return err
			}
			return s.Store.CommitEvents(ctx, l, c)
		}
	})},
	{"keeps claims in the process", "HandlesShareClaims", otherHandle(func(s *override) {
		s.claim = func(ctx context.Context, node string, now, until time.Time, limit int) ([]subscription.Claim, time.Time, error) {
			return s.Store.Claim(ctx, node, now.Add(time.Hour), until, limit)
		}
	})},
	{"gives out what another process has", "HandlesClaimExclusively", otherHandle(func(s *override) {
		everyClaim(func([]subscription.Claim) {})(s)
		claim := s.claim
		s.claim = func(ctx context.Context, node string, now, until time.Time, limit int) ([]subscription.Claim, time.Time, error) {
			claims, next, err := claim(ctx, node, now, until, limit)
			if len(claims) > 0 {
				claims = append(claims, claims[0])
			}
			return claims, next, err
		}
	})},
	{"compares revisions in the process", "HandlesCompareRevisions", elsewhere(func(s *override, own *memory.Store) { s.put = own.PutSubscription })},
	{"tells the time of the machine", "TimeIsTheSameForAll", otherHandle(func(s *override) {
		s.now = func(context.Context) (time.Time, error) { return time.Now().Add(-5 * time.Minute), nil }
	})},
	{"tells nobody", "WakeReachesTheOtherNode", otherHandle(func(s *override) {
		s.wake = func(context.Context, string, subscription.Work) error { return nil }
	})},
	{"tells itself", "WakeDoesNotReachItsOwnNode", func(s *override) {
		s.wake = func(ctx context.Context, _ string, w subscription.Work) error { return s.hub.wake(ctx, "", w) }
	}},
	{"tells one node only", "WakeReachesEachNode", func(s *override) {
		s.wake = func(_ context.Context, node string, w subscription.Work) error {
			s.hub.tell(hint{node, w}, func(listener string) bool { return listener == "a" })
			return nil
		}
	}},
	{"takes the end of listening for a failure", "ListenEndsWithItsContext", func(s *override) {
		s.listen = func(ctx context.Context, node string, f func(subscription.Work)) error {
			return errors.Join(s.hub.listen(ctx, node, f), ctx.Err())
		}
	}},
	{"takes a lost connection for the end", "ListenTellsOfALostConnection", func(s *override) {
		s.listen = func(ctx context.Context, node string, f func(subscription.Work)) error {
			_ = s.hub.listen(ctx, node, f)
			return nil
		}
	}},
	{"has no shards", "ShardsAreAtLeastOne", func(s *override) {
		s.shards = func(context.Context) (int, error) { return 0, nil }
	}},
	{"gives leases of any name", "ShardsHaveLeasesOfTheirOwn", func(s *override) { s.acquire = s.Store.Acquire }},
	{"lets old shards commit", "ReshardEndsTheOldLeases", func(s *override) {
		s.reshard = func(n int) {
			s.hub.mu.Lock()
			defer s.hub.mu.Unlock()
			s.hub.n = n
		}
		s.commitEvents = s.Store.CommitEvents
	}},
	{"begins new shards at the end", "ReshardKeepsWhatIsSequenced", func(s *override) {
		s.acquire = func(ctx context.Context, name, node string, now, until time.Time) (lease, error) {
			l, err := s.hub.acquire(ctx, name, node, now, until)
			l.Cursor = max(l.Cursor, 9)
			return l, err
		}
	}},
	{"forgets what was behind a subscription", "ReshardKeepsWhatIsSequenced", func(s *override) { s.list = s.Store.ListSubscriptions }},
	{"forgets it for the sequencer", "ReshardKeepsWhatIsSequenced", func(s *override) {
		s.list = func(ctx context.Context, q subscription.ListQuery) ([]record, error) {
			if q.Sequenced {
				return s.Store.ListSubscriptions(ctx, q)
			}
			return s.hub.list(ctx, q)
		}
	}},
	{"prunes when one shard has passed", "PruneKeepsChangesAheadOfAShard", func(s *override) {
		s.prune = func(ctx context.Context, before, now time.Time, limit int) (int, error) {
			all, err := s.Store.ReadChanges(ctx, 0, math.MaxInt32)
			all = slices.DeleteFunc(all, func(c change) bool { return !c.At.Before(before) })
			return len(all), err
		}
	}},
}
