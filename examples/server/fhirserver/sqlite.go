package fhirserver

import (
	"context"
	"database/sql"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/store/sqlite"
	"github.com/carillon-fhir/carillon/store/sqlite/modernc"
	"github.com/carillon-fhir/carillon/subscription"
)

//go:embed sqlite.sql
var sqliteSchema string

// openSQLite opens or creates a file with the tables of the server and the engine.
// Transactions take turns in it.
func openSQLite(ctx context.Context, file string) (*database, error) {
	db, err := modernc.Open(file)
	if err != nil {
		return nil, err
	}
	store := sqlite.New(db, sqlite.Config{})
	if err := store.Migrate(ctx); err != nil {
		db.Close()
		return nil, err
	}
	if _, err := db.ExecContext(ctx, sqliteSchema); err != nil {
		db.Close()
		return nil, failed("making the tables", err)
	}
	return &database{
		DB: db, store: store, inTx: store.InTx,
		wrap:     func(tx *sql.Tx) subscription.Tx { return store.Tx(tx) },
		elements: `SELECT value FROM json_each(%s)`,
		closers:  []func() error{db.Close},
	}, nil
}

// openMemory keeps the engine's state in memory and the resources in a file that
// Close removes.
func openMemory(ctx context.Context) (*database, error) {
	folder, err := os.MkdirTemp("", "fhirserver")
	if err != nil {
		return nil, fmt.Errorf("fhirserver: making a temporary folder: %w", err)
	}
	d, err := openSQLite(ctx, filepath.Join(folder, "fhir.db"))
	if err != nil {
		os.RemoveAll(folder)
		return nil, err
	}
	d.store, d.wrap = memory.New(), nil
	d.closers = append([]func() error{func() error { return os.RemoveAll(folder) }}, d.closers...)
	return d, nil
}
