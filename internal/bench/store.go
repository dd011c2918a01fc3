package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/carillon-fhir/carillon/internal/bench/bare"
	"github.com/carillon-fhir/carillon/internal/postgrestest"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/store/postgres"
	"github.com/carillon-fhir/carillon/store/sqlite"
	"github.com/carillon-fhir/carillon/store/sqlite/modernc"
	"github.com/carillon-fhir/carillon/subscription"
)

// storeKind is a kind of store that is measured.
type storeKind struct {
	name, title string
	open        func() (*database, error)
}

var (
	storeMemory   = storeKind{"memory", "memory", openMemory}
	storeSQLite   = storeKind{"sqlite", "SQLite FULL", openSQLite}
	storePostgres = storeKind{"postgres", "PostgreSQL", openPostgres}
)

// database is where a store keeps its rows, and where the ceiling keeps its own.
type database struct {
	// store returns the store over the database that tells whom a claim's outcome was
	// written for.
	store func(*finishes) (subscription.Store, error)
	// multiply makes n subscriptions of the only one that there is; see stamp.
	multiply func(ctx context.Context, only subscription.Record, n int) error
	log      func(context.Context) (bare.Log, error)
	rows     func(ctx context.Context, round int64, keys []int64) error // bare; nil: there are none
	server   func() time.Duration                                       // processor time of other processes
	written  func() float64                                             // bytes that it has written ahead; 0 where that is not known
	version  string                                                     // of PostgreSQL
	close    func() error
}

func nothing() time.Duration { return 0 }

func unknown() float64 { return 0 }

func openMemory() (*database, error) {
	m := memory.New()
	return &database{
		store: func(f *finishes) (subscription.Store, error) { return memoryStore{m, f}, nil },
		multiply: func(ctx context.Context, only subscription.Record, n int) error {
			for i := 1; i < n; i++ {
				r := only
				r.ID, r.Resource, r.Spec = fmt.Sprintf("s%d", i), stamp(only.Resource, only.ID, i), stamp(only.Spec, only.ID, i)
				if _, err := m.PutSubscription(ctx, r, 0); err != nil {
					return err
				}
			}
			return nil
		},
		log:    func(context.Context) (bare.Log, error) { return new(bare.Memory), nil },
		server: nothing, written: unknown,
		close: func() error { return nil },
	}, nil
}

func openSQLite() (*database, error) {
	folder, err := os.MkdirTemp("", "carillon-bench")
	if err != nil {
		return nil, err
	}
	db, err := modernc.Open(filepath.Join(folder, "bench.db"))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	ceiling, err := modernc.Open(filepath.Join(folder, "bare.db"))
	if err != nil {
		return nil, errors.Join(err, db.Close(), os.RemoveAll(folder))
	}
	ceiling.SetMaxOpenConns(1)
	return &database{
		store: func(f *finishes) (subscription.Store, error) {
			s := sqlite.New(db, sqlite.Config{})
			return sqliteStore{s, f}, s.Migrate(context.Background())
		},
		multiply: func(ctx context.Context, only subscription.Record, n int) error {
			text := func(column string) string {
				return stampSQL("CAST(replace(replace(replace(CAST("+column+" AS TEXT), %s), %s), %s) AS BLOB)", only.ID)
			}
			for table, own := range map[string]map[string]string{
				"carillon_subscription": {"key": "1 + i", "id": "'s' || i", "resource": text("resource"), "spec": text("spec"), "sequenced": text("sequenced")},
				"carillon_delivery":     {"subscription": "1 + i"},
			} {
				rows, err := db.QueryContext(ctx, `SELECT name FROM pragma_table_info(?)`, table)
				if err != nil {
					return err
				}
				columns, err := scan(rows.Next, func(to *string) error { return rows.Scan(to) })
				if err := errors.Join(err, rows.Err(), rows.Close()); err != nil {
					return err
				}
				if _, err := db.ExecContext(ctx, `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) `+
					insertCopies(table, columns, own, "", table+" CROSS JOIN n"), n-1); err != nil {
					return err
				}
			}
			return nil
		},
		log: func(context.Context) (bare.Log, error) { return bare.NewSQLite(ceiling) },
		rows: func(ctx context.Context, round int64, keys []int64) error {
			return bare.SQLiteRows(ctx, ceiling, round, keys)
		},
		server: nothing, written: unknown,
		close: func() error { return errors.Join(db.Close(), ceiling.Close(), os.RemoveAll(folder)) },
	}, nil
}

func openPostgres() (*database, error) {
	cluster, err := postgrestest.Start("") // with fsync on
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, cluster.DSN("postgres")+" pool_max_conns=16")
	if err != nil {
		return nil, errors.Join(err, cluster.Close())
	}
	var version string
	ceiling, err := bare.NewPostgres(ctx, pool)
	if err == nil {
		err = pool.QueryRow(ctx, `SHOW server_version`).Scan(&version)
	}
	if err != nil {
		pool.Close()
		return nil, errors.Join(err, cluster.Close())
	}
	version, _, _ = strings.Cut(version, " ")
	return &database{
		store: func(f *finishes) (subscription.Store, error) {
			s := postgres.New(pool, postgres.Config{})
			return postgresStore{s, f}, s.Migrate(ctx)
		},
		multiply: func(ctx context.Context, only subscription.Record, n int) error {
			text := func(column string) string {
				return stampSQL("convert_to(replace(replace(replace(convert_from("+column+", 'UTF8'), %s), %s), %s), 'UTF8')", only.ID)
			}
			for table, own := range map[string]map[string]string{
				"subscription": {"key": "1 + i", "id": "'s' || i", "resource": text("resource"), "spec": text("spec"), "sequenced": text("sequenced")},
				"delivery":     {"subscription": "1 + i"},
			} {
				rows, err := pool.Query(ctx, `SELECT column_name::text FROM information_schema.columns WHERE table_schema = 'carillon' AND table_name = $1`, table)
				if err != nil {
					return err
				}
				columns, err := scan(rows.Next, func(to *string) error { return rows.Scan(to) })
				if err := errors.Join(err, rows.Err()); err != nil {
					return err
				}
				if _, err := pool.Exec(ctx, insertCopies("carillon."+table, columns, own, "OVERRIDING SYSTEM VALUE",
					"carillon."+table+" CROSS JOIN generate_series(1, $1::integer) AS n (i)"), n-1); err != nil {
					return err
				}
				if _, err := pool.Exec(ctx, `ANALYZE carillon.`+table); err != nil {
					return err
				}
			}
			return nil
		},
		log:    func(context.Context) (bare.Log, error) { return ceiling, nil },
		rows:   ceiling.Rows,
		server: cluster.ProcessorTime,
		written: func() (bytes float64) {
			_ = pool.QueryRow(ctx, `SELECT (pg_current_wal_insert_lsn() - '0/0')::float8`).Scan(&bytes)
			return bytes
		},
		version: version,
		close:   func() error { pool.Close(); return cluster.Close() },
	}, nil
}
