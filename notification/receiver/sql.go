package receiver

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// SQL is Positions in a table of a database/sql database. To have the effect of an event
// exactly once, write it in a transaction with Advance:
//
//	func handle(ctx context.Context, e receiver.Event) error {
//		tx, err := db.BeginTx(ctx, nil)
//		...
//		defer tx.Rollback()
//		first, err := positions.Advance(ctx, tx, e)
//		if err != nil || !first {
//			return err
//		}
//		... // the effect, in tx
//		return tx.Commit()
//	}
type SQL struct {
	db                          *sql.DB
	load, save, insert, advance string
}

// NewSQL uses the table of the given name, which is trusted text; see CreateTable.
// numbered says how the driver writes placeholders: $1, $2 (PostgreSQL, SQLite) if true,
// else ? (MySQL, SQLite).
func NewSQL(db *sql.DB, table string, numbered bool) *SQL {
	text := func(query string) string {
		query = strings.ReplaceAll(query, "TABLE", table)
		if !numbered {
			query = strings.NewReplacer("$1", "?", "$2", "?", "$3", "?").Replace(query)
		}
		return query
	}
	return &SQL{
		db:      db,
		load:    text("select number from TABLE where subscription = $1"),
		save:    text("update TABLE set number = $1 where subscription = $2"),
		insert:  text("insert into TABLE (number, subscription) values ($1, $2)"),
		advance: text("update TABLE set number = $1 where subscription = $2 and number < $3"),
	}
}

// CreateTable returns the statement that makes the table, for the host's own migrations.
func CreateTable(table string) string {
	return "create table " + table + " (subscription varchar(64) not null primary key, number bigint not null)"
}

// Load implements Positions.
func (s *SQL) Load(ctx context.Context, subscription string) (number int64, err error) {
	err = s.db.QueryRowContext(ctx, s.load, subscription).Scan(&number)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return number, failed(err)
}

// Save implements Positions.
func (s *SQL) Save(ctx context.Context, subscription string, number int64) error {
	changed, err := exec(ctx, s.db, s.save, number, subscription)
	if err == nil && !changed {
		_, err = exec(ctx, s.db, s.insert, number, subscription)
	}
	return failed(err)
}

// Advance puts the position behind e in the caller's transaction. It returns false if it
// is there already: then e has had its effect. An event without a number is always the
// first of its kind.
func (s *SQL) Advance(ctx context.Context, tx *sql.Tx, e Event) (first bool, err error) {
	if e.Number <= 0 {
		return true, nil
	}
	if first, err = exec(ctx, tx, s.advance, e.Number, e.Subscription, e.Number); err != nil || first {
		return first, failed(err)
	}
	var number int64
	err = tx.QueryRowContext(ctx, s.load, e.Subscription).Scan(&number)
	if errors.Is(err, sql.ErrNoRows) {
		_, err = exec(ctx, tx, s.insert, e.Number, e.Subscription)
		return err == nil, failed(err)
	}
	return false, failed(err)
}

type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

func exec(ctx context.Context, db execer, query string, args ...any) (changed bool, err error) {
	result, err := db.ExecContext(ctx, query, args...)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

func failed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("receiver: positions: %w", err)
}
