package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// InTx calls f in a transaction, which is committed when InTx returns nil: durably, as
// the package documentation says. If f fails, what it wrote is undone and InTx returns
// its error. This is how a host writes that shares the file with a busy engine: its
// transactions take turns with the engine's, and those of many goroutines share a
// commit, where transactions of its own would wait for the file's lock again and
// again.
//
//	err := store.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
//		// ... write the resource ...
//		return engine.OnResourceChangeTx(ctx, store.Tx(tx), change)
//	})
//
// f runs on another goroutine while InTx waits. It must return the first error that it
// gets from tx, must not end tx or call another method of the Store, and must do
// nothing outside of tx that can't be done twice: when another write of the same
// commit fails, f is called again. The context that it is given does not end with
// ctx, because an interrupted statement would undo the others' work; f should be
// short. If ctx ends before f is called, nothing happens and InTx returns ctx's error.
func (s *Store) InTx(ctx context.Context, f func(ctx context.Context, tx *sql.Tx) error) error {
	inner := context.WithValue(context.WithoutCancel(ctx), within{s}, true)
	err := s.write(ctx, func(t *transaction) error { return t.nested(inner, f) })
	var host *hostError
	if !errors.As(err, &host) {
		return err
	}
	if host.panicked != nil {
		panic(host.panicked)
	}
	return host.err
}

// within marks the context of a function that a Store has called in a transaction.
type within struct{ store *Store }

// hostError is why a host's part of a transaction was taken back. The others' parts
// are not touched.
type hostError struct {
	err      error
	panicked any // what f panicked with, for InTx to go on with
}

func (e *hostError) Error() string { return e.err.Error() }

// nested calls f within a savepoint. An error other than *hostError means that the
// whole transaction can't be trusted any more.
func (t *transaction) nested(ctx context.Context, f func(context.Context, *sql.Tx) error) error {
	if err := t.exec(beginHost); err != nil {
		return err
	}
	if failed := call(ctx, t.tx, f); failed != nil {
		if err := t.exec(undoHost); err != nil {
			return fmt.Errorf("%w after the host's failure", err)
		}
		if err := t.exec(endHost); err != nil {
			return err
		}
		return failed
	}
	return t.exec(endHost)
}

// call calls f and catches its panic.
func call(ctx context.Context, tx *sql.Tx, f func(context.Context, *sql.Tx) error) (failed *hostError) {
	defer func() {
		if p := recover(); p != nil {
			failed = &hostError{err: errors.New("sqlite: the host's function panicked"), panicked: p}
		}
	}()
	if err := f(ctx, tx); err != nil {
		return &hostError{err: err}
	}
	return nil
}
