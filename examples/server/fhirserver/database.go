package fhirserver

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/subscription"
)

// database keeps the resources and the engine's store. Its queries number their
// parameters ($1), which SQLite and PostgreSQL both understand.
type database struct {
	*sql.DB
	store   subscription.Store // the engine's
	release fhirpath.Release   // of the resources

	// inTx calls f in a transaction, which is committed if f returns nil. f may be
	// called again, and must do nothing outside of the transaction that can't be done
	// twice.
	inTx func(ctx context.Context, f func(context.Context, *sql.Tx) error) error

	// wrap makes a transaction the engine's; nil if the engine's store is elsewhere.
	wrap func(*sql.Tx) subscription.Tx

	// hold keeps others from writing a resource until the transaction ends or, with
	// the id "", from writing any resource of the type that is there already. It is nil
	// if transactions take turns anyway.
	hold func(ctx context.Context, tx *sql.Tx, tenant, resourceType, id string) error

	elements string // selects the texts of a JSON array, given the placeholder for it

	closers []func() error
}

// databaseOf returns how to open what Config.Store names.
func databaseOf(store string) (open func(context.Context) (*database, error), err error) {
	kind, place, _ := strings.Cut(store, ":")
	switch {
	case store == "" || store == "memory":
		return openMemory, nil
	case kind == "sqlite" && place != "":
		return func(ctx context.Context) (*database, error) { return openSQLite(ctx, place) }, nil
	case kind == "postgres" && strings.HasPrefix(place, "//"), kind == "postgresql":
		place = store // it is a URL, and the prefix its scheme
		fallthrough
	case kind == "postgres" && place != "":
		return func(ctx context.Context) (*database, error) { return openPostgres(ctx, place) }, nil
	}
	return nil, errors.New("fhirserver: Store must be memory, sqlite:FILE or postgres:DSN")
}

// Close closes what was opened, the last first.
func (d *database) Close() error {
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

// failed says what the server was doing when the database failed.
func failed(doing string, err error) error {
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
	return fmt.Sprintf("fhirserver: %s: %s", f.doing, reason)
}
