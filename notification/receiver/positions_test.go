package receiver_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // a database for the example and the test

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/notification/receiver"
)

func openSQL(t testing.TB, path string, numbered bool) (*sql.DB, *receiver.SQL) {
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	_, err = db.ExecContext(t.Context(), receiver.CreateTable("positions"))
	if err != nil {
		require.ErrorContains(t, err, "already exists")
	}
	return db, receiver.NewSQL(db, "positions", numbered)
}

func TestPositionsAreKept(t *testing.T) {
	dir := t.TempDir()
	open := map[string]func() receiver.Positions{
		"file": func() receiver.Positions {
			f, err := receiver.OpenFile(filepath.Join(dir, "positions.json"))
			require.NoError(t, err)
			return f
		},
		"sql": func() receiver.Positions {
			_, s := openSQL(t, filepath.Join(dir, "a.db"), true)
			return s
		},
		"sql with question marks": func() receiver.Positions {
			_, s := openSQL(t, filepath.Join(dir, "b.db"), false)
			return s
		},
	}
	for name, open := range open {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			p := open()
			n, err := p.Load(ctx, "1")
			require.NoError(t, err)
			require.Zero(t, n)
			require.NoError(t, p.Save(ctx, "1", 1<<62))
			require.NoError(t, p.Save(ctx, "2", 7))
			require.NoError(t, p.Save(ctx, "1", 5), "a reset lowers it")
			p = open()
			for id, want := range map[string]int64{"1": 5, "2": 7, "3": 0} {
				n, err := p.Load(ctx, id)
				require.NoError(t, err)
				require.Equal(t, want, n)
			}
		})
	}
}

func TestAFileThatCannotBeReadIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "positions.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"1":`), 0o600))
	_, err := receiver.OpenFile(path)
	require.Error(t, err)
}

// An effect in the transaction that moves the position happens exactly once, whatever
// comes again and whenever the process ends.
func TestAdvanceMakesEffectsExactlyOnce(t *testing.T) {
	db, positions := openSQL(t, filepath.Join(t.TempDir(), "host.db"), true)
	_, err := db.ExecContext(t.Context(), "create table effect (number bigint)")
	require.NoError(t, err)
	handle := func(ctx context.Context, e receiver.Event, crash bool) (first bool) {
		tx, err := db.BeginTx(ctx, nil)
		require.NoError(t, err)
		defer func() { _ = tx.Rollback() }()
		first, err = positions.Advance(ctx, tx, e)
		require.NoError(t, err)
		if !first {
			return false
		}
		_, err = tx.ExecContext(ctx, "insert into effect values ($1)", e.Number)
		require.NoError(t, err)
		if !crash {
			require.NoError(t, tx.Commit())
		}
		return true
	}
	for n := int64(1); n <= 3; n++ {
		e := receiver.Event{Subscription: "1", Event: notification.Event{Number: n}}
		require.True(t, handle(t.Context(), e, true), "a crash before the commit leaves nothing")
		require.True(t, handle(t.Context(), e, false))
		require.False(t, handle(t.Context(), e, false))
	}
	require.False(t, handle(t.Context(), receiver.Event{Subscription: "1", Event: notification.Event{Number: 2}}, false))
	var effects, position int64
	require.NoError(t, db.QueryRowContext(t.Context(), "select count(*) from effect").Scan(&effects))
	require.EqualValues(t, 3, effects)
	position, err = positions.Load(t.Context(), "1")
	require.NoError(t, err)
	require.EqualValues(t, 3, position)
}
