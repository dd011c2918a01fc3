package postgres

import (
	"context"
	"embed"
	"errors"
	"io/fs"

	"github.com/jackc/pgx/v5"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrNewerSchema means that a newer release of this package has migrated the
// database, and that this one can't know what is in it.
var ErrNewerSchema = errors.New("postgres: the schema is newer than this release knows")

// Migrate brings the tables to the version of this release, in one transaction, and
// creates the schema if it is missing: the user needs the right to do either. It does
// nothing if the tables are there already, and fails with ErrNewerSchema if they are
// of a later version. Any number of nodes may call it at once.
func (s *Store) Migrate(ctx context.Context) error {
	return failed("migrating", s.transact(ctx, func(tx pgx.Tx) error { return s.migrate(ctx, tx) }))
}

// migrate applies the migrations that the database lacks. The version is the number of
// those that it has.
func (s *Store) migrate(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(1130459753, hashtext($1::text))`, s.config.Schema)
	if err != nil {
		return err
	}
	var exists bool
	err = tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1::text)`, s.config.Schema).Scan(&exists)
	if err != nil {
		return err
	}
	if !exists {
		if _, err := tx.Exec(ctx, "CREATE SCHEMA "+pgx.Identifier{s.config.Schema}.Sanitize()); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, s.in(`CREATE TABLE IF NOT EXISTS carillon.migration (version bigint NOT NULL)`)); err != nil {
		return err
	}
	var version int
	err = tx.QueryRow(ctx, s.in(`SELECT coalesce(max(version), 0) FROM carillon.migration`)).Scan(&version)
	if err != nil {
		return err
	}
	names, err := fs.Glob(migrations, "migrations/*.sql") // sorted: their numbers have four digits
	if err != nil {
		return err
	}
	if version > len(names) {
		return ErrNewerSchema
	}
	for i, name := range names[version:] {
		text, err := migrations.ReadFile(name)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, s.in(string(text))); err != nil { // without arguments: many statements
			return err
		}
		if _, err := tx.Exec(ctx, s.in(`INSERT INTO carillon.migration VALUES ($1::bigint)`), version+i+1); err != nil {
			return err
		}
	}
	return nil
}
