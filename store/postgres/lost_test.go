package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/postgrestest"
	"github.com/carillon-fhir/carillon/store/postgres"
	"github.com/carillon-fhir/carillon/subscription"
)

// C9: connections are lost at any point of any statement. Every error goes to its
// caller, whose change is then there or not; all others are there once, every log has
// the numbers 1, 2, 3…, and everything works as soon as there are connections again.
func TestLostConnections(t *testing.T) {
	a, b := twoNodes(t, postgres.Config{})
	f := newFleet(t, a, 20)
	ctx := t.Context()
	const kills = 60
	calls := make(chan struct{})
	killed := make(chan struct{})
	go func() {
		defer close(killed)
		for range kills {
			for range 25 {
				<-calls
			}
			_, err := b.pool.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
				WHERE pid <> pg_backend_pid() AND datname = current_database() ORDER BY random() LIMIT 3`)
			if err != nil && ctx.Err() != nil {
				return
			}
		}
	}()
	running := func() bool {
		select {
		case <-killed:
			return false
		default:
			return true
		}
	}
	var mu sync.Mutex
	acknowledged, unknown, failures := map[string]bool{}, map[string]bool{}, 0
	failed := func(err error) bool {
		select {
		case calls <- struct{}{}:
		default:
		}
		if err != nil {
			mu.Lock()
			failures++
			mu.Unlock()
		}
		return err != nil
	}
	var wg sync.WaitGroup
	for writer := range 8 {
		wg.Go(func() {
			for i := 0; running() || i < 50; i++ {
				id := fmt.Sprint(writer, "-", i)
				err := a.Append(ctx, []subscription.Change{named(id)})
				mu.Lock()
				acknowledged[id], unknown[id] = err == nil, err != nil
				mu.Unlock()
				failed(err)
			}
		})
	}
	wg.Go(func() { // the sequencer: it reads its lease again after an error
		for running() {
			l, err := a.Acquire(ctx, "sequencer", "n", at(0), at(1))
			if failed(err) {
				continue
			}
			changes, err := a.ReadChanges(ctx, l.Cursor, 1+rand.IntN(50))
			if failed(err) || len(changes) == 0 {
				continue
			}
			failed(commitAll(ctx, a, l, changes))
		}
	})
	wg.Go(func() {
		for running() {
			claims, _, err := a.Claim(ctx, "n", at(5), at(6), 10)
			if failed(err) {
				continue
			}
			callers(10, len(claims), func(i int) {
				c := claims[i]
				_, err := a.ReadEvents(ctx, c.Key, c.Cursor+1, c.Frozen, 10)
				failed(err)
				err = a.Finish(ctx, subscription.Outcome{Key: c.Key, Token: c.Token, At: at(5), Status: c.Status, Cursor: c.Frozen, Eager: true})
				if !errors.Is(err, subscription.ErrLost) {
					failed(err)
				}
			})
			failed(a.Release(ctx, "nobody"))
		}
	})
	wg.Wait()

	l, err := a.Acquire(ctx, "sequencer", "n", at(0), at(1))
	require.NoError(t, err)
	rest, err := a.ReadChanges(ctx, l.Cursor, 1_000_000)
	require.NoError(t, err)
	require.NoError(t, commitAll(ctx, a, l, rest))
	log, err := a.ReadChanges(ctx, 0, 1_000_000)
	require.NoError(t, err)
	positions := map[int64]bool{}
	there := map[string]bool{}
	for _, c := range log {
		if c.Subscription == 0 && c.ResourceType == "" {
			require.False(t, there[c.ResourceID], "twice")
			require.True(t, acknowledged[c.ResourceID] || unknown[c.ResourceID])
			there[c.ResourceID], positions[c.Position] = true, true
		}
	}
	for id, ok := range acknowledged {
		require.True(t, !ok || there[id], "an acknowledged change is lost")
	}
	for _, key := range f.keys {
		events, err := a.ReadEvents(ctx, key, 1, 1_000_000, 1_000_000)
		require.NoError(t, err)
		require.Len(t, events, len(positions), "lost, or numbered twice")
		for i, e := range events {
			require.EqualValues(t, i+1, e.Number)
			require.True(t, i == 0 || e.Change.Position > events[i-1].Change.Position)
		}
	}
	require.Positive(t, failures)
	t.Logf("C9 kills=%d errors=%d changes=%d lost=0 gaps=0 twice=0", kills, failures, len(there))
}

// commitAll gives every change to every subscription.
func commitAll(ctx context.Context, h host, l subscription.Lease, changes []subscription.Change) error {
	all, err := h.ListSubscriptions(ctx, subscription.ListQuery{AllTenants: true, Limit: 1000})
	if err != nil || len(changes) == 0 {
		return err
	}
	c := subscription.Commit{Cursor: changes[len(changes)-1].Position, At: at(2)}
	for _, r := range all {
		for _, change := range changes {
			if change.Subscription == 0 && change.ResourceType == "" {
				r.Count++
				c.Events = append(c.Events, subscription.NewEvent{Key: r.Key, Number: r.Count, Position: change.Position})
			}
		}
	}
	return h.CommitEvents(ctx, l, c)
}

// A server that crashes takes nothing with it that was acknowledged or returned, and
// gives no position a second time.
func TestServerCrash(t *testing.T) {
	cluster := postgrestest.New(t)
	h := open(t, cluster.DSN("postgres"), postgres.Config{})
	ctx := t.Context()
	seen := map[int64]string{}
	acknowledged := map[string]bool{}
	rounds := 4
	if testing.Short() {
		rounds = 1
	}
	for round := range rounds {
		var mu sync.Mutex
		var wg sync.WaitGroup
		enough, target := make(chan struct{}), len(acknowledged)+300 // more than one round's may come before the server is gone
		for writer := range 8 {
			wg.Go(func() {
				for i := 0; ; i++ {
					id := fmt.Sprint(round, "-", writer, "-", i)
					if h.Append(ctx, []subscription.Change{named(id)}) != nil {
						return
					}
					mu.Lock()
					if acknowledged[id] = true; len(acknowledged) == target {
						close(enough)
					}
					mu.Unlock()
				}
			})
		}
		wg.Go(func() {
			for {
				changes, err := h.ReadChanges(ctx, int64(len(seen)), 20)
				if err != nil {
					return
				}
				for _, c := range changes {
					seen[c.Position] = c.ResourceID
				}
			}
		})
		<-enough
		require.NoError(t, cluster.Kill())
		wg.Wait()
		require.NoError(t, cluster.Restart())
	}
	var log []subscription.Change
	require.Eventually(t, func() (ok bool) { // the pool notices one after another that its connections are gone
		var err error
		log, err = h.ReadChanges(ctx, 0, 1_000_000)
		return err == nil
	}, time.Minute, time.Millisecond)
	there := map[string]bool{}
	for _, c := range log {
		there[c.ResourceID] = true
		if id, ok := seen[c.Position]; ok {
			require.Equal(t, id, c.ResourceID, "a position was given twice")
		}
	}
	for id := range acknowledged {
		require.True(t, there[id], "lost")
	}
	t.Logf("crashes=%d acknowledged=%d read=%d lost=0 moved=0", rounds, len(acknowledged), len(seen))
}

// Errors tell what was done and the kind of failure, and nothing else.
func TestErrorsTellNoData(t *testing.T) {
	const canary = "canary-7f3a"
	h := newHost(t)
	ctx := t.Context()
	_, err := h.pool.Exec(ctx, `ALTER TABLE carillon.change ADD CONSTRAINT one UNIQUE (resource_id)`)
	require.NoError(t, err)
	require.NoError(t, h.Append(ctx, []subscription.Change{named(canary)}))
	err = h.Append(ctx, []subscription.Change{named(canary)})
	require.EqualError(t, err, "postgres: appending changes: SQLSTATE 23505")
	var server *pgconn.PgError
	require.ErrorAs(t, err, &server)
	require.Contains(t, server.Detail, canary)

	tx, err := h.pool.Begin(ctx)
	require.NoError(t, err)
	err = h.Tx(tx).Append(ctx, []subscription.Change{named(canary)})
	require.EqualError(t, err, "postgres: appending to the host's transaction: SQLSTATE 23505")
	require.NoError(t, tx.Rollback(ctx))

	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	_, err = h.GetSubscription(cancelled, "t", canary)
	require.ErrorIs(t, err, context.Canceled)
	require.EqualError(t, err, "postgres: reading a subscription: context canceled")

	h.pool.Close()
	_, err = h.GetSubscription(ctx, "t", canary)
	require.EqualError(t, err, "postgres: reading a subscription: no connection, or it was lost")
}
