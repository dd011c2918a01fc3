package storetest_test

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

type token = subscription.Token

// everyCount makes CountSubscriptions count all that count says.
func everyCount(counts func(r record, tenant, owner string) bool) func(s *override) {
	return func(s *override) {
		s.count = func(ctx context.Context, tenant, owner string, limit int) (n int, err error) {
			all, err := s.Store.ListSubscriptions(ctx, subscription.ListQuery{AllTenants: true, Limit: 1000})
			for _, r := range all {
				if counts(r, tenant, owner) {
					n++
				}
			}
			return min(n, max(limit, 0)), err
		}
	}
}

var brokenOwners = []broken{
	{"counts everybody's", "CountOfOneOwner", everyCount(func(r record, tenant, _ string) bool { return r.Tenant == tenant })},
	{"counts the active only", "CountOfOneOwner", everyCount(func(r record, tenant, owner string) bool {
		return r.Tenant == tenant && r.Owner == owner && r.Status == subscription.StatusActive
	})},
	{"counts beyond the limit", "CountStopsAtTheLimit", func(s *override) {
		s.count = func(ctx context.Context, tenant, owner string, _ int) (int, error) {
			return s.Store.CountSubscriptions(ctx, tenant, owner, math.MaxInt32)
		}
	}},
	{"counts what was created", "CountFollowsTheOwner", func(s *override) {
		n := map[string]int{}
		s.put = func(ctx context.Context, r record, revision int64) (record, error) {
			put, err := s.Store.PutSubscription(ctx, r, revision)
			if err == nil && revision == 0 {
				n[r.Owner]++
			}
			return put, err
		}
		s.count = func(_ context.Context, _, owner string, limit int) (int, error) { return min(n[owner], limit), nil }
	}},
	{"counts over tenants", "TenantsShareNoCount", everyCount(func(r record, _, owner string) bool { return r.Owner == owner })},
}

// everyTake changes what is asked for.
func everyTake(f func(tenant, hash string, now time.Time) (string, string, time.Time)) func(s *override) {
	return func(s *override) {
		s.takeToken = func(ctx context.Context, tenant, hash string, now time.Time) (token, error) {
			tenant, hash, now = f(tenant, hash, now)
			return s.Store.TakeToken(ctx, tenant, hash, now)
		}
	}
}

// keptTokens gives tokens again that were taken before.
func keptTokens(s *override) {
	kept := map[string]token{}
	s.takeToken = func(ctx context.Context, tenant, hash string, now time.Time) (token, error) {
		if t, ok := kept[hash]; ok && tenant == t.Tenant {
			return t, nil
		}
		t, err := s.Store.TakeToken(ctx, tenant, hash, now)
		if err == nil {
			kept[hash] = t
		}
		return t, err
	}
}

var brokenTokens = []broken{
	{"loses the data of a token", "TokenComesBackWhole", func(s *override) {
		s.putToken = func(ctx context.Context, t token) error {
			t.Data = nil
			return s.Store.PutToken(ctx, t)
		}
	}},
	{"gives a token again", "TokenIsTakenOnce", keptTokens},
	{"takes all tokens", "TokenIsTakenOnce", func(s *override) {
		s.takeToken = func(ctx context.Context, tenant, hash string, now time.Time) (token, error) {
			t, err := s.Store.TakeToken(ctx, tenant, hash, now)
			if err == nil {
				_, err = s.Store.Prune(ctx, time.Time{}, time.Unix(1e12, 0), math.MaxInt32)
			}
			return t, err
		}
	}},
	{"gives a token that has run out", "TokenRunsOut", everyTake(func(tenant, hash string, _ time.Time) (string, string, time.Time) {
		return tenant, hash, time.Time{}
	})},
	{"removes what has run out when it is asked for", "TokenRunsOut", func(s *override) {
		s.takeToken = func(ctx context.Context, tenant, hash string, now time.Time) (token, error) {
			t, err := s.Store.TakeToken(ctx, tenant, hash, time.Time{})
			if err == nil && !t.Until.After(now) {
				return token{}, subscription.ErrNotFound
			}
			return t, err
		}
	}},
	{"keeps the first of two tokens", "TokenIsReplaced", func(s *override) {
		known := map[string]bool{}
		s.putToken = func(ctx context.Context, t token) error {
			if known[t.Hash] {
				return nil
			}
			known[t.Hash] = true
			return s.Store.PutToken(ctx, t)
		}
	}},
	{"shares a token's data", "TokenKeepsNoSlice", func(s *override) {
		var data []byte
		s.putToken = func(ctx context.Context, t token) error {
			data = t.Data
			return s.Store.PutToken(ctx, t)
		}
		s.takeToken = func(ctx context.Context, tenant, hash string, now time.Time) (token, error) {
			t, err := s.Store.TakeToken(ctx, tenant, hash, now)
			t.Data = data
			return t, err
		}
	}},
	{"keeps tokens for ever", "PruneRemovesTokensThatRanOut", func(s *override) {
		s.prune = func(context.Context, time.Time, time.Time, int) (int, error) { return 0, nil }
	}},
	{"keeps tokens as long as events", "PruneRemovesTokensThatRanOut", func(s *override) {
		s.prune = func(ctx context.Context, before, _ time.Time, limit int) (int, error) {
			return s.Store.Prune(ctx, before, before, limit)
		}
	}},
	{"loses the owner of a token", "TokenComesBackWhole", func(s *override) {
		s.putToken = func(ctx context.Context, t token) error {
			t.Owner = ""
			return s.Store.PutToken(ctx, t)
		}
	}},
	{"counts tokens that have run out", "CountOfUnusedTokens", func(s *override) {
		s.countTokens = func(ctx context.Context, tenant, owner string, _ time.Time, limit int) (int, error) {
			return s.Store.CountTokens(ctx, tenant, owner, time.Time{}, limit)
		}
	}},
	{"counts tokens of all tenants", "CountOfUnusedTokens", func(s *override) {
		s.putToken = func(ctx context.Context, t token) error {
			if t.Tenant == "south" {
				t.Tenant = "north"
			}
			return s.Store.PutToken(ctx, t)
		}
	}},
	{"counts tokens without a limit", "CountOfTokensStopsAtTheLimit", func(s *override) {
		s.countTokens = func(ctx context.Context, tenant, owner string, now time.Time, _ int) (int, error) {
			return s.Store.CountTokens(ctx, tenant, owner, now, math.MaxInt32)
		}
	}},
	{"prunes tokens without a limit", "PruneRemovesTokensThatRanOut", func(s *override) {
		s.prune = func(ctx context.Context, before, now time.Time, limit int) (int, error) {
			return s.Store.Prune(ctx, before, now, limit*100)
		}
	}},
	{"prunes tokens that are good", "PruneRemovesTokensThatRanOut", func(s *override) {
		s.prune = func(ctx context.Context, before, now time.Time, limit int) (int, error) {
			return s.Store.Prune(ctx, before, now.Add(time.Minute), limit)
		}
	}},
	{"gives another tenant's token", "TenantsShareNoToken", func(s *override) {
		s.takeToken = func(ctx context.Context, tenant, hash string, now time.Time) (token, error) {
			t, err := s.Store.TakeToken(ctx, tenant, hash, now)
			if err != nil {
				return s.Store.TakeToken(ctx, "north", hash, now)
			}
			return t, err
		}
	}},
	{"gives a token to two at once", "ConcurrentTakesHaveOneWinner", func(s *override) {
		var mu sync.Mutex
		take := map[string]int{}
		s.takeToken = func(ctx context.Context, tenant, hash string, now time.Time) (token, error) {
			mu.Lock()
			defer mu.Unlock()
			if take[hash]++; take[hash]%2 == 0 {
				return token{Hash: hash}, nil
			}
			return s.Store.TakeToken(ctx, tenant, hash, now)
		}
	}},
	{"keeps tokens in the process", "CrashKeepsTokens", func(s *override) {
		s.crash = func() {
			if _, err := s.Store.Prune(context.Background(), time.Time{}, time.Unix(1e12, 0), math.MaxInt32); err != nil {
				panic(err)
			}
		}
	}},
	{"has tokens of its own", "HandlesShareTokens", elsewhere(func(s *override, own *memory.Store) { s.takeToken = own.TakeToken })},
}
