package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/carillon-fhir/carillon/subscription"
)

// failure is an error of the database. Its text has nothing but what was done and the
// kind of error, because the server's messages quote values of rows and those of
// connections name hosts and users. errors.As finds a *pgconn.PgError in it, whose own
// text and details must not be logged.
type failure struct {
	doing string
	err   error
}

func (f *failure) Unwrap() error { return f.err }

func (f *failure) Error() string {
	var server *pgconn.PgError
	switch {
	case errors.Is(f.err, context.Canceled):
		return "postgres: " + f.doing + ": " + context.Canceled.Error()
	case errors.Is(f.err, context.DeadlineExceeded):
		return "postgres: " + f.doing + ": " + context.DeadlineExceeded.Error()
	case errors.As(f.err, &server) && (server.Code == "3F000" || server.Code == "42P01" || server.Code == "42883"):
		return "postgres: " + f.doing + ": SQLSTATE " + server.Code + " (was Migrate called?)"
	case errors.As(f.err, &server):
		return "postgres: " + f.doing + ": SQLSTATE " + server.Code
	}
	return "postgres: " + f.doing + ": no connection, or it was lost"
}

// failed returns what a method of the Store reports: the contract's and this
// package's errors as they are, those of the database as a *failure.
func failed(doing string, err error) error {
	var own *ownError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return own
	}
	for _, answer := range []error{subscription.ErrNotFound, subscription.ErrConflict, subscription.ErrHeld,
		subscription.ErrFenced, subscription.ErrLost, ErrNewerSchema} {
		if errors.Is(err, answer) {
			return err
		}
	}
	return &failure{doing, err}
}

// ownError is an error of this package, whose text is fixed.
type ownError struct{ text string }

func (e *ownError) Error() string { return "postgres: " + e.text }

// undone reports whether err says for certain that nothing was written: the server
// has refused a statement and gone on. What ends the connection may come after the
// commit.
func undone(err error) bool {
	var server *pgconn.PgError
	return errors.As(err, &server) && server.SeverityUnlocalized == "ERROR"
}
