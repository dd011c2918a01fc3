package postgres

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/carillon-fhir/carillon/subscription"
)

// Config holds what may be set. The zero value is good.
type Config struct {
	// Schema holds all tables; empty means "carillon". Several engines may share a
	// database if each has a schema of its own.
	Schema string

	// Listen is how to connect for LISTEN; nil means as the pool does. A pool that goes
	// through a pooler in transaction mode can't listen: give a connection here that
	// leads to the server itself, or set PollOnly.
	Listen *pgx.ConnConfig

	// PollOnly keeps Wake and Listen from doing anything: nodes find each other's work
	// when they next look, every subscription.Config.Poll.
	PollOnly bool
}

// Store implements subscription.Store, Waker and Sharded in a PostgreSQL database. It
// is made by New and safe for concurrent use, by any number of processes.
type Store struct {
	pool   *pgxpool.Pool
	config Config
	texts  [queries]string

	appends  gatherer[appending]
	reads    gatherer[reading]
	finishes gatherer[finishing]

	waiting waiting
	recent  recent

	mu      sync.Mutex
	claimed map[int64]claimed // by key
}

var (
	_ subscription.Waker   = (*Store)(nil)
	_ subscription.Sharded = (*Store)(nil)

	_ subscription.Timekeeper = (*Store)(nil)
)

// New returns a store in the database of pool, which stays the caller's to close. It
// touches nothing: call Migrate before the first use.
func New(pool *pgxpool.Pool, c Config) *Store {
	if c.Schema == "" {
		c.Schema = "carillon"
	}
	s := &Store{pool: pool, config: c, claimed: make(map[int64]claimed)}
	for q, text := range texts {
		s.texts[q] = s.in(text)
	}
	s.appends.run = s.appendAll
	s.reads.run = s.readAll
	s.finishes.run = s.finishAll
	return s
}

// in returns a statement with the name of the store's schema.
func (s *Store) in(text string) string {
	name := pgx.Identifier{s.config.Schema}.Sanitize() + "."
	return strings.NewReplacer("'carillon.", "'"+strings.ReplaceAll(name, "'", "''"), "carillon.", name).Replace(text)
}

// querier runs statements: a pool, or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// each calls scan for each row of a query.
func (s *Store) each(ctx context.Context, in querier, q query, args []any, scan func(row pgx.Row) error) error {
	rows, err := in.Query(ctx, s.texts[q], args...)
	if err != nil {
		return err
	}
	return scanAll(rows, scan)
}

func scanAll(rows pgx.Rows, scan func(row pgx.Row) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// transact calls f in a transaction, which it commits unless f fails. Statements see
// what was committed before each of them began, whatever the database's default is:
// what comes after a lock sees what the lock was waited for.
//
// A node that is stopped between two statements holds its locks for idleLimit at most;
// then the server ends its transaction, and another node goes on. With text for all
// of it, begin is one round trip, and nothing of it outlives the transaction.
func (s *Store) transact(ctx context.Context, f func(tx pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{BeginQuery: begin}, f)
}

const (
	idleLimit = "5s"
	begin     = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = '" + idleLimit + "'"
)

// micros is t as it is stored.
func micros(t time.Time) int64 { return t.UnixMicro() }

// fromMicros is the inverse of micros: for the zero time, too.
func fromMicros(n int64) time.Time { return time.UnixMicro(n).UTC() }

// nullMicros is micros, but NULL for the zero time.
func nullMicros(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	n := t.UnixMicro()
	return &n
}

func fromNullMicros(n *int64) time.Time {
	if n == nil {
		return time.Time{}
	}
	return fromMicros(*n)
}
