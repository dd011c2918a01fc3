package memory_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

// BenchmarkClaimFinish claims 64 and finishes them. Its cost should hardly depend on
// how many subscriptions there are.
func BenchmarkClaimFinish(b *testing.B) {
	for _, n := range []int{1000, 100_000} {
		b.Run(fmt.Sprint("subscriptions=", n), func(b *testing.B) {
			s := memory.New()
			now := time.Unix(1e9, 0)
			for i := range n {
				_, err := s.PutSubscription(b.Context(), subscription.Record{
					ID: fmt.Sprint(i), Due: now.Add(time.Duration(i)), MaxCount: 1,
				}, 0)
				require.NoError(b, err)
			}
			b.ReportAllocs()
			for b.Loop() {
				now = now.Add(time.Second)
				claims, _, err := s.Claim(b.Context(), "n", now, now.Add(time.Minute), 64)
				require.NoError(b, err)
				for _, c := range claims {
					err := s.Finish(b.Context(), subscription.Outcome{Key: c.Key, Token: c.Token, Due: now})
					require.NoError(b, err)
				}
			}
		})
	}
}
