package sqlite

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// Whatever has been written, claimed, pruned and deleted: what is remembered is what a
// store that remembers nothing reads.
func TestRecentIsWhatIsStored(t *testing.T) {
	s, ctx := newStore(t), t.Context()
	random := rand.New(rand.NewPCG(5, 6))
	counts, cursors := map[int64]int64{}, map[int64]int64{}
	var keys []int64
	l, err := s.Acquire(ctx, "sequencer", "n", time.UnixMicro(0), time.UnixMicro(1))
	require.NoError(t, err)
	for now := int64(1); now < 150; now++ {
		switch n := random.IntN(12); {
		case n == 0 && len(keys) > 2:
			require.NoError(t, s.DeleteSubscription(ctx, "t", fmt.Sprint("s", keys[0]), 0))
			keys = keys[1:]
		case n == 1 && now > 20:
			_, err := s.Prune(ctx, time.UnixMicro(now-20), time.UnixMicro(now), random.IntN(20))
			require.NoError(t, err)
		case n <= 3 && len(keys) < 5:
			id := int64(len(counts) + 1)
			r, err := s.PutSubscription(ctx, subscription.Record{
				Tenant: "t", ID: fmt.Sprint("s", id), Status: subscription.StatusActive, MaxCount: 3, Eager: true,
			}, 0)
			require.NoError(t, err)
			require.Equal(t, id, r.Key)
			keys, counts[id] = append(keys, id), 0
		case n <= 5:
			claims, _, err := s.Claim(ctx, "n", time.UnixMicro(now), time.UnixMicro(now+1), 4)
			require.NoError(t, err)
			for _, c := range claims {
				cursors[c.Key] = c.Frozen
				require.NoError(t, s.Finish(ctx, subscription.Outcome{
					Key: c.Key, Token: c.Token, At: time.UnixMicro(now), Status: c.Status, Cursor: c.Frozen, Eager: true,
				}))
			}
		default:
			c := subscription.Change{Tenant: "t", ResourceType: "Patient", ResourceID: fmt.Sprint(now), At: time.UnixMicro(now)}
			require.NoError(t, s.Append(ctx, []subscription.Change{c, c}))
			changes, err := s.ReadChanges(ctx, l.Cursor, 9)
			require.NoError(t, err)
			commit := subscription.Commit{At: time.UnixMicro(now)}
			for _, c := range changes {
				commit.Cursor = c.Position
				for _, key := range keys {
					if c.Subscription == 0 && random.IntN(2) == 0 {
						counts[key]++
						commit.Events = append(commit.Events, subscription.NewEvent{Key: key, Number: counts[key], Position: c.Position})
					}
				}
			}
			require.NoError(t, s.CommitEvents(ctx, l, commit))
			l.Cursor = commit.Cursor
		}
		fresh := New(s.db, Config{})
		key := 1 + random.Int64N(int64(len(counts))+1)
		first := 1 + random.Int64N(counts[key]+1)
		last, limit := first+random.Int64N(6)-1, random.IntN(6)
		want, err := fresh.ReadEvents(ctx, key, first, last, limit)
		require.NoError(t, err)
		got, err := s.ReadEvents(ctx, key, first, last, limit)
		require.NoError(t, err)
		require.Equal(t, want, got)
		if len(got) > 0 {
			got[0].Change.ResourceID = "changed by whom it belongs to"
		}
	}
	require.NotEmpty(t, s.recent.changes)
	require.NotEmpty(t, s.recent.events)
}

// It stays small, however much goes through.
func TestRecentIsBounded(t *testing.T) {
	r := newRecent()
	big := []byte(strings.Repeat("x", 100_000))
	for i := range int64(1000) {
		r.read([]subscription.Change{{Position: i + 1, Resource: big}}, 0)
		r.committed([]subscription.NewEvent{{Key: i % 7, Number: i/7 + 1, Position: i + 1}})
		require.LessOrEqual(t, r.bytes, recentBytes)
	}
	require.Len(t, r.changes, len(r.positions))
	require.Less(t, len(r.changes), 1+recentBytes/len(big))
	_, found := r.find(999%7, 999/7+1, 999/7+1, 1)
	require.True(t, found, "the newest")
	_, found = r.find(0, 1, 1, 1)
	require.False(t, found, "the oldest")
	for i := range int64(3 * recentEvents) {
		r.committed([]subscription.NewEvent{{Key: i, Number: 1, Position: 1}})
	}
	require.Len(t, r.events, recentEvents)
	require.Len(t, r.keys, recentEvents)

	r.prune()
	r.read([]subscription.Change{{Position: 1}}, 0)
	require.Empty(t, r.changes, "it was read before the prune")
	require.Empty(t, r.events)
}
