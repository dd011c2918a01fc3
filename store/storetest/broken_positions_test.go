package storetest_test

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

type (
	position = subscription.Position
	progress = subscription.Progress
)

// everyPosition makes Positions pass its result through f.
func everyPosition(f func(p []position) []position) func(s *override) {
	return func(s *override) {
		s.positions = func(ctx context.Context, keys []int64) ([]position, error) {
			p, err := s.Store.Positions(ctx, keys)
			return f(p), err
		}
	}
}

// everyAdvance changes what is advanced.
func everyAdvance(f func(s *override, p []progress) []progress) func(s *override) {
	return func(s *override) {
		s.advance = func(ctx context.Context, p []progress) error {
			return s.Store.Advance(ctx, f(s, slices.Clone(p)))
		}
	}
}

// byKey returns the record of a subscription.
func (o *override) byKey(key int64) (found record) {
	all, _ := o.Store.ListSubscriptions(context.Background(), subscription.ListQuery{AllTenants: true, Limit: 1000})
	for _, r := range all {
		if r.Key == key {
			found = r
		}
	}
	return found
}

// claimAndFinish writes a cursor as one who claims would.
func claimAndFinish(s *override, p progress) error {
	ctx, now := context.Background(), time.Unix(1e12, 0)
	if err := s.Store.Hasten(ctx, []int64{p.Key}, now); err != nil {
		return err
	}
	claims, _, err := s.Store.Claim(ctx, "advancing", now, now, math.MaxInt32)
	for _, c := range claims {
		if c.Key == p.Key {
			c.Cursor = p.Cursor
		}
		err = s.Store.Finish(ctx, subscription.Outcome{
			Key: c.Key, Token: c.Token, Status: c.Status, Error: c.Error, Spec: c.Spec, Cursor: c.Cursor, Frozen: c.Frozen,
			Attempt: c.Attempt, FailingSince: c.FailingSince, SentAt: p.At, Due: c.Due, Eager: c.Eager, Announce: c.Announce,
		})
	}
	return err
}

var brokenPositions = []broken{
	{"answers in the order of the question", "PositionsInTheOrderOfKeys", everyPosition(func(p []position) []position {
		slices.Reverse(p)
		return p
	})},
	{"answers twice", "PositionsInTheOrderOfKeys", func(s *override) {
		s.positions = func(ctx context.Context, keys []int64) (all []position, err error) {
			slices.Sort(keys)
			for _, key := range keys {
				p, _ := s.Store.Positions(ctx, []int64{key})
				all = append(all, p...)
			}
			return all, err
		}
	}},
	{"answers from a cache", "PositionsAreOfNow", func(s *override) {
		known := map[int64]position{}
		s.positions = func(ctx context.Context, keys []int64) (all []position, err error) {
			p, err := s.Store.Positions(ctx, keys)
			for i := range p {
				if was, ok := known[p[i].Key]; ok && was.Count == p[i].Count {
					p[i] = was
				}
				known[p[i].Key] = p[i]
			}
			return p, err
		}
	}},
	{"forgets when it advanced", "AdvanceRaisesTheCursor", everyAdvance(func(_ *override, p []progress) []progress {
		for i := range p {
			p[i].At = time.Time{}
		}
		return p
	})},
	{"advances the first only", "AdvanceRaisesTheCursor", everyAdvance(func(_ *override, p []progress) []progress {
		return p[:min(len(p), 1)]
	})},
	{"moves the cursor back", "AdvanceNeverGoesBack", func(s *override) {
		back := map[int64]int64{}
		s.advance = func(ctx context.Context, all []progress) error {
			for _, p := range all {
				back[p.Key] = p.Cursor
			}
			return s.Store.Advance(ctx, all)
		}
		everyGet(func(r *record) {
			if cursor, ok := back[r.Key]; ok {
				r.Cursor = cursor
			}
		})(s)
	}},
	{"leaves out whose cursor stays", "AdvanceNeverGoesBack", everyAdvance(func(s *override, p []progress) []progress {
		return slices.DeleteFunc(p, func(p progress) bool { return p.Cursor <= s.byKey(p.Key).Cursor })
	})},
	{"advances beyond the last event", "AdvanceStopsAtTheCount", func(s *override) {
		beyond := map[int64]int64{}
		s.advance = func(ctx context.Context, all []progress) error {
			for _, p := range all {
				beyond[p.Key] = p.Cursor
			}
			return s.Store.Advance(ctx, all)
		}
		everyGet(func(r *record) { r.Cursor = max(r.Cursor, beyond[r.Key]) })(s)
	}},
	{"takes the first of several", "AdvanceTakesTheHighest", everyAdvance(func(_ *override, p []progress) []progress {
		seen := map[int64]bool{}
		return slices.DeleteFunc(p, func(p progress) bool {
			again := seen[p.Key]
			seen[p.Key] = true
			return again
		})
	})},
	{"takes the time of the highest cursor", "AdvanceTakesTheHighest", everyAdvance(func(_ *override, p []progress) []progress {
		slices.SortFunc(p, func(a, b progress) int { return int(b.Cursor - a.Cursor) })
		return p[:min(len(p), 1)]
	})},
	{"keeps a batch that was passed", "AdvanceEndsAPassedBatch", func(s *override) {
		frozen := map[int64]int64{}
		everyClaim(func(claims []subscription.Claim) {
			for i := range claims {
				c := &claims[i]
				c.Frozen = max(c.Frozen, frozen[c.Key])
				frozen[c.Key] = c.Frozen
			}
		})(s)
		everyGet(func(r *record) { r.Frozen = frozen[r.Key] })(s)
	}},
	{"ends a batch that was not", "AdvanceEndsAPassedBatch", everyGet(func(r *record) {
		if r.Cursor > 0 {
			r.Frozen = 0
		}
	})},
	{"fails on progress of the gone", "AdvancePassesOverTheGone", everyAdvance(func(s *override, p []progress) []progress {
		for _, p := range p {
			if s.byKey(p.Key).Key == 0 {
				return nil
			}
		}
		return p
	})},
	{"ends claims by advancing", "AdvanceLeavesClaimsAlone", func(s *override) {
		s.advance = func(ctx context.Context, p []progress) error {
			if err := s.Store.Release(ctx, "a"); err != nil {
				return err
			}
			return s.Store.Advance(ctx, p)
		}
	}},
	{"is not due any more when it has advanced", "AdvanceLeavesClaimsAlone", func(s *override) {
		advanced := map[int64]bool{}
		s.advance = func(ctx context.Context, all []progress) error {
			for _, p := range all {
				advanced[p.Key] = true
			}
			return s.Store.Advance(ctx, all)
		}
		everyGet(func(r *record) {
			if advanced[r.Key] {
				r.Due = time.Time{}
			}
		})(s)
	}},
	{"claims to advance", "AdvanceLeavesClaimsAlone", func(s *override) {
		s.advance = func(ctx context.Context, all []progress) error {
			for _, p := range all {
				if err := claimAndFinish(s, p); err != nil {
					return err
				}
			}
			return nil
		}
	}},
	{"prunes what was claimed only", "AdvanceIsDelivery", func(s *override) {
		s.prune = func(ctx context.Context, before, now time.Time, limit int) (int, error) {
			return 0, nil
		}
	}},
	{"lets an outcome that is behind win", "FinishNeverLowersTheCursor", func(s *override) {
		var behind subscription.Outcome
		s.finish = func(ctx context.Context, o subscription.Outcome) error {
			behind = o
			return s.Store.Finish(ctx, o)
		}
		everyGet(func(r *record) { r.Cursor = behind.Cursor })(s)
	}},
	{"keeps an outcome's batch that was passed", "FinishNeverLowersTheCursor", func(s *override) {
		var last subscription.Outcome
		s.finish = func(ctx context.Context, o subscription.Outcome) error {
			last = o
			return s.Store.Finish(ctx, o)
		}
		everyGet(func(r *record) { r.Frozen = last.Frozen })(s)
	}},
	{"is due for events that were passed", "FinishNeverLowersTheCursor", func(s *override) {
		var last subscription.Outcome
		s.finish = func(ctx context.Context, o subscription.Outcome) error {
			last = o
			return s.Store.Finish(ctx, o)
		}
		everyGet(func(r *record) {
			if last.Eager && r.Count > last.Cursor {
				r.Due = last.At.UTC()
			}
		})(s)
	}},
	{"loses one of two advances at once", "ConcurrentAdvancesKeepTheHighest", func(s *override) {
		var busy sync.Mutex
		s.advance = func(ctx context.Context, p []progress) error {
			if p[0].Cursor > 36 {
				return nil
			}
			busy.Lock()
			defer busy.Unlock()
			return s.Store.Advance(ctx, p)
		}
	}},
	{"keeps progress in the process", "CrashKeepsProgress", func(s *override) {
		crashed := false
		s.crash = func() { crashed = true }
		everyGet(func(r *record) {
			if crashed {
				r.Cursor = 0
			}
		})(s)
	}},
	{"keeps positions in the process", "HandlesSharePositions", otherHandle(func(s *override) {
		known := map[int64]position{}
		s.positions = func(ctx context.Context, keys []int64) (all []position, err error) {
			for _, key := range keys {
				p, err := s.Store.Positions(ctx, []int64{key})
				if err != nil {
					return nil, err
				}
				for _, p := range p {
					if _, ok := known[key]; !ok {
						known[key] = p
					}
				}
				if p, ok := known[key]; ok {
					all = append(all, p)
				}
			}
			return all, nil
		}
	})},
}
