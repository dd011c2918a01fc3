package host

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/carillon-fhir/carillon/store/postgres"
	"github.com/carillon-fhir/carillon/subscription"
)

// connections is the size of the pool unless the DSN has a pool_max_conns. Requests
// and the engine share it.
const connections = 16

// openPostgres connects to a database that any number of processes may share, and makes
// the tables of the host and the engine.
func openPostgres(ctx context.Context, dsn string, s Schema) (*Database, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil { // its text quotes the DSN
		return nil, errors.New("host: Store: the connection string behind postgres: can't be read")
	}
	if !strings.Contains(dsn, "pool_max_conns") {
		config.MaxConns = connections
	}
	// A node that stands still in the middle of a transaction must not keep the others
	// from what it has locked.
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `SET idle_in_transaction_session_timeout = '5s'`)
		return err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, Failed("connecting", err)
	}
	store, db := postgres.New(pool, postgres.Config{}), stdlib.OpenDBFromPool(pool)
	d := &Database{
		DB: db, Store: store, Shared: true,
		InTx: func(ctx context.Context, f func(context.Context, *sql.Tx) error) error {
			return again(ctx, func() error { return inTx(ctx, db, f) })
		},
		Tx:      func(tx *sql.Tx) subscription.Tx { return store.SQLTx(tx) },
		closers: []func() error{func() error { pool.Close(); return nil }, db.Close},
	}
	err = store.Migrate(ctx)
	if err == nil {
		err = d.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
			// Nodes may start at once.
			if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('carillon host', 0))`); err != nil {
				return Failed("waiting for other nodes", err)
			}
			_, err := tx.ExecContext(ctx, s.Postgres)
			return Failed("making the tables", err)
		})
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// inTx is one attempt. Each statement sees what was committed before it, so that what
// follows hold sees what was waited for.
func inTx(ctx context.Context, db *sql.DB, f func(context.Context, *sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return Failed("beginning a transaction", err)
	}
	defer tx.Rollback() // after Commit it does nothing
	if err := f(ctx, tx); err != nil {
		return err
	}
	return Failed("committing", tx.Commit())
}

// attempts is how often a transaction is tried that is in the way of another.
const attempts = 5

// again calls f until it does something else than fail for the work of others: then
// nothing of it has happened.
func again(ctx context.Context, f func() error) error {
	for tried := 1; ; tried++ {
		err := f()
		if err == nil || tried == attempts || !mayGoBetter(err) {
			return err
		}
		select {
		case <-time.After(rand.N(time.Duration(tried) * 20 * time.Millisecond)):
		case <-ctx.Done():
			return err
		}
	}
}

// mayGoBetter reports whether err says that another transaction came first, or that
// the connection was dead before anything was sent.
func mayGoBetter(err error) bool {
	var server *pgconn.PgError
	if errors.As(err, &server) {
		switch server.Code {
		case "40001", "40P01", "23505": // serialization failure, deadlock, unique violation
			return true
		}
		return false
	}
	return pgconn.SafeToRetry(err)
}
