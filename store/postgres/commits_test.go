package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/postgrestest"
	"github.com/carillon-fhir/carillon/store/postgres"
	"github.com/carillon-fhir/carillon/subscription"
)

func named(id string) subscription.Change { return subscription.Change{ResourceID: id} }

// gate lets those who wait at it go in a random order.
type gate struct {
	mu      sync.Mutex
	parked  []chan struct{}
	arrived chan struct{}
}

func (g *gate) wait() {
	c := make(chan struct{})
	g.mu.Lock()
	g.parked = append(g.parked, c)
	g.mu.Unlock()
	g.arrived <- struct{}{}
	<-c
}

// release lets go all but some.
func (g *gate) release(keep int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for n := len(g.parked); n > keep; n-- {
		i := rand.IntN(n)
		close(g.parked[i])
		g.parked = slices.Delete(g.parked, i, i+1)
	}
}

// tail reads the log with a cursor until done is closed and all is read.
func tail(t *testing.T, h host, done <-chan struct{}) []subscription.Change {
	var seen []subscription.Change
	cursor := int64(0)
	for last := false; ; {
		page, err := h.ReadChanges(t.Context(), cursor, 100)
		if !assert.NoError(t, err) {
			return seen
		}
		for _, c := range page {
			assert.Greater(t, c.Position, cursor, "positions go back")
			cursor = c.Position
		}
		seen = append(seen, page...)
		if last && len(page) == 0 {
			return seen
		}
		select {
		case <-done:
			last = true
		default:
		}
	}
}

// C4: 64 transactions of the host at once, a tenth of which are rolled back, commit in
// any order, and some stay open while hundreds of others come and go. What two readers
// see is what was committed, in one order.
func TestLateCommitsAreNotSkipped(t *testing.T) {
	const hosts, total = 64, 10_000
	h := open(t, postgrestest.DSN(t), postgres.Config{}, func(c *pgxpool.Config) { c.MaxConns = hosts + 6 })
	g := gate{arrived: make(chan struct{}, hosts)}
	var mu sync.Mutex
	var wg sync.WaitGroup
	committed := map[string]bool{}
	for n := range hosts {
		wg.Go(func() {
			for i := n; i < total; i += hosts {
				id := fmt.Sprint("c", i)
				tx, err := h.pool.Begin(t.Context())
				if !assert.NoError(t, err) || !assert.NoError(t, h.Tx(tx).Append(t.Context(), []subscription.Change{named(id)})) {
					return
				}
				g.wait()
				if i%10 == 0 {
					assert.NoError(t, tx.Rollback(t.Context()))
					continue
				}
				mu.Lock()
				committed[id] = true
				mu.Unlock()
				assert.NoError(t, tx.Commit(t.Context()))
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	go func() {
		for n := range total { // the last of all let go who still wait
			<-g.arrived
			keep := hosts / 2
			if n > total*8/10 {
				keep = 0
			}
			g.release(keep)
		}
	}()
	var first, second []subscription.Change
	var readers sync.WaitGroup
	readers.Go(func() { first = tail(t, h, done) })
	readers.Go(func() { second = tail(t, h, done) })
	readers.Wait()
	require.Len(t, first, len(committed), "lost, or seen twice")
	lost := len(committed)
	for i, c := range first {
		require.Equal(t, [2]any{c.Position, c.ResourceID}, [2]any{second[i].Position, second[i].ResourceID})
		require.True(t, committed[c.ResourceID], "rolled back, or seen twice")
		delete(committed, c.ResourceID)
		lost--
	}
	require.Zero(t, lost)
	t.Logf("C4 transactions=%d changes=%d lost=%d twice=0 back=0", total, len(first), lost)
}

// C5: what is rolled back, to a savepoint or as a whole, was never there.
func TestRollbacksLeaveNothing(t *testing.T) {
	h := newHost(t)
	ctx := t.Context()
	boom := errors.New("boom")
	const rounds = 1000
	for i := range rounds {
		err := pgx.BeginFunc(ctx, h.pool, func(tx pgx.Tx) error {
			if err := h.Tx(tx).Append(ctx, []subscription.Change{named("before")}); err != nil {
				return err
			}
			err := pgx.BeginFunc(ctx, tx, func(savepoint pgx.Tx) error {
				return errors.Join(h.Tx(savepoint).Append(ctx, []subscription.Change{named("rolled back")}), boom)
			})
			require.ErrorIs(t, err, boom)
			if i%10 == 0 {
				return nil
			}
			return boom
		})
		require.Equal(t, i%10 == 0, err == nil)
	}
	all, err := h.ReadChanges(ctx, 0, rounds)
	require.NoError(t, err)
	require.Len(t, all, rounds/10)
	for _, c := range all {
		require.Equal(t, "before", c.ResourceID)
	}
	t.Logf("C5 rollbacks=%d savepoints=%d events=0", rounds-rounds/10, rounds)
}

// A host's transaction takes one statement and a row for each change, whichever way.
func TestHostTransactionsGrowByOneStatement(t *testing.T) {
	h := newHost(t)
	ctx := t.Context()
	var many []subscription.Change
	for i := range 9000 {
		many = append(many, named(fmt.Sprint(i)))
	}
	counted := &counter{h: h}
	require.NoError(t, h.Tx(counted).Append(ctx, many))
	require.Equal(t, 1, counted.statements)
	require.NoError(t, h.Tx(counted).Append(ctx, nil))
	require.Equal(t, 1, counted.statements)
	require.EqualValues(t, len(many), counted.rows)
	read, err := h.ReadChanges(ctx, 0, 10_000)
	require.NoError(t, err)
	require.Len(t, read, len(many))
	for i, c := range read {
		require.Equal(t, fmt.Sprint(i), c.ResourceID)
	}
}

// URLs are what anybody wrote.
func TestURLsAreBytes(t *testing.T) {
	h := newHost(t)
	c := named("o")
	c.URL = "Observation?a=\x00\xff"
	require.NoError(t, h.Append(t.Context(), []subscription.Change{c}))
	read, err := h.ReadChanges(t.Context(), 0, 1)
	require.NoError(t, err)
	require.Equal(t, c.URL, read[0].URL)
}

// One caller's text that PostgreSQL can't keep is its own error.
func TestRefusedAppendHarmsNoOther(t *testing.T) {
	h := newHost(t)
	errs := make([]error, 40)
	callers(len(errs), len(errs), func(i int) {
		id := fmt.Sprint(i)
		if i%8 == 0 {
			id = "\x00"
		}
		errs[i] = h.Append(context.Background(), []subscription.Change{named(id)})
	})
	for i, err := range errs {
		require.Equal(t, i%8 == 0, err != nil, "%d: %v", i, err)
	}
	read, err := h.ReadChanges(t.Context(), 0, 100)
	require.NoError(t, err)
	require.Len(t, read, 35)
}
