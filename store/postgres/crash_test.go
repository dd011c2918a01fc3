package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/postgrestest"
	"github.com/carillon-fhir/carillon/store/postgres"
	"github.com/carillon-fhir/carillon/subscription"
)

// A claim may go with a server that crashes; the batch that it has frozen does not, if
// more events could make it another one, and nobody gets the lost one's token.
func TestClaimsAfterACrash(t *testing.T) {
	cluster := postgrestest.New(t, "wal_writer_delay=10000", "autovacuum=off") // nothing is written but what must be
	h := open(t, cluster.DSN("postgres"), postgres.Config{})
	ctx := t.Context()
	lost := 0
	for i, most := range []int{1, 5, 1} {
		r, err := h.PutSubscription(ctx, subscription.Record{ID: string(rune('a' + i)), Status: subscription.StatusActive, MaxCount: most, Eager: true}, 0)
		require.NoError(t, err)
		events := func(from, to int64) {
			require.NoError(t, h.Append(ctx, []subscription.Change{sample(1)}))
			l, err := h.Acquire(ctx, "sequencer", "n", at(0), at(1))
			require.NoError(t, err)
			changes, err := h.ReadChanges(ctx, l.Cursor, 100)
			require.NoError(t, err)
			c := subscription.Commit{Cursor: changes[len(changes)-1].Position, At: at(1)}
			for n := from; n <= to; n++ {
				c.Events = append(c.Events, subscription.NewEvent{Key: r.Key, Number: n, Position: c.Cursor})
			}
			require.NoError(t, h.CommitEvents(ctx, l, c))
		}
		events(1, 3)
		first, _, err := h.Claim(ctx, "a", at(1), at(2), 10)
		require.NoError(t, err)
		require.Len(t, first, 1)
		require.NoError(t, cluster.Kill())
		require.NoError(t, cluster.Restart())
		require.Eventually(t, func() bool { // the pool notices one after another that its connections are gone
			_, err := h.GetSubscription(ctx, "", r.ID)
			return err == nil
		}, time.Minute, time.Millisecond)
		h.pool.Reset()
		events(4, 6)
		again, _, err := h.Claim(ctx, "b", at(1), at(2), 10)
		require.NoError(t, err)
		if len(again) == 0 {
			again, _, err = h.Claim(ctx, "b", at(2), at(3), 10)
			require.NoError(t, err)
		} else {
			require.Equal(t, 1, most)
			lost++ // unless the server wrote its log just then, as it does now and again
		}
		require.Len(t, again, 1)
		require.Equal(t, first[0].Frozen, again[0].Frozen)
		require.Greater(t, again[0].Token, first[0].Token)
		o := subscription.Outcome{Key: r.Key, At: at(2), Status: r.Status, Cursor: first[0].Frozen, Token: first[0].Token}
		require.ErrorIs(t, h.Finish(ctx, o), subscription.ErrLost)
		o.Token, o.Cursor = again[0].Token, 6
		require.NoError(t, h.Finish(ctx, o))
	}
	require.NotZero(t, lost, "the claim of a single event should not have waited for the disk")
}

// A batch of one that went with its claim is the same when MaxCount has been raised
// before it is claimed again: it may have been sent.
func TestLostBatchOfOneBeforeAHigherMaxCount(t *testing.T) {
	h := newHost(t)
	ctx := t.Context()
	r, err := h.PutSubscription(ctx, subscription.Record{ID: "s", Status: subscription.StatusActive, MaxCount: 1, Eager: true}, 0)
	require.NoError(t, err)
	l, err := h.Acquire(ctx, "sequencer", "n", at(0), at(1))
	require.NoError(t, err)
	require.NoError(t, h.Append(ctx, []subscription.Change{sample(1)}))
	changes, err := h.ReadChanges(ctx, 0, 100)
	require.NoError(t, err)
	c := subscription.Commit{Cursor: changes[len(changes)-1].Position, At: at(1)}
	for n := int64(1); n <= 3; n++ {
		c.Events = append(c.Events, subscription.NewEvent{Key: r.Key, Number: n, Position: c.Cursor})
	}
	require.NoError(t, h.CommitEvents(ctx, l, c))
	first, _, err := h.Claim(ctx, "a", at(1), at(2), 10)
	require.NoError(t, err)
	require.Len(t, first, 1)
	_, err = h.pool.Exec(ctx, `UPDATE carillon.delivery SET claim = 0, node = NULL, until = NULL, frozen = 0`) // as a crash leaves it
	require.NoError(t, err)
	r.MaxCount, r.Due = 5, at(1)
	_, err = h.PutSubscription(ctx, r, r.Revision)
	require.NoError(t, err)
	again, _, err := h.Claim(ctx, "b", at(1), at(2), 10)
	require.NoError(t, err)
	require.Len(t, again, 1)
	require.Equal(t, first[0].Frozen, again[0].Frozen)
}
