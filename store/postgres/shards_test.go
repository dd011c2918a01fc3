package postgres_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// sequence does what an engine does with one shard: it reads on from the lease's
// cursor, and gives each change an event for each of its subscriptions that have not
// got it yet. At most limit changes.
func sequence(t *testing.T, h host, shard, n, limit int) {
	ctx := t.Context()
	l, err := h.Acquire(ctx, subscription.LeaseName(shard, n), "node", at(0), at(1000))
	require.NoError(t, err)
	all, err := h.ListSubscriptions(ctx, subscription.ListQuery{AllTenants: true, Limit: 1000})
	require.NoError(t, err)
	changes, err := h.ReadChanges(ctx, l.Cursor, limit)
	require.NoError(t, err)
	if len(changes) == 0 {
		return
	}
	c := subscription.Commit{Cursor: changes[len(changes)-1].Position, At: at(1)}
	for _, r := range all {
		number := r.Count
		for _, change := range changes {
			if r.Key%int64(n) == int64(shard) && change.Position > r.SequencedTo && change.Subscription == 0 {
				number++
				c.Events = append(c.Events, subscription.NewEvent{Key: r.Key, Number: number, Position: change.Position})
			}
		}
	}
	require.NoError(t, h.CommitEvents(ctx, l, c))
}

// However often the shards change, and however far each has come: every subscription
// has every change once, in order.
func TestReshard(t *testing.T) {
	h := newHost(t)
	ctx := t.Context()
	const subscriptions, changes = 12, 60
	for i := range subscriptions {
		_, err := h.PutSubscription(ctx, active("t", fmt.Sprint(i)), 0)
		require.NoError(t, err)
	}
	appended := 0
	appendSome := func(n int) {
		for range n {
			require.NoError(t, h.Append(ctx, []subscription.Change{named(fmt.Sprint(appended))}))
			appended++
		}
	}
	lastToken := int64(0)
	for round, n := range []int{1, 3, 2, 5, 1, 4} {
		old, err := h.Shards(ctx)
		require.NoError(t, err)
		lost, err := h.Acquire(ctx, subscription.LeaseName(0, old), "node", at(0), at(1000))
		require.NoError(t, err)
		require.NoError(t, h.Reshard(ctx, n))
		got, err := h.Shards(ctx)
		require.NoError(t, err)
		require.Equal(t, n, got)
		if old != n {
			require.ErrorIs(t, h.CommitEvents(ctx, lost, subscription.Commit{Cursor: lost.Cursor + 1}), subscription.ErrFenced)
			_, err = h.Acquire(ctx, lost.Name, "node", at(0), at(1000))
			require.ErrorIs(t, err, subscription.ErrFenced)
		}
		l, err := h.Acquire(ctx, subscription.LeaseName(0, n), "node", at(0), at(1000))
		require.NoError(t, err)
		require.Greater(t, l.Token, lastToken)
		lastToken = l.Token
		appendSome(changes / 6)
		for shard := range n { // each gets somewhere else, some nowhere
			if limit := (shard*5 + round*3) % 11; limit > 0 {
				sequence(t, h, shard, n, limit)
			}
		}
	}
	for shard := range 4 {
		for range 20 {
			sequence(t, h, shard, 4, 25)
		}
	}
	all, err := h.ListSubscriptions(ctx, subscription.ListQuery{AllTenants: true, Limit: 100})
	require.NoError(t, err)
	for _, r := range all {
		events, err := h.ReadEvents(ctx, r.Key, 1, 1000, 1000)
		require.NoError(t, err)
		require.Len(t, events, changes)
		for i, e := range events {
			require.EqualValues(t, i+1, e.Number)
			require.Equal(t, fmt.Sprint(i), e.Change.ResourceID)
		}
	}
}

func TestReshardRefusesNonsense(t *testing.T) {
	h := newHost(t)
	for _, n := range []int{0, -1} {
		require.Error(t, h.Reshard(t.Context(), n))
	}
	for name, want := range map[string]error{
		"sequencer": nil, "sequencer 0 of 2": subscription.ErrFenced, "sequencers": subscription.ErrFenced, "other": nil,
	} {
		_, err := h.Acquire(t.Context(), name, "n", at(0), at(1))
		require.ErrorIs(t, err, want, name)
	}
}

// What no shard has passed is not pruned, also by one that nobody has begun.
func TestPruneWaitsForEveryShard(t *testing.T) {
	h := newHost(t)
	ctx := t.Context()
	require.NoError(t, h.Reshard(ctx, 2))
	require.NoError(t, h.Append(ctx, []subscription.Change{named("a"), named("b")}))
	for shard, want := range []int{0, 2} {
		l, err := h.Acquire(ctx, subscription.LeaseName(shard, 2), "n", at(0), at(10))
		require.NoError(t, err)
		changes, err := h.ReadChanges(ctx, 0, 10)
		require.NoError(t, err)
		require.NoError(t, h.CommitEvents(ctx, l, subscription.Commit{Cursor: changes[1].Position}))
		n, err := h.Prune(ctx, at(1), at(1), 10)
		require.NoError(t, err)
		require.Equal(t, want, n)
	}
}
