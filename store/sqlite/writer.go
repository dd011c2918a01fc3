package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/carillon-fhir/carillon/subscription"
)

// ErrBusy means that another transaction kept the file locked for longer than the
// connection's busy_timeout. Nothing was written.
var ErrBusy = errors.New("sqlite: another transaction holds the database for too long")

// write is a piece of work for a transaction that it may share with others.
type write struct {
	run  func(tx *transaction) error
	done chan error // gets one value
}

// write has run called in a transaction that commits before write returns nil. run
// may be called a second time if the first transaction was rolled back; it must
// return one of the contract's sentinels only before it has written anything.
//
// If ctx ends before the transaction has begun, nothing is written. Afterwards,
// write waits for the commit, so that what run reads stays the caller's, and that
// the outcome is known.
func (s *Store) write(ctx context.Context, run func(tx *transaction) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if ctx.Value(within{s}) != nil { // it would wait for itself
		return errors.New("sqlite: a function of InTx called a method of the Store that writes; use Store.Tx")
	}
	stmts, err := s.statements(ctx)
	if err != nil {
		return err
	}
	w := &write{run: run, done: make(chan error, 1)}
	s.mu.Lock()
	s.queue = append(s.queue, w)
	start := !s.writing
	s.writing = true
	s.mu.Unlock()
	if start {
		go s.drain(stmts)
	}
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		if s.withdraw(w) {
			return ctx.Err()
		}
		return <-w.done
	}
}

// withdraw takes w off the queue and reports whether it was still there.
func (s *Store) withdraw(w *write) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.queue {
		if s.queue[i] == w {
			s.queue = append(s.queue[:i:i], s.queue[i+1:]...)
			return true
		}
	}
	return false
}

// take returns the next writes, up to limit.
func (s *Store) take(limit int) []*write {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(len(s.queue), limit)
	batch := s.queue[:n:n]
	s.queue = s.queue[n:]
	return batch
}

// idle reports whether the queue is empty, and if so ends the caller's duty.
func (s *Store) idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) > 0 {
		return false
	}
	s.queue, s.writing = nil, false
	return true
}

// drain commits what is in the queue until it is empty. It uses no caller's
// context: the batch is not one caller's.
func (s *Store) drain(stmts *[queries]*sql.Stmt) {
	ctx := context.Background()
	conn, err := s.db.Conn(ctx)
	for !s.idle() {
		if err != nil {
			answer(s.take(s.maxBatch), fmt.Errorf("sqlite: connecting: %w", err))
			continue
		}
		s.commitBatch(ctx, conn, stmts)
	}
	if conn != nil {
		conn.Close()
	}
}

func answer(batch []*write, err error) {
	for _, w := range batch {
		w.done <- err
	}
}

// commitBatch writes and commits the next batch. It takes the batch when it has
// the lock, so that whoever waits for the lock may still go away.
func (s *Store) commitBatch(ctx context.Context, conn *sql.Conn, stmts *[queries]*sql.Stmt) {
	tx, err := s.begin(ctx, conn, stmts)
	batch := s.take(s.maxBatch)
	if err != nil {
		answer(batch, err)
		return
	}
	results := make([]error, len(batch))
	for i, w := range batch {
		if results[i] = w.run(tx); results[i] != nil && !refused(results[i]) {
			tx.rollback(ctx, conn)
			s.commitEach(ctx, conn, stmts, batch)
			return
		}
	}
	err = tx.commit(ctx, conn)
	for i, w := range batch {
		if results[i] == nil {
			results[i] = err
		}
		w.done <- results[i]
	}
}

// commitEach gives each write a transaction of its own, after one of them has
// failed and must not take the others with it.
func (s *Store) commitEach(ctx context.Context, conn *sql.Conn, stmts *[queries]*sql.Stmt, batch []*write) {
	for _, w := range batch {
		tx, err := s.begin(ctx, conn, stmts)
		if err == nil {
			if err = w.run(tx); err != nil {
				tx.rollback(ctx, conn)
			} else {
				err = tx.commit(ctx, conn)
			}
		}
		w.done <- err
	}
}

// refused reports whether err is an answer of the contract, before which nothing
// was written, or the host's, after which everything was taken back.
func refused(err error) bool {
	switch err {
	case subscription.ErrNotFound, subscription.ErrConflict, subscription.ErrHeld,
		subscription.ErrFenced, subscription.ErrLost:
		return true
	}
	_, ok := err.(*hostError)
	return ok
}

// busy gives SQLITE_BUSY its name, whichever driver it comes from.
func busy(err error) error {
	var coded interface{ Code() int }
	if errors.As(err, &coded) && coded.Code()&0xff == 5 {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return fmt.Errorf("sqlite: beginning a transaction: %w", err)
}
