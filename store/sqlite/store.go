package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

// Config holds what may be set. The zero value is good.
type Config struct {
	// MaxBatch is the most writes that share a commit; 0 means 256. More raise the
	// rate under load, fewer shorten the longest wait.
	MaxBatch int
}

// Store implements subscription.Store in a SQLite database. It is made by New and
// safe for concurrent use by the goroutines of one process.
type Store struct {
	db       *sql.DB
	maxBatch int

	mu      sync.Mutex
	queue   []*write // waiting for a commit, in order
	writing bool     // there is a goroutine that empties queue

	recent *recent
	work   work

	preparing chan struct{} // has one place, for who prepares the statements
	prepared  *[queries]*sql.Stmt
}

var _ subscription.Store = (*Store)(nil)

// New returns a store in db, which stays the caller's to close. It touches nothing:
// call Migrate before the first use. While it is used, nobody else may use a Store on the
// same file, in this process or another: what the one writes is never due for the other.
func New(db *sql.DB, c Config) *Store {
	if c.MaxBatch <= 0 {
		c.MaxBatch = 256
	}
	return &Store{db: db, maxBatch: c.MaxBatch, recent: newRecent(), work: work{claimed: make(map[int64]claimed)}, preparing: make(chan struct{}, 1)}
}

// statements prepares all queries on the first call. It is never called with a
// connection in hand, because the pool may have no other.
func (s *Store) statements(ctx context.Context) (*[queries]*sql.Stmt, error) {
	select {
	case s.preparing <- struct{}{}:
		defer func() { <-s.preparing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s.prepared != nil {
		return s.prepared, nil
	}
	var all [queries]*sql.Stmt
	for q, text := range texts {
		stmt, err := s.db.PrepareContext(ctx, text)
		if err != nil {
			for _, stmt := range all[:q] {
				stmt.Close()
			}
			return nil, fmt.Errorf("sqlite: preparing statements (was Migrate called?): %w", err)
		}
		all[q] = stmt
	}
	s.prepared = &all
	return s.prepared, nil
}

// rows runs a query outside of any transaction and calls scan for each row.
func (s *Store) rows(ctx context.Context, q query, args []any, scan func(row) error) error {
	stmts, err := s.statements(ctx)
	if err != nil {
		return err
	}
	return each(ctx, stmts[q], args, scan)
}

// errEnough is what scan returns when it has taken a row and wants no more.
var errEnough = errors.New("sqlite: enough was read")

// each calls scan for each row of a statement, or until it has enough.
func each(ctx context.Context, stmt *sql.Stmt, args []any, scan func(row) error) error {
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return fmt.Errorf("sqlite: reading: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err == errEnough {
			return nil
		} else if err != nil {
			return fmt.Errorf("sqlite: reading: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("sqlite: reading: %w", err)
	}
	return nil
}

// row is a *sql.Row or *sql.Rows.
type row interface{ Scan(dest ...any) error }

// micros is t as it is stored.
func micros(t time.Time) int64 { return t.UnixMicro() }

// fromMicros is the inverse of micros: for the zero time, too.
func fromMicros(n int64) time.Time { return time.UnixMicro(n).UTC() }

// nullMicros is micros, but NULL for the zero time.
func nullMicros(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMicro(), Valid: !t.IsZero()}
}

func fromNullMicros(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return fromMicros(n.Int64)
}
