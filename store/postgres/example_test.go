package postgres_test

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/store/postgres"
	"github.com/carillon-fhir/carillon/subscription"
)

// A host at its start. (The examples have no output of their own, because they need a
// server; TestExamples runs what is in them.)
func Example() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, "postgres://host@db.example.org/hospital")
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	store := postgres.New(pool, postgres.Config{})
	if err := store.Migrate(ctx); err != nil {
		log.Fatal(err)
	}
}

// savePatient writes a resource and its change in one transaction of pgx.
func savePatient(ctx context.Context, pool *pgxpool.Pool, store *postgres.Store, id string) error {
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO resource (id) VALUES ($1)`, id); err != nil {
			return err
		}
		// With an engine: engine.OnResourceChangeTx(ctx, store.Tx(tx), change)
		return store.Tx(tx).Append(ctx, []subscription.Change{{ResourceType: "Patient", ResourceID: id}})
	})
}

func ExampleStore_Tx() {
	ctx := context.Background()
	var pool *pgxpool.Pool // the host's
	store := postgres.New(pool, postgres.Config{})
	if err := savePatient(ctx, pool, store, "p1"); err != nil {
		log.Fatal(err)
	}
}

// savePatientSQL does the same through database/sql.
func savePatientSQL(ctx context.Context, db *sql.DB, store *postgres.Store, id string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, `INSERT INTO resource (id) VALUES ($1)`, id); err != nil {
		return err
	}
	err = store.SQLTx(tx).Append(ctx, []subscription.Change{{ResourceType: "Patient", ResourceID: id}})
	if err != nil {
		return err
	}
	return tx.Commit()
}

func ExampleStore_SQLTx() {
	ctx := context.Background()
	var pool *pgxpool.Pool // the store's
	db := stdlib.OpenDBFromPool(pool)
	if err := savePatientSQL(ctx, db, postgres.New(pool, postgres.Config{}), "p1"); err != nil {
		log.Fatal(err)
	}
}

func ExampleStore_Reshard() {
	ctx := context.Background()
	var pool *pgxpool.Pool // the operator's
	store := postgres.New(pool, postgres.Config{})
	if err := store.Reshard(ctx, 4); err != nil {
		log.Fatal(err)
	}
}

func TestExamples(t *testing.T) {
	h := newHost(t)
	ctx := t.Context()
	_, err := h.pool.Exec(ctx, `CREATE TABLE resource (id text PRIMARY KEY)`)
	require.NoError(t, err)
	db := stdlib.OpenDBFromPool(h.pool)
	defer db.Close()
	for i := range 2 {
		require.NoError(t, savePatient(ctx, h.pool, h.Store, fmt.Sprint("a", i)))
		require.NoError(t, savePatientSQL(ctx, db, h.Store, fmt.Sprint("b", i)))
		require.Error(t, savePatient(ctx, h.pool, h.Store, "a0"), "there already")
		require.Error(t, savePatientSQL(ctx, db, h.Store, "b0"), "there already")
	}
	read, err := h.ReadChanges(ctx, 0, 10)
	require.NoError(t, err)
	require.Len(t, read, 4)
}
