package memory_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

// Tenants take turns as a sort by place, due time and key would have them, whatever
// the limit (R12).
func TestTenantsTakeTurns(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	start := time.Unix(1e9, 0).UTC()
	for range 50 {
		s := memory.New()
		var due []subscription.Record
		for i := range random.IntN(60) {
			r, err := s.PutSubscription(t.Context(), subscription.Record{
				Tenant: fmt.Sprint(random.IntN(1 + random.IntN(6))), ID: fmt.Sprint(i), MaxCount: 1,
				Due: start.Add(time.Duration(random.IntN(8)) * time.Second),
			}, 0)
			require.NoError(t, err)
			if !r.Due.After(start.Add(5 * time.Second)) {
				due = append(due, r)
			}
		}
		for limit := 1; len(due) > 0; limit++ {
			claims, _, err := s.Claim(t.Context(), "n", start.Add(5*time.Second), start.Add(time.Hour), limit)
			require.NoError(t, err)
			want := turns(due, limit)
			var got []subscription.Record
			for _, c := range claims {
				got = append(got, c.Record)
			}
			require.Equal(t, want, got)
			due = slices.DeleteFunc(due, func(r subscription.Record) bool {
				return slices.ContainsFunc(got, func(g subscription.Record) bool { return g.Key == r.Key })
			})
		}
	}
}

// turns is the contract of Claim's order in as few words as possible.
func turns(due []subscription.Record, limit int) []subscription.Record {
	due = slices.Clone(due)
	longest := func(a, b subscription.Record) int { return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Key, b.Key)) }
	slices.SortFunc(due, longest)
	if len(due) <= limit {
		return due
	}
	place, seen := map[int64]int{}, map[string]int{}
	for _, r := range due {
		seen[r.Tenant]++
		place[r.Key] = seen[r.Tenant]
	}
	slices.SortFunc(due, func(a, b subscription.Record) int {
		return cmp.Or(cmp.Compare(place[a.Key], place[b.Key]), longest(a, b))
	})
	return due[:limit]
}
