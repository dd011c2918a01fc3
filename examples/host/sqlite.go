package host

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/store/sqlite"
	"github.com/carillon-fhir/carillon/store/sqlite/modernc"
	"github.com/carillon-fhir/carillon/subscription"
)

// openSQLite opens or creates a file with the tables of the host and the engine.
// Transactions take turns in it.
func openSQLite(ctx context.Context, file string, s Schema) (*Database, error) {
	db, err := modernc.Open(file)
	if err != nil {
		return nil, err
	}
	store := sqlite.New(db, sqlite.Config{})
	if err := store.Migrate(ctx); err != nil {
		db.Close()
		return nil, err
	}
	if _, err := db.ExecContext(ctx, s.SQLite); err != nil {
		db.Close()
		return nil, Failed("making the tables", err)
	}
	return &Database{
		DB: db, Store: store, InTx: store.InTx,
		Tx:      func(tx *sql.Tx) subscription.Tx { return store.Tx(tx) },
		closers: []func() error{db.Close},
	}, nil
}

// openMemory keeps the engine's state in memory and the host's tables in a file that
// Close removes.
func openMemory(ctx context.Context, s Schema) (*Database, error) {
	folder, err := os.MkdirTemp("", "carillon")
	if err != nil {
		return nil, fmt.Errorf("host: making a temporary folder: %w", err)
	}
	d, err := openSQLite(ctx, filepath.Join(folder, "fhir.db"), s)
	if err != nil {
		os.RemoveAll(folder)
		return nil, err
	}
	d.Store, d.Tx = memory.New(), nil
	d.closers = append([]func() error{func() error { return os.RemoveAll(folder) }}, d.closers...)
	return d, nil
}
