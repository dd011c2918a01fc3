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
	begun chan []*int
	end   chan error
}

func newHeld() *held {
	h := &held{begun: make(chan []*int, 100), end: make(chan error)}
	h.run = func(ctx context.Context, calls []*int) error {
		h.begun <- calls
		select {
		case err := <-h.end:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return h
}

// busy begins as many statements as there may be, of one call each.
func (h *held) busy(ctx context.Context, errs chan error) {
	for range gatherParallel {
		go func() { errs <- h.do(ctx, new(int)) }()
	}
	synctest.Wait()
}

func TestCallsShareAStatement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHeld()
		errs := make(chan error, 500)
		h.busy(t.Context(), errs)
		for range gatherMost + 10 {
			go func() { errs <- h.do(t.Context(), new(int)) }()
		}
		synctest.Wait()
		for range gatherParallel {
			h.end <- nil
		}
		synctest.Wait()
		for range gatherParallel {
			require.Len(t, <-h.begun, 1)
		}
		require.Len(t, <-h.begun, gatherMost)
		require.Len(t, <-h.begun, 10)
		for range 2 {
			h.end <- nil
		}
		for range gatherParallel + gatherMost + 10 {
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
			errs := make(chan error, 10)
			h.busy(t.Context(), make(chan error, gatherParallel))
			for range 3 {
				go func() { errs <- h.do(t.Context(), new(int)) }()
			}
			synctest.Wait()
			for range gatherParallel {
				<-h.begun
				h.end <- nil
			}
			require.Len(t, <-h.begun, 3)
			h.end <- c.first
			for range c.repeats {
				require.Len(t, <-h.begun, 1)
				h.end <- nil
			}
			for range 3 {
				if err := <-errs; c.repeats > 0 {
					require.NoError(t, err)
				} else {
					require.ErrorIs(t, err, c.first)
				}
			}
		})
	}
}

// Whoever goes before his call was taken has done nothing; afterwards he waits, and
// the last of all ends the statement.
func TestContextsOfSharedCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHeld()
		h.busy(t.Context(), make(chan error, gatherParallel))
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
		for range gatherParallel {
			<-h.begun
			h.end <- nil
		}
		require.Len(t, <-h.begun, 2)
		contexts[0]()
		synctest.Wait()
		require.Empty(t, late, "another still wants it")
		contexts[1]()
		for range 2 {
			require.ErrorIs(t, <-late, context.Canceled)
		}
	})
}
