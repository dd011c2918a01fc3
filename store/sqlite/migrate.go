package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrNewerSchema means that a newer release of this package has migrated the
// file, and that this one can't know what is in it.
var ErrNewerSchema = errors.New("sqlite: the schema is newer than this release knows")

// Migrate brings the tables to the version of this release, in one transaction.
// It does nothing if they are there already, and fails with ErrNewerSchema if they
// are of a later version. It may be called by several processes at once, but not
// by one that holds a transaction.
func (s *Store) Migrate(ctx context.Context) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("sqlite: connecting: %w", err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return busy(err)
	}
	if err = migrate(ctx, conn); err == nil {
		_, err = conn.ExecContext(ctx, "COMMIT")
	}
	if err != nil {
		conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		return fmt.Errorf("sqlite: migrating: %w", err)
	}
	return nil
}

// migrate applies the migrations that the database lacks. The version is the
// number of those that it has.
func migrate(ctx context.Context, conn *sql.Conn) error {
	if _, err := conn.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS carillon_schema (version INTEGER NOT NULL)`); err != nil {
		return err
	}
	var version int
	err := conn.QueryRowContext(ctx, `SELECT coalesce(max(version), 0) FROM carillon_schema`).Scan(&version)
	if err != nil {
		return err
	}
	names, err := fs.Glob(migrations, "migrations/*.sql") // sorted: their numbers have four digits
	if err != nil {
		return err
	}
	if version > len(names) {
		return fmt.Errorf("%w: version %d, not %d", ErrNewerSchema, version, len(names))
	}
	for _, name := range names[version:] {
		text, err := migrations.ReadFile(name)
		if err != nil {
			return err
		}
		if _, err := conn.ExecContext(ctx, string(text)); err != nil {
			return err
		}
	}
	if version == len(names) {
		return nil
	}
	_, err = conn.ExecContext(ctx, `DELETE FROM carillon_schema; INSERT INTO carillon_schema VALUES (?)`, len(names))
	return err
}
