package postgres

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// held is a gatherer whose statements wait for the test.
type held struct {
	gatherer[int]
	begun chan *statement
}

type statement struct {
	calls []*int
	end   chan error
}

func newHeld() *held {
	h := &held{begun: make(chan *statement, 100)}
	h.run = func(ctx context.Context, calls []*int) error {
		s := &statement{calls, make(chan error)}
		h.begun <- s
		select {
		case err := <-s.end:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return h
}

// busy begins as many statements as there may be, of one call each.
func (h *held) busy(t *testing.T) (all []*statement) {
	for range gatherParallel {
		go h.do(t.Context(), new(int))
		all = append(all, <-h.begun)
	}
	return all
}

// next ends one of the statements and returns what comes after it.
func (h *held) next(of *statement) *statement {
	of.end <- nil
	return <-h.begun
}

func TestCallsShareAStatement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHeld()
		busy := h.busy(t)
		errs := make(chan error, 500)
		for range gatherMost + 10 {
			go func() { errs <- h.do(t.Context(), new(int)) }()
		}
		synctest.Wait()
		full := h.next(busy[0])
		require.Len(t, full.calls, gatherMost)
		rest := h.next(full)
		require.Len(t, rest.calls, 10)
		rest.end <- nil
		for range gatherMost + 10 {
			require.NoError(t, <-errs)
		}
	})
}

// A refused statement is repeated for each call; one whose outcome is unknown never.
func TestRefusedStatementIsTakenApart(t *testing.T) {
	refusal := &pgconn.PgError{SeverityUnlocalized: "ERROR", Code: "22021"}
	shutdown := &pgconn.PgError{SeverityUnlocalized: "FATAL", Code: "57P01"}
	for _, c := range []struct {
		first   error
		repeats int
	}{{refusal, 3}, {shutdown, 0}, {errors.New("connection lost"), 0}} {
		synctest.Test(t, func(t *testing.T) {
			h := newHeld()
			busy := h.busy(t)
			errs := make(chan error, 10)
			for range 3 {
				go func() { errs <- h.do(t.Context(), new(int)) }()
			}
			synctest.Wait()
			shared := h.next(busy[0])
			require.Len(t, shared.calls, 3)
			shared.end <- c.first
			for range c.repeats {
				alone := <-h.begun
				require.Len(t, alone.calls, 1)
				alone.end <- nil
			}
			for range 3 {
				if err := <-errs; c.repeats > 0 {
					require.NoError(t, err)
				} else {
					require.ErrorIs(t, err, c.first)
				}
			}
			for _, s := range busy[1:] {
				s.end <- nil
			}
		})
	}
}

// Whoever goes before his call was taken has done nothing; afterwards he waits, and
// the last of all ends the statement.
func TestContextsOfSharedCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHeld()
		busy := h.busy(t)
		gone, leave := context.WithCancel(t.Context())
		early := make(chan error, 1)
		go func() { early <- h.do(gone, new(int)) }()
		contexts := make([]context.CancelFunc, 2)
		late := make(chan error, 2)
		for i := range contexts {
			ctx, cancel := context.WithCancel(t.Context())
			contexts[i] = cancel
			go func() { late <- h.do(ctx, new(int)) }()
		}
		synctest.Wait()
		leave()
		require.ErrorIs(t, <-early, context.Canceled)
		require.ErrorIs(t, h.do(gone, new(int)), context.Canceled)
		require.Len(t, h.next(busy[0]).calls, 2)
		contexts[0]()
		synctest.Wait()
		require.Empty(t, late, "another still wants it")
		contexts[1]()
		for range 2 {
			require.ErrorIs(t, <-late, context.Canceled)
		}
		for _, s := range busy[1:] {
			s.end <- nil
		}
	})
}
