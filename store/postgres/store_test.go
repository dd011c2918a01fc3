package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/postgrestest"
	"github.com/carillon-fhir/carillon/store/postgres"
	"github.com/carillon-fhir/carillon/store/storetest"
	"github.com/carillon-fhir/carillon/subscription"
)

// host is a store with the database that a host has beside it.
type host struct {
	*postgres.Store
	pool   *pgxpool.Pool
	config postgres.Config
}

// open returns a store in a database with a pool of its own, as a node has it.
func open(t testing.TB, dsn string, c postgres.Config, edit ...func(*pgxpool.Config)) host {
	config, err := pgxpool.ParseConfig(dsn)
	require.NoError(t, err)
	config.MaxConns = 16
	for _, f := range edit {
		f(config)
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return in(t, pool, c)
}

// in returns a store in a schema of a database.
func in(t testing.TB, pool *pgxpool.Pool, c postgres.Config) host {
	h := host{postgres.New(pool, c), pool, c}
	require.NoError(t, h.Migrate(t.Context()))
	return h
}

func newHost(t testing.TB) host { return open(t, postgrestest.DSN(t), postgres.Config{}) }

// harness makes stores in schemas of one database.
func harness(t testing.TB, dsn string, c postgres.Config, edit ...func(*pgxpool.Config)) storetest.Harness {
	pool := open(t, dsn, c, edit...).pool
	var schemas atomic.Int64
	return storetest.Harness{
		New: func(t testing.TB) subscription.Store {
			c := c
			c.Schema = fmt.Sprint(`clause's "`, schemas.Add(1), `"`)
			return in(t, pool, c)
		},
		// What a killed process leaves is what the server has; a node that comes back has
		// nothing else.
		Reopen: func(t testing.TB, s subscription.Store) subscription.Store { return in(t, pool, s.(host).config) },
		Begin: func(t testing.TB, s subscription.Store) (subscription.Tx, func() error, func() error) {
			tx, err := pool.Begin(t.Context())
			require.NoError(t, err)
			ctx := context.Background()
			return s.(host).Tx(tx), func() error { return tx.Commit(ctx) }, func() error { return tx.Rollback(ctx) }
		},
		Another: func(t testing.TB, s subscription.Store) subscription.Store {
			return open(t, dsn, s.(host).config, edit...)
		},
		Disconnect: func(t testing.TB, s subscription.Store) {
			_, err := pool.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = $1::text`,
				"LISTEN "+pgx.Identifier{s.(host).config.Schema}.Sanitize())
			require.NoError(t, err)
		},
		Reshard: func(t testing.TB, s subscription.Store, n int) {
			require.NoError(t, s.(host).Reshard(t.Context(), n))
		},
	}
}

func mode(m pgx.QueryExecMode) func(*pgxpool.Config) {
	return func(c *pgxpool.Config) { c.ConnConfig.DefaultQueryExecMode = m }
}

func TestStore(t *testing.T) { storetest.Run(t, harness(t, postgrestest.DSN(t), postgres.Config{})) }

// The oldest way to ask, in which everything is text.
func TestStoreBySimpleProtocol(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out the suite in the oldest protocol; TestStore has it in the default one")
	}
	storetest.Run(t, harness(t, postgrestest.DSN(t), postgres.Config{}, mode(pgx.QueryExecModeSimpleProtocol)))
}

// A host on database/sql: the clauses in which it has a part.
func TestStoreWithDatabaseSQL(t *testing.T) {
	h := harness(t, postgrestest.DSN(t), postgres.Config{})
	h.Begin = func(t testing.TB, s subscription.Store) (subscription.Tx, func() error, func() error) {
		db := stdlib.OpenDBFromPool(s.(host).pool)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		tx, err := db.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		return s.(host).SQLTx(tx), tx.Commit, tx.Rollback
	}
	for _, c := range storetest.Clauses() {
		if strings.HasPrefix(c.Name, "Tx") || strings.HasPrefix(c.Name, "Crash") {
			t.Run(c.Name, func(t *testing.T) { c.Test(t, h) })
		}
	}
}

// What goes through database/sql is what goes through pgx.
func TestDatabaseSQLKeepsEveryField(t *testing.T) {
	h := newHost(t)
	db := stdlib.OpenDBFromPool(h.pool)
	defer db.Close()
	c := sample(1)
	c.Previous, c.Undecided, c.Spec, c.Events, c.URL = []byte(`{}`), []string{"a", "b"}, []byte{0, 255}, []byte{1}, "Observation?\xff"
	for _, tx := range []subscription.Tx{h.Store, h.Tx(h.pool), h.SQLTx(db)} {
		require.NoError(t, tx.Append(t.Context(), []subscription.Change{c, {Tenant: "t"}}))
	}
	read, err := h.ReadChanges(t.Context(), 0, 10)
	require.NoError(t, err)
	require.Len(t, read, 6)
	for i, got := range read {
		want := read[i%2]
		want.Position, want.At = got.Position, want.At.UTC()
		require.Equal(t, want, got)
	}
	c.Position, c.At = read[4].Position, c.At.UTC()
	require.Equal(t, c, read[4])
	require.NoError(t, h.SQLTx(db).Append(t.Context(), make([]subscription.Change, 9000)))
	read, err = h.ReadChanges(t.Context(), read[5].Position, 10_000)
	require.NoError(t, err)
	require.Len(t, read, 9000)
}
