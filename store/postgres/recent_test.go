package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// What is returned from memory is what the log has, whoever has appended it, in whatever
// company.
func TestRecentIsWhatIsStored(t *testing.T) {
	s := newStore(t)
	other := New(s.pool, Config{})
	ctx, random := t.Context(), rand.New(rand.NewPCG(7, 8))
	text := func() string { return strings.Repeat("x", random.IntN(3)) }
	bytes := func() []byte {
		if random.IntN(3) == 0 {
			return nil
		}
		return []byte(text())
	}
	list := func() []string { return []string{"a", "b"}[:random.IntN(3)] }
	after, all := int64(0), []subscription.Change(nil)
	for round := range 60 {
		changes := make([]subscription.Change, 1+random.IntN(5))
		for i := range changes {
			changes[i] = subscription.Change{Position: 77, Tenant: text(), At: day.Local(), Interaction: topic.Interaction(random.IntN(3)),
				ResourceType: text(), ResourceID: fmt.Sprint(round, i), Resource: bytes(), Previous: bytes(), Topics: list(), Undecided: list(),
				Events: bytes(), Method: text(), URL: text(), ResultStatus: text(), Spec: bytes()}
		}
		by := []subscription.Tx{s, s, other, s.Tx(s.pool)}[random.IntN(4)]
		require.NoError(t, by.Append(ctx, changes))
		for i := range changes { // the caller's again
			copy(changes[i].Resource, "yyy")
		}
		if random.IntN(2) == 0 {
			continue
		}
		read, err := s.ReadChanges(ctx, after, 1+random.IntN(8))
		require.NoError(t, err)
		require.NotEmpty(t, read)
		after = read[len(read)-1].Position
		all = append(all, read...)
	}
	stored, err := other.ReadChanges(ctx, 0, len(all))
	require.NoError(t, err)
	require.Equal(t, stored, all)
}

// A node that does not sequence remembers a bounded part, and no more of it later.
func TestRecentIsBounded(t *testing.T) {
	s := newStore(t)
	big := subscription.Change{Resource: json.RawMessage(strings.Repeat("x", recentBytes/4))}
	for range 5 {
		require.NoError(t, s.Append(t.Context(), []subscription.Change{big}))
	}
	require.True(t, s.recent.full)
	require.Empty(t, s.recent.changes)
	read, err := s.ReadChanges(t.Context(), 0, 10)
	require.NoError(t, err)
	require.Len(t, read, 5)
	require.NoError(t, s.Append(t.Context(), []subscription.Change{big}))
	require.Len(t, s.recent.changes, 1)
	_, err = s.ReadChanges(t.Context(), 5, 10)
	require.NoError(t, err)
	require.Empty(t, s.recent.changes)
	require.Zero(t, s.recent.bytes)
}

// What is known not to wait any more is not looked at again, but never what may still be
// committed.
func TestLookingBeyondWhatIsNumbered(t *testing.T) {
	s := newStore(t)
	ctx, after := t.Context(), int64(0)
	pass := func(n int) {
		for range n {
			require.NoError(t, s.Append(ctx, []subscription.Change{{ResourceID: "a"}}))
			read, err := s.ReadChanges(ctx, after, 10)
			require.NoError(t, err)
			require.Len(t, read, 1)
			after = read[0].Position
		}
	}
	waits := func() (beyond int64) {
		beyond, _ = s.waiting.from()
		return beyond
	}
	pass(3)
	moved := waits()
	for waits() <= moved { // any transaction of the server's, of its own too, keeps it back
		pass(1)
	}
	tx, err := s.pool.Begin(ctx)
	require.NoError(t, err)
	defer tx.Rollback(context.Background())
	require.NoError(t, s.Tx(tx).Append(ctx, []subscription.Change{{ResourceID: "late"}}))
	var place int64
	require.NoError(t, tx.QueryRow(ctx, `SELECT min(position) FROM carillon.change`).Scan(&place))
	pass(5)
	require.Less(t, waits(), place)
	require.NoError(t, tx.Commit(ctx))
	read, err := s.ReadChanges(ctx, after, 10)
	require.NoError(t, err)
	require.Len(t, read, 1)
	require.Equal(t, "late", read[0].ResourceID)
	after = read[0].Position
	for waits() <= place {
		pass(1)
	}
	_, err = s.Acquire(ctx, "sequencer", "n", day, day)
	require.NoError(t, err)
	require.Negative(t, waits()+1<<62, "looks everywhere again")
}
