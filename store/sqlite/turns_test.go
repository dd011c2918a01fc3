package sqlite_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// Tenants take turns as a sort by place, due time and key would have them, whatever
// the limit (R12).
func TestTenantsTakeTurns(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	start := time.Unix(1e9, 0).UTC()
	now := start.Add(5 * time.Second)
	h := newHost(t)
	var due []subscription.Record
	var puts sync.WaitGroup
	var mu sync.Mutex
	for i := range 400 {
		r := subscription.Record{
			Tenant: fmt.Sprint(random.IntN(1 + random.IntN(9))), ID: fmt.Sprint(i), MaxCount: 1,
			Due: start.Add(time.Duration(random.IntN(8)) * time.Second),
		}
		puts.Go(func() {
			r, err := h.PutSubscription(t.Context(), r, 0)
			require.NoError(t, err)
			if mu.Lock(); !r.Due.After(now) {
				due = append(due, r)
			}
			mu.Unlock()
		})
	}
	puts.Wait()
	for limit := 0; len(due) > 0; limit++ {
		claims, _, err := h.Claim(t.Context(), "n", now, now.Add(time.Hour), limit)
		require.NoError(t, err)
		var got []subscription.Record
		for _, c := range claims {
			got = append(got, c.Record)
		}
		require.Equal(t, turns(due, limit), got, "limit %d", limit)
		due = slices.DeleteFunc(due, func(r subscription.Record) bool {
			return slices.ContainsFunc(got, func(g subscription.Record) bool { return g.Key == r.Key })
		})
	}
}

// turns is the contract of Claim's order in as few words as possible.
func turns(due []subscription.Record, limit int) []subscription.Record {
	due = slices.Clone(due)
	longest := func(a, b subscription.Record) int { return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Key, b.Key)) }
	slices.SortFunc(due, longest)
	if len(due) > limit {
		place, seen := map[int64]int{}, map[string]int{}
		for _, r := range due {
			seen[r.Tenant]++
			place[r.Key] = seen[r.Tenant]
		}
		slices.SortFunc(due, func(a, b subscription.Record) int {
			return cmp.Or(cmp.Compare(place[a.Key], place[b.Key]), longest(a, b))
		})
		due = due[:limit]
	}
	return append([]subscription.Record(nil), due...)
}

// BenchmarkClaimTurns claims 64 and gives them back, where one tenant has a backlog of
// 20,000 and others have little: what the turns cost grows with the tenants, and not
// with the backlog.
func BenchmarkClaimTurns(b *testing.B) {
	for _, tenants := range []int{1, 2, 100, 1000} {
		b.Run(fmt.Sprint("tenants=", tenants), func(b *testing.B) {
			h := newHost(b)
			now := time.Unix(1e9, 0)
			_, err := h.db.Exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
				INSERT INTO carillon_subscription (key, tenant, id, revision, updated_at, status, error, max_count)
				SELECT i, CASE WHEN i <= 2 * ?1 THEN 't' || i % ?1 ELSE 't0' END, i, 1, 0, 'active', '', 1 FROM n`, tenants)
			require.NoError(b, err)
			_, err = h.db.Exec(`INSERT INTO carillon_delivery (subscription, tenant, count, cursor, frozen, attempt,
				failing_since, sent_at, due, eager, announce)
				SELECT key, tenant, 0, 0, 0, 0, 0, 0, 1, 1, 0 FROM carillon_subscription`)
			require.NoError(b, err)
			for b.Loop() {
				claims, _, err := h.Claim(b.Context(), "n", now, now.Add(time.Hour), 64)
				require.NoError(b, err)
				require.Len(b, claims, 64)
				require.NoError(b, h.Release(b.Context(), "n"))
			}
		})
	}
}
