package host

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"

	"github.com/carillon-fhir/carillon/subscription"
)

// Database keeps a host's tables and the engine's store. Queries that number their
// parameters ($1) are understood by SQLite and PostgreSQL alike. All methods but Close
// may be called at the same time.
type Database struct {
	*sql.DB
	Store  subscription.Store // the engine's
	Shared bool               // several processes may use it: it is PostgreSQL

	// InTx calls f in a transaction, which is committed if f returns nil. f may be
	// called again, and must do nothing outside of the transaction that can't be done
	// twice.
	InTx func(ctx context.Context, f func(context.Context, *sql.Tx) error) error

	// Tx makes a transaction the engine's; nil if the engine's store is elsewhere.
	Tx func(*sql.Tx) subscription.Tx

	closers []func() error
}

// Schema makes a host's tables where they are not there yet.
type Schema struct{ SQLite, Postgres string }

// Open opens or creates the database that Config.Store describes, with the tables of the
// engine and of the host.
func Open(ctx context.Context, store string, s Schema) (*Database, error) {
	open, err := opener(store)
	if err != nil {
		return nil, err
	}
	return open(ctx, s)
}

func opener(store string) (open func(context.Context, Schema) (*Database, error), err error) {
	kind, place, _ := strings.Cut(store, ":")
	switch {
	case store == "" || store == "memory":
		return openMemory, nil
	case kind == "sqlite" && place != "":
		return func(ctx context.Context, s Schema) (*Database, error) { return openSQLite(ctx, place, s) }, nil
	case kind == "postgres" && strings.HasPrefix(place, "//"), kind == "postgresql":
		place = store // it is a URL, and the prefix its scheme
		fallthrough
	case kind == "postgres" && place != "":
		return func(ctx context.Context, s Schema) (*Database, error) { return openPostgres(ctx, place, s) }, nil
	}
	return nil, errors.New("host: Store must be memory, sqlite:FILE or postgres:DSN")
}

// Close closes what was opened, the last first.
func (d *Database) Close() error {
	var errs []error
	for i := len(d.closers) - 1; i >= 0; i-- {
		errs = append(errs, d.closers[i]())
	}
	return errors.Join(errs...)
}

// failure is an error of the database. Its text has nothing of PostgreSQL's, which
// quotes values, nor of a broken connection's, which names hosts and users.
type failure struct {
	doing string
	err   error
}

// Failed says what the host was doing when the database failed, in a text that holds no
// data, or is nil if err is.
func Failed(doing string, err error) error {
	if err == nil {
		return nil
	}
	return &failure{doing, err}
}

func (f *failure) Unwrap() error { return f.err }

func (f *failure) Error() string {
	reason := "no connection, or it was lost"
	var file *sqlite.Error
	var server *pgconn.PgError
	switch {
	case errors.Is(f.err, context.Canceled):
		reason = context.Canceled.Error()
	case errors.Is(f.err, context.DeadlineExceeded):
		reason = context.DeadlineExceeded.Error()
	case errors.As(f.err, &server):
		reason = "SQLSTATE " + server.Code
	case errors.As(f.err, &file):
		reason = file.Error()
	}
	return fmt.Sprintf("host: %s: %s", f.doing, reason)
}
