package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// Host and store share a commit; what the host undoes takes nothing else with it.
func TestInTxSharesACommit(t *testing.T) {
	s := newStore(t)
	_, err := s.db.Exec(`CREATE TABLE host (id TEXT PRIMARY KEY)`)
	require.NoError(t, err)
	held := s.hold(t)
	boom := errors.New("boom")
	write := func(id string, fail error) func(context.Context, *sql.Tx) error {
		return func(ctx context.Context, tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, `INSERT INTO host (id) VALUES (?)`, id); err != nil {
				return err
			}
			if err := s.Tx(tx).Append(ctx, []subscription.Change{named(id)}); err != nil {
				return err
			}
			return fail
		}
	}
	var wg sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		wg.Go(func() {
			fail := map[bool]error{true: boom}[i%2 == 1]
			errs[i] = s.InTx(t.Context(), write(fmt.Sprint("r", i), fail))
		})
	}
	wg.Go(func() { require.NoError(t, s.Append(t.Context(), []subscription.Change{named("store")})) })
	s.waitQueued(7)
	require.NoError(t, held.Commit())
	wg.Wait()
	for i, err := range errs {
		require.Equal(t, i%2 == 1, errors.Is(err, boom), "%v", err)
	}
	ids := s.ids(t)
	slices.Sort(ids)
	require.Equal(t, []string{"host", "r0", "r2", "r4", "store"}, ids)
	rows := 0
	require.NoError(t, s.db.QueryRow(`SELECT count(*) FROM host`).Scan(&rows))
	require.Equal(t, 3, rows)

	require.Error(t, s.InTx(t.Context(), write("r0", nil)), "a statement that fails undoes the host's part")
	require.Len(t, s.ids(t), 5)
}

func TestInTxGivesPanicsBack(t *testing.T) {
	s := newStore(t)
	require.PanicsWithValue(t, "the host's mistake", func() {
		_ = s.InTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			require.NoError(t, s.Tx(tx).Append(ctx, []subscription.Change{named("half")}))
			panic("the host's mistake")
		})
	})
	require.NoError(t, s.Append(t.Context(), []subscription.Change{named("next")}))
	require.Equal(t, []string{"next"}, s.ids(t))
}

func TestInTxObeysContext(t *testing.T) {
	s := newStore(t)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.InTx(ended, func(context.Context, *sql.Tx) error { panic("it must not be called") }), context.Canceled)

	ctx, cancel := context.WithCancel(t.Context())
	require.NoError(t, s.InTx(ctx, func(inner context.Context, tx *sql.Tx) error {
		cancel()
		return s.Tx(tx).Append(inner, []subscription.Change{named("whole")})
	}), "what has begun is not interrupted")
	require.Equal(t, []string{"whole"}, s.ids(t))
}

func TestInTxRefusesToWaitForItself(t *testing.T) {
	s := newStore(t)
	err := s.InTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		return s.Append(ctx, []subscription.Change{named("slip")})
	})
	require.ErrorContains(t, err, "use Store.Tx")
	require.Empty(t, s.ids(t))
}
