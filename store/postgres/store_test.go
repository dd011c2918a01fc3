package postgres_test

import (
	"context"
	"database/sql"
	"fmt"
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
	h := host{postgres.New(pool, c), pool, c}
	require.NoError(t, h.Migrate(t.Context()))
	return h
}

func newHost(t testing.TB) host { return open(t, postgrestest.DSN(t), postgres.Config{}) }

// harness makes stores in schemas of one database.
func harness(dsn string, edit ...func(*pgxpool.Config)) storetest.Harness {
	var schemas atomic.Int64
	return storetest.Harness{
		New: func(t testing.TB) subscription.Store {
			c := postgres.Config{Schema: fmt.Sprint(`clause's "`, schemas.Add(1), `"`)}
			return open(t, dsn, c, edit...)
		},
		// What a killed process leaves is what the server has; a node that comes back has
		// nothing else.
		Reopen: func(t testing.TB, s subscription.Store) subscription.Store {
			return open(t, dsn, s.(host).config, edit...)
		},
		Begin: func(t testing.TB, s subscription.Store) (subscription.Tx, func() error, func() error) {
			tx, err := s.(host).pool.Begin(t.Context())
			require.NoError(t, err)
			ctx := context.Background()
			return s.(host).Tx(tx), func() error { return tx.Commit(ctx) }, func() error { return tx.Rollback(ctx) }
		},
	}
}

func mode(m pgx.QueryExecMode) func(*pgxpool.Config) {
	return func(c *pgxpool.Config) { c.ConnConfig.DefaultQueryExecMode = m }
}

func TestStore(t *testing.T) { storetest.Run(t, harness(postgrestest.DSN(t))) }

// Nothing needs to be prepared, which a pooler in transaction mode may not allow.
func TestStoreWithoutPreparedStatements(t *testing.T) {
	storetest.Run(t, harness(postgrestest.DSN(t), mode(pgx.QueryExecModeExec)))
}

func TestStoreBySimpleProtocol(t *testing.T) {
	storetest.Run(t, harness(postgrestest.DSN(t), mode(pgx.QueryExecModeSimpleProtocol)))
}

// A host on database/sql.
func TestStoreWithDatabaseSQL(t *testing.T) {
	h := harness(postgrestest.DSN(t))
	h.Begin = func(t testing.TB, s subscription.Store) (subscription.Tx, func() error, func() error) {
		db := stdlib.OpenDBFromPool(s.(host).pool)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		tx, err := db.BeginTx(t.Context(), &sql.TxOptions{})
		require.NoError(t, err)
		return s.(host).SQLTx(tx), tx.Commit, tx.Rollback
	}
	storetest.Run(t, h)
}
