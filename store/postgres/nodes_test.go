package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/postgrestest"
	"github.com/carillon-fhir/carillon/store/postgres"
	"github.com/carillon-fhir/carillon/subscription"
)

func at(n int64) time.Time { return time.UnixMicro(n).UTC() }

// twoNodes are two stores with a pool each on one database.
func twoNodes(t *testing.T, c postgres.Config) (a, b host) {
	dsn := postgrestest.DSN(t)
	return open(t, dsn, c), open(t, dsn, c)
}

func active(tenant, id string) subscription.Record {
	return subscription.Record{Tenant: tenant, ID: id, Status: subscription.StatusActive, MaxCount: 10, Eager: true}
}

// A node that was paused past its lease and its claims can write nothing when it wakes.
func TestPausedNodeIsFenced(t *testing.T) {
	a, b := twoNodes(t, postgres.Config{})
	ctx := t.Context()
	r, err := a.PutSubscription(ctx, active("t", "s"), 0)
	require.NoError(t, err)
	require.NoError(t, a.Append(ctx, []subscription.Change{named("o")}))
	changes, err := a.ReadChanges(ctx, 0, 10)
	require.NoError(t, err)
	position := changes[len(changes)-1].Position
	commit := subscription.Commit{Cursor: position, At: at(1), Events: []subscription.NewEvent{{Key: r.Key, Number: 1, Position: position}}}

	paused, err := a.Acquire(ctx, "sequencer", "a", at(0), at(10))
	require.NoError(t, err)
	_, err = b.Acquire(ctx, "sequencer", "b", at(9), at(20))
	require.ErrorIs(t, err, subscription.ErrHeld)
	taken, err := b.Acquire(ctx, "sequencer", "b", at(10), at(20))
	require.NoError(t, err)
	require.ErrorIs(t, a.CommitEvents(ctx, paused, commit), subscription.ErrFenced)
	require.NoError(t, b.CommitEvents(ctx, taken, commit))
	require.ErrorIs(t, a.CommitEvents(ctx, paused, commit), subscription.ErrFenced)

	claims, _, err := a.Claim(ctx, "a", at(1), at(10), 1)
	require.NoError(t, err)
	require.Len(t, claims, 1)
	again, _, err := b.Claim(ctx, "b", at(10), at(20), 1)
	require.NoError(t, err)
	require.Len(t, again, 1)
	require.ErrorIs(t, a.Finish(ctx, subscription.Outcome{Key: r.Key, Token: claims[0].Token, Status: r.Status}), subscription.ErrLost)
	require.NoError(t, b.Finish(ctx, subscription.Outcome{Key: r.Key, Token: again[0].Token, Status: r.Status, Cursor: 1}))
}

// If more is due than is asked for, the k-th of each tenant comes before the next of
// any; otherwise the longest due comes first.
func TestTenantsTakeTurns(t *testing.T) {
	a, b := twoNodes(t, postgres.Config{})
	ctx := t.Context()
	put := func(tenant string, from, n int) {
		for i := range n {
			r := active(tenant, fmt.Sprint(i))
			r.Due = at(int64(from + i))
			_, err := a.PutSubscription(ctx, r, 0)
			require.NoError(t, err)
		}
	}
	put("big", 0, 50)
	put("late", 100, 3)
	put("middle", 50, 2)
	put("never", 2000, 1)
	claim := func(h host, limit int) (got []string) {
		claims, _, err := h.Claim(ctx, "n", at(1000), at(5000), limit)
		require.NoError(t, err)
		for _, c := range claims {
			got = append(got, c.Tenant+" "+c.ID)
		}
		return got
	}
	require.Equal(t, []string{"big 0", "middle 0"}, claim(a, 2))
	require.Equal(t, []string{"big 1", "middle 1", "late 0", "big 2", "late 1", "big 3", "late 2", "big 4"}, claim(b, 8))
	require.Len(t, claim(a, 40), 40)
	require.Equal(t, []string{"big 45", "big 46", "big 47", "big 48", "big 49"}, claim(b, 5), "exactly as many as are due")
}

// Nodes that claim at the same time from a backlog get all of it, each its own.
func TestNodesShareABacklog(t *testing.T) {
	a, b := twoNodes(t, postgres.Config{})
	ctx := t.Context()
	const n = 400
	callers(8, n, func(i int) {
		r := active(fmt.Sprint("tenant ", i%7), fmt.Sprint(i))
		r.Due = at(int64(i))
		_, err := a.PutSubscription(ctx, r, 0)
		assert.NoError(t, err)
	})
	var mu sync.Mutex
	taken := map[int64]int{}
	callers(6, 6, func(i int) {
		h := []host{a, b}[i%2]
		for {
			claims, _, err := h.Claim(ctx, fmt.Sprint("node ", i), at(n), at(2*n), 10)
			if !assert.NoError(t, err) || len(claims) == 0 {
				return
			}
			mu.Lock()
			for _, c := range claims {
				taken[c.Key]++
			}
			mu.Unlock()
		}
	})
	require.Len(t, taken, n)
	for _, times := range taken {
		require.Equal(t, 1, times)
	}
}

// Writers of the same subscriptions in every way at once never wait for each other in a
// circle.
func TestNoDeadlock(t *testing.T) {
	a, b := twoNodes(t, postgres.Config{})
	f := newFleet(t, a, 200)
	ctx := t.Context()
	var before int
	const deadlocks = `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`
	require.NoError(t, a.pool.QueryRow(ctx, deadlocks).Scan(&before))
	var wg sync.WaitGroup
	done := make(chan struct{})
	wg.Go(func() {
		defer close(done)
		for range 30 {
			assert.NoError(t, f.commit(ctx, len(f.keys)))
		}
	})
	for n, h := range []host{a, b} {
		node := fmt.Sprint("node ", n)
		wg.Go(func() {
			for {
				claims, _, err := h.Claim(ctx, node, at(1000), at(2000), 50)
				assert.NoError(t, err)
				callers(50, len(claims), func(i int) {
					c := claims[i]
					err := h.Finish(ctx, subscription.Outcome{Key: c.Key, Token: c.Token, At: at(1), Status: c.Status, Cursor: c.Frozen, Eager: true})
					if err != nil {
						assert.ErrorIs(t, err, subscription.ErrLost)
					}
				})
				assert.NoError(t, h.Hasten(ctx, f.keys, at(1)))
				select {
				case <-done:
					return
				default:
				}
			}
		})
		wg.Go(func() {
			for i := 0; ; i++ {
				id := fmt.Sprint((i * 7) % len(f.keys))
				r, err := h.GetSubscription(ctx, "t", id)
				if assert.NoError(t, err) {
					_, err := h.PutSubscription(ctx, r, r.Revision)
					if err != nil {
						assert.ErrorIs(t, err, subscription.ErrConflict)
					}
				}
				if i%20 == 0 {
					assert.NoError(t, h.Release(ctx, node))
					_, err := h.Prune(ctx, at(1), at(1), 100)
					assert.NoError(t, err)
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	wg.Wait()
	var after int
	require.NoError(t, a.pool.QueryRow(ctx, deadlocks).Scan(&after))
	require.Equal(t, before, after)
	r, err := a.GetSubscription(ctx, "t", "0")
	require.NoError(t, err)
	require.Equal(t, f.number, r.Count)
}

// listening calls Listen and returns what it hears and what it returns.
func listening(h host, node string) (heard chan subscription.Work, stop func(), ended chan error) {
	heard, ended = make(chan subscription.Work, 100), make(chan error, 1)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { ended <- h.Listen(ctx, node, func(w subscription.Work) { heard <- w }) }()
	return heard, cancel, ended
}

// awaitListener returns when a connection listens.
func awaitListener(t *testing.T, h host) (pid int) {
	for pid == 0 {
		require.NoError(t, h.pool.QueryRow(t.Context(), `SELECT coalesce(max(pid), 0) FROM pg_stat_activity
			WHERE query LIKE 'LISTEN%' AND wait_event = 'ClientRead' AND datname = current_database()`).Scan(&pid))
	}
	return pid
}

func TestNodesWakeEachOther(t *testing.T) {
	a, b := twoNodes(t, postgres.Config{Schema: "Two Nodes"})
	other := open(t, a.pool.Config().ConnString(), postgres.Config{Schema: "other"})
	heard, _, ended := listening(a, "node a")
	pid := awaitListener(t, b)
	require.NoError(t, other.Wake(t.Context(), "node c", subscription.WorkChanges), "another schema")
	require.NoError(t, a.Wake(t.Context(), "node a", subscription.WorkChanges), "its own")
	require.NoError(t, b.Wake(t.Context(), "node b", subscription.WorkDeliveries))
	require.Equal(t, subscription.WorkDeliveries, <-heard)

	// The engine calls Listen again when the connection was lost.
	_, err := b.pool.Exec(t.Context(), `SELECT pg_terminate_backend($1)`, pid)
	require.NoError(t, err)
	require.Error(t, <-ended)
	heard, stop, ended := listening(a, "node a")
	awaitListener(t, b)
	require.NoError(t, b.Wake(t.Context(), "node b", subscription.WorkChanges))
	require.Equal(t, subscription.WorkChanges, <-heard)
	stop()
	require.NoError(t, <-ended)
	require.Empty(t, heard)
}

func TestListenElsewhereOrNotAtAll(t *testing.T) {
	dsn := postgrestest.DSN(t)
	a := open(t, dsn, postgres.Config{})
	elsewhere := open(t, dsn, postgres.Config{Listen: a.pool.Config().ConnConfig})
	heard, stop, ended := listening(elsewhere, "b")
	awaitListener(t, a)
	require.NoError(t, a.Wake(t.Context(), "a", subscription.WorkChanges))
	require.Equal(t, subscription.WorkChanges, <-heard)

	polls := open(t, dsn, postgres.Config{PollOnly: true})
	require.NoError(t, polls.Wake(t.Context(), "c", subscription.WorkChanges))
	_, stopPolling, polled := listening(polls, "c")
	stopPolling()
	require.NoError(t, <-polled)
	require.NoError(t, a.Wake(t.Context(), "a", subscription.WorkDeliveries))
	require.Equal(t, subscription.WorkDeliveries, <-heard, "nothing of the one that polls")
	stop()
	require.NoError(t, <-ended)
}

// Nodes that start at the same time migrate once.
func TestMigrateAtOnce(t *testing.T) {
	h := newHost(t)
	stores := make([]*postgres.Store, 8)
	callers(len(stores), len(stores), func(i int) {
		stores[i] = postgres.New(h.pool, postgres.Config{Schema: "fresh"})
		assert.NoError(t, stores[i].Migrate(t.Context()))
	})
	require.NoError(t, stores[0].Append(t.Context(), []subscription.Change{named("a")}))
	require.NoError(t, stores[1].Migrate(t.Context()), "again")
	read, err := stores[1].ReadChanges(t.Context(), 0, 9)
	require.NoError(t, err)
	require.Len(t, read, 1)
	_, err = h.pool.Exec(t.Context(), `INSERT INTO fresh.migration VALUES (99)`)
	require.NoError(t, err)
	require.ErrorIs(t, stores[2].Migrate(t.Context()), postgres.ErrNewerSchema)
	require.ErrorContains(t, postgres.New(h.pool, postgres.Config{Schema: "absent"}).Append(t.Context(), []subscription.Change{named("a")}), "Migrate")
}
