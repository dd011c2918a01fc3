package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// What is claimed is what is stored, whoever has written it since it was claimed last, and
// whatever was taken back.
func TestClaimsShowWhatIsStored(t *testing.T) {
	s, ctx := newStore(t), t.Context()
	r, err := s.PutSubscription(ctx, subscription.Record{
		Tenant: "t", ID: "s", Resource: []byte("1"), Status: subscription.StatusActive, MaxCount: 1, Due: time.UnixMicro(1),
	}, 0)
	require.NoError(t, err)
	now := int64(1)
	claim := func() subscription.Claim {
		now++
		claims, _, err := s.Claim(ctx, "n", time.UnixMicro(now), time.UnixMicro(now+1), 9)
		require.NoError(t, err)
		require.Len(t, claims, 1)
		stored, err := s.GetSubscription(ctx, "t", "s")
		require.NoError(t, err)
		require.Equal(t, stored, claims[0].Record)
		return claims[0]
	}
	claim()
	claim().Resource[0] = 'x' // its own

	r.Resource = []byte("2")
	r, err = s.PutSubscription(ctx, r, r.Revision)
	require.NoError(t, err)
	c := claim()
	require.NoError(t, s.Finish(ctx, subscription.Outcome{Key: c.Key, Token: c.Token, Status: subscription.StatusError, Error: "gone", Due: time.UnixMicro(1)}))
	require.Equal(t, "gone", claim().Error)

	l, err := s.Acquire(ctx, "sequencer", "n", time.UnixMicro(0), time.UnixMicro(1))
	require.NoError(t, err)
	require.NoError(t, s.CommitEvents(ctx, l, subscription.Commit{Sequenced: []subscription.SequencedSpec{{Key: r.Key, Spec: []byte("spec")}}}))
	require.Equal(t, "spec", string(claim().Sequenced))

	// In one transaction, in either order, and in one that comes to nothing.
	stmts, err := s.statements(ctx)
	require.NoError(t, err)
	conn, err := s.db.Conn(ctx)
	require.NoError(t, err)
	defer conn.Close()
	for _, step := range []struct {
		writes, commits bool
	}{{true, true}, {false, true}, {true, false}, {false, false}} {
		clear(s.halves)
		tx, err := s.begin(ctx, conn, stmts)
		require.NoError(t, err)
		if step.writes {
			require.NoError(t, tx.replace(r.Key, 7, &subscription.Record{Status: subscription.StatusActive, Error: "a"}))
		}
		require.NoError(t, tx.complete([]subscription.Claim{{Record: subscription.Record{Key: r.Key}}}))
		if !step.writes {
			require.NoError(t, tx.replace(r.Key, 8, &subscription.Record{Status: subscription.StatusActive, Error: "b", Due: time.UnixMicro(1)}))
		}
		if step.commits {
			require.NoError(t, tx.commit(ctx, conn))
		} else {
			tx.rollback(ctx, conn)
		}
		if h := s.halves[r.Key]; h != nil {
			stored, err := s.GetSubscription(ctx, "t", "s")
			require.NoError(t, err)
			require.Equal(t, stored.Error, h.Error)
		}
	}

	failed := errors.New("the host's")
	require.ErrorIs(t, s.InTx(ctx, func(context.Context, *sql.Tx) error { return failed }), failed)
	require.Equal(t, "b", claim().Error)
}

// A client may write Subscriptions of ten megabytes: as many as are remembered must not hold
// the memory.
func TestLargeSubscriptionsAreNotRemembered(t *testing.T) {
	s, ctx := newStore(t), t.Context()
	for id, size := range map[string]int{"small": halfBytes / 2, "large": 10 << 20} {
		_, err := s.PutSubscription(ctx, subscription.Record{
			Tenant: "t", ID: id, Resource: make([]byte, size), Status: subscription.StatusActive, MaxCount: 1, Due: time.UnixMicro(1),
		}, 0)
		require.NoError(t, err)
	}
	for now := range int64(2) {
		claims, _, err := s.Claim(ctx, "n", time.UnixMicro(2+2*now), time.UnixMicro(3+2*now), 9)
		require.NoError(t, err)
		require.Len(t, claims, 2)
		for _, c := range claims {
			require.NotEmpty(t, c.Resource)
		}
		require.Equal(t, 1, len(s.halves))
	}
}
