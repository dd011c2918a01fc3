//go:build unix

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/postgrestest"
)

// The tests of this file do to real processes, under load, what happens to processes.
// What the servers themselves show as history in the end is what was committed;
// everything of it must have arrived, once or repeated after a fault, in order, under
// numbers that never change. Each prints its figures on one line.

// kills is how many faults a test injects. CARILLON_KILLS says it for a soak.
func kills(t *testing.T, few int) int {
	if text := os.Getenv("CARILLON_KILLS"); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(t, err)
		return n
	}
	return few
}

// lease is that of nodes which are stopped or killed for good.
const lease = 3 * time.Second

func between(least, most time.Duration) time.Duration { return least + rand.N(most-least) }

// TestKilledServerLosesNothing kills the one server over a file at random moments
// (docs/delivery-rows.md C2).
func TestKilledServerLosesNothing(t *testing.T) {
	t.Parallel() // they wait, mostly
	ns := startNodes(t, 1, "sqlite:"+filepath.Join(t.TempDir(), "fhir.db"))
	ns.subscribe()
	stop := ns.load(4, 0)
	n := kills(t, 8)
	for range n {
		pause(t.Context(), between(150*time.Millisecond, 650*time.Millisecond))
		ns.all[0].kill()
		ns.checker.Excuse(atRisk)
		ns.all[0].start()
	}
	stop()
	ns.judge("C2", fmt.Sprint("kills=", n))
}

// TestKilledNodesLoseNothing kills one of three nodes at random moments. It comes back
// at once, or when another has taken its work.
func TestKilledNodesLoseNothing(t *testing.T) {
	t.Parallel() // they wait, mostly
	ns := threeNodes(t, postgrestest.DSN(t))
	stop := ns.load(3, 10*time.Millisecond)
	n := kills(t, 4)
	for range n {
		pause(t.Context(), between(150*time.Millisecond, 650*time.Millisecond))
		killed := ns.any()
		killed.kill()
		ns.checker.Excuse(atRisk)
		if rand.IntN(4) == 0 {
			pause(t.Context(), between(lease/2, lease*3/2))
		}
		killed.start()
	}
	stop()
	ns.judge("C2/nodes", fmt.Sprint("kills=", n))
}

func threeNodes(t *testing.T, dsn string) *nodes {
	ns := startNodes(t, 3, "postgres:"+dsn, "-lease", lease.String())
	ns.subscribe()
	return ns
}

// TestStoppedNodesDoNoHarm stops a node for longer than its lease, the one that
// sequences every other time, and lets it go on as if nothing had happened: what it
// still wants to write must be refused (docs/delivery-rows.md C3).
func TestStoppedNodesDoNoHarm(t *testing.T) {
	t.Parallel() // they wait, mostly
	dsn := postgrestest.DSN(t)
	ns := threeNodes(t, dsn)
	stop := ns.load(6, 10*time.Millisecond)
	n := kills(t, 2)
	for i := range n {
		pause(t.Context(), between(150*time.Millisecond, 650*time.Millisecond))
		stopped := ns.any()
		if i%2 == 0 {
			stopped = ns.leader(dsn)
		}
		stopped.signal(syscall.SIGSTOP)
		pause(t.Context(), lease+between(300*time.Millisecond, time.Second))
		ns.delivers(stopped)
		ns.checker.Excuse(atRisk)
		stopped.signal(syscall.SIGCONT)
	}
	stop()
	ns.judge("C3", fmt.Sprint("stops=", n))
}

// delivers requires that the nodes deliver what is written to others than the one that
// stands still, perhaps in the middle of a transaction.
func (ns *nodes) delivers(stopped *node) {
	before := ns.checker.Received("one")
	require.Eventually(ns.t, func() bool {
		n := ns.any()
		return n != stopped && ns.write(n, fmt.Sprint("p", rand.IntN(resources)), 0) && ns.checker.Received("one") > before
	}, time.Minute, 10*time.Millisecond)
}

// TestLeadersDie kills whichever node sequences, each second (docs/delivery-rows.md C14).
func TestLeadersDie(t *testing.T) {
	t.Parallel() // they wait, mostly
	dsn := postgrestest.DSN(t)
	ns := threeNodes(t, dsn)
	stop := ns.load(3, 10*time.Millisecond)
	n := kills(t, 3)
	for range n {
		pause(t.Context(), time.Second)
		leader := ns.leader(dsn)
		leader.kill()
		ns.checker.Excuse(atRisk)
		leader.start()
	}
	stop()
	ns.judge("C14", fmt.Sprint("leaders=", n))
}

// leader waits until a node sequences and returns it.
func (ns *nodes) leader(dsn string) *node {
	return ns.holder(dsn, `SELECT node FROM carillon.lease WHERE name = 'sequencer' AND node IS NOT NULL AND until > $1`)
}

// deliverer waits until a node delivers and returns it.
func (ns *nodes) deliverer(dsn string) *node {
	return ns.holder(dsn, `SELECT node FROM carillon.delivery WHERE node IS NOT NULL AND until > $1 ORDER BY until LIMIT 1`)
}

// holder waits until the query finds the name of a node, given the time.
func (ns *nodes) holder(dsn, query string) (holder *node) {
	conn, err := pgx.Connect(ns.t.Context(), dsn)
	require.NoError(ns.t, err)
	defer conn.Close(context.WithoutCancel(ns.t.Context()))
	require.Eventually(ns.t, func() bool {
		var name string
		if conn.QueryRow(ns.t.Context(), query, time.Now().UnixMicro()).Scan(&name) != nil {
			return false
		}
		i, err := strconv.Atoi(name[1:])
		require.NoError(ns.t, err)
		holder = ns.all[i-1]
		return true
	}, 20*time.Second, 10*time.Millisecond)
	return holder
}

// TestDatabaseDies kills PostgreSQL itself and starts it again; the nodes go on
// (docs/delivery-rows.md C9).
func TestDatabaseDies(t *testing.T) {
	t.Parallel()                                // they wait, mostly
	cluster := postgrestest.New(t, "fsync=off") // what a killed server has written is the kernel's
	ns := threeNodes(t, cluster.DSN("postgres"))
	stop := ns.load(3, 10*time.Millisecond)
	n := kills(t, 2)
	for range n {
		pause(t.Context(), between(300*time.Millisecond, time.Second))
		require.NoError(t, cluster.Kill())
		ns.checker.Excuse(atRisk)
		pause(t.Context(), between(0, 500*time.Millisecond))
		require.NoError(t, cluster.Restart())
	}
	pause(t.Context(), time.Second)
	stop()
	ns.judge("C9", fmt.Sprint("databases=", n))
}

// TestTakeOver measures how long an event waits when the node that would sequence it,
// or one that is just delivering it, is killed: hardly, if the node is started again
// under its name, and no longer than its lease, if it is not.
func TestTakeOver(t *testing.T) {
	t.Parallel()                  // it waits, mostly
	const long = 10 * time.Minute // nobody waits for that
	for _, c := range []struct {
		name             string
		lease            time.Duration
		delivering, back bool
	}{
		{"sequencer back", long, false, true},
		{"sequencer dead", lease, false, false},
		{"deliverer back", long, true, true},
		{"deliverer dead", lease, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dsn := postgrestest.DSN(t)
			ns := startNodes(t, 2, "postgres:"+dsn, "-lease", c.lease.String())
			ns.subscribe()
			var victim *node
			if c.delivering {
				require.True(t, ns.write(ns.any(), "p0", 1))
				<-ns.hang
				victim = ns.deliverer(dsn)
			} else {
				victim = ns.leader(dsn)
			}
			victim.kill()
			began := time.Now()
			if !c.delivering {
				other := ns.all[0]
				if other == victim {
					other = ns.all[1]
				}
				require.True(t, ns.write(other, "p0", 1))
			}
			if c.back {
				victim.start()
			}
			require.Eventually(t, func() bool {
				return ns.checker.Received("one") == 1 && ns.checker.Received("batched") == 1
			}, c.lease+20*time.Second, 5*time.Millisecond)
			waited := time.Since(began)
			t.Logf("takeover %s lease=%v waited=%v", c.name, c.lease, waited.Round(time.Millisecond))
			require.Less(t, waited, long)
			if !c.back {
				victim.start()
			}
		})
	}
}
