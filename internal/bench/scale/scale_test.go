package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/bench/report"
)

// measured are round figures.
var measured = costs{
	change: cost{3e-5, 5e-5, 4000}, event: cost{7e-5, 1.5e-4, 1000},
	match: 1e-5, start: 1e-5, memory: 1000, resource: 2000, notice: 3000, batch: 256,
}

func TestReckoning(t *testing.T) {
	p := measured.reckon(demand{subscriptions: 1e6, writes: 1000, matches: 2}, machines{
		nodeCores: 10, nodeMemory: 1e9, nodeNetwork: 1e9, databaseCores: 10, databaseDisk: 1e8, databaseTo: 1e8, most: 0.5,
	})
	require.Equal(t, 2, p.shards, "a node has room for half a million")
	require.Equal(t, 2, p.nodes)
	require.InDelta(t, 5, p.start, 1e-9)
	want := map[string]float64{ // needs, over half of what there is
		"processors of PostgreSQL":                      (1000*5e-5 + 2000*1.5e-4) / 5,
		"what PostgreSQL writes ahead":                  (1000*4000 + 2000*1000.0) / 5e7,
		"what the sequencers read":                      2 * 1000 * 2000 / 5e7,
		"the one goroutine that matches, in each shard": 1000 * 1e-5 / 0.5,
	}
	for _, n := range p.needs {
		require.InDelta(t, want[n.what], n.load(), 1e-9, n.what)
		delete(want, n.what)
	}
	require.Empty(t, want)
	require.Equal(t, "what PostgreSQL writes ahead", p.first().what)
}

// TestTheMostIsTheMost: at the limit exactly one thing is used up.
func TestTheMostIsTheMost(t *testing.T) {
	for _, d := range demands {
		writes, limit := measured.most(d, ordinary)
		d.writes = writes
		p := measured.reckon(d, ordinary)
		require.Equal(t, limit.what, p.first().what)
		require.InDelta(t, 1, p.first().load(), 1e-6)
	}
}

// TestMoreShardsDoNotMatchFaster is what the page says about sharding by Subscription.
func TestMoreShardsDoNotMatchFaster(t *testing.T) {
	few, many := measured.reckon(demand{1e6, 1e4, 1}, ordinary), measured.reckon(demand{1e8, 1e4, 1}, ordinary)
	require.Greater(t, many.shards, few.shards)
	for i, n := range many.needs {
		switch n.what {
		case "what the sequencers read":
			require.InDelta(t, float64(many.shards)/float64(few.shards), n.needs/few.needs[i].needs, 1e-9)
		default:
			require.InDelta(t, few.needs[i].needs, n.needs, 1e-9, n.what)
		}
	}
}

func TestEachEventIsDeliveredOnce(t *testing.T) {
	for _, matches := range []float64{0, 0.5, 1, 3} {
		w := simulated(measured, 0.5)
		w.matches, w.seconds = matches, 0.3
		o := simulate(w)
		require.Greater(t, o.changes, 100)
		require.Equal(t, o.events, o.delivered)
		require.InDelta(t, matches, float64(o.events)/float64(o.changes), 0.3)
		require.Equal(t, o, simulate(w), "the same world comes out the same")
	}
}

// TestWithoutQueuesItTakesWhatItTakes: a lone change waits for commits, its processor
// time, and its receiver.
func TestWithoutQueuesItTakesWhatItTakes(t *testing.T) {
	w := simulated(measured, 0.01)
	w.endpoint = 0
	o := simulate(w)
	alone := measured.change.database + measured.event.database + measured.match + measured.event.node + 3*commitWait
	require.InDelta(t, alone, o.p50, alone/10)
}

// TestTheDatabaseIsAsBusyAsTheModelSays, below its limit; above it the backlog grows with
// the time that writes come in, and nothing comes out faster than the limit.
func TestTheDatabaseIsAsBusyAsTheModelSays(t *testing.T) {
	for _, share := range []float64{0.3, 0.6, 0.9} {
		o := simulate(simulated(measured, share))
		require.InDelta(t, share, o.database, 0.05)
		require.Less(t, o.p99, 0.1)
	}
	w := simulated(measured, 1.5)
	w.seconds = 0.5
	short := simulate(w)
	w.seconds = 1
	long := simulate(w)
	require.InDelta(t, 0.25, short.backlog, 0.1, "0.75 s of work came in 0.5 s")
	require.InDelta(t, 2*short.backlog, long.backlog, 0.1)
	require.Greater(t, long.database, 0.95)
}

// TestAShardThatMatchesAllTheTime: then more shards are of no use, as each reads
// everything.
func TestAShardThatMatchesAllTheTime(t *testing.T) {
	slow := measured
	slow.match, slow.change.database, slow.event.database = 1e-3, 1e-6, 1e-6
	w := world{costs: slow, writes: 2000, seconds: 1, shards: 1, matches: 1, cores: 4, slots: 100, seed: 1}
	one := simulate(w)
	w.shards = 8
	eight := simulate(w)
	require.Greater(t, one.backlog, 0.8)
	require.InDelta(t, one.backlog, eight.backlog, 0.2)
}

func TestThePageIsMadeOfWhatWasMeasured(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(root, "docs", "bench"), 0o755))
	page, err := os.ReadFile("../../../docs/scale.md")
	require.NoError(t, err)
	written := filepath.Join(root, "docs", "scale.md")
	require.NoError(t, os.WriteFile(written, page, 0o644))
	require.ErrorContains(t, run(root), "has not been measured")

	require.NoError(t, report.Results{{Piece: "all", Figures: map[string]float64{
		"match.seconds": 1e-5, "pipeline.postgres.processor.seconds": 1e-4, "pipeline.postgres.server.seconds": 2e-4, "pipeline.postgres.log.bytes": 5000,
		"change.postgres.processor.seconds": 3e-5, "change.postgres.server.seconds": 5e-5, "change.postgres.log.bytes": 4000,
		"start.seconds": 1e-5, "engine.bytes": 1000, "notification.bytes": 3000,
	}}}.Write(filepath.Join(root, "docs", "bench", "results.json")))
	require.NoError(t, run(root))
	made, err := os.ReadFile(written)
	require.NoError(t, err)
	for _, text := range []string{"| 100,000,000 | 100,000 | 10 |", "| one notification of a resource of 2 KB | 3.00 KB |", "70.0 µs, 150 µs, 1.00 KB", "| 120 % |"} {
		require.Contains(t, string(made), text)
	}
	require.Equal(t, 1, strings.Count(string(made), "<!-- plans:"))
}
