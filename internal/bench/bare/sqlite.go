package bare

import (
	"context"
	"database/sql"
	"errors"
	"strings"
)

// SQLite is a Log in a database of its own.
type SQLite struct {
	db                      *sql.DB
	change, delivery, ended *sql.Stmt
}

// NewSQLite makes its tables. Whether a commit survives the loss of power is how db was
// opened.
func NewSQLite(db *sql.DB) (*SQLite, error) {
	if _, err := db.Exec(`CREATE TABLE bare_change (id INTEGER PRIMARY KEY, resource BLOB NOT NULL);
		CREATE TABLE bare_delivery (subscriber INTEGER NOT NULL, number INTEGER NOT NULL, change INTEGER NOT NULL,
			PRIMARY KEY (subscriber, number)) WITHOUT ROWID`); err != nil {
		return nil, err
	}
	s := &SQLite{db: db}
	var errs [3]error
	s.change, errs[0] = db.Prepare(`INSERT INTO bare_change VALUES (?, ?)`)
	s.delivery, errs[1] = db.Prepare(`INSERT INTO bare_delivery VALUES (?, ?, ?)`)
	s.ended, errs[2] = db.Prepare(`DELETE FROM bare_delivery WHERE subscriber = ? AND number = ?`)
	return s, errors.Join(errs[:]...)
}

// Commit implements Log.
func (s *SQLite) Commit(ctx context.Context, added, done []*Event) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	change, delivery, ended := tx.Stmt(s.change), tx.Stmt(s.delivery), tx.Stmt(s.ended)
	for _, e := range added {
		if _, err := change.Exec(e.ID, e.Resource); err != nil {
			return err
		}
		if _, err := delivery.Exec(e.Subscriber, e.Number, e.ID); err != nil {
			return err
		}
	}
	for _, e := range done {
		if _, err := ended.Exec(e.Subscriber, e.Number); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// Separate implements Log: SQLite has one writer.
func (s *SQLite) Separate() bool { return false }

// Close implements Log. It leaves the database to whoever opened it.
func (s *SQLite) Close() error {
	return errors.Join(s.change.Close(), s.delivery.Close(), s.ended.Close())
}

// SQLiteRows inserts n rows of three integers, a thousand a statement, in one transaction,
// into the table that it makes if there is none.
func SQLiteRows(ctx context.Context, db *sql.DB, round int64, keys []int64) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.Exec(`CREATE TABLE IF NOT EXISTS bare_row (a INTEGER, b INTEGER, c INTEGER, PRIMARY KEY (a, b)) WITHOUT ROWID`); err != nil {
		return err
	}
	for len(keys) > 0 {
		n := min(1000, len(keys))
		args := make([]any, 0, 3*n)
		for _, key := range keys[:n] {
			args = append(args, key, round, round)
		}
		if _, err := tx.Exec(`INSERT INTO bare_row VALUES (?, ?, ?)`+strings.Repeat(`, (?, ?, ?)`, n-1), args...); err != nil {
			return err
		}
		keys = keys[n:]
	}
	return tx.Commit()
}
