package subscription_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/sweep"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/store/storetest"
	"github.com/carillon-fhir/carillon/subscription"
)

// inMemory is the store of the sweeps here. It outlives the processes of a cluster,
// as a file would.
var inMemory = storetest.Harness{
	New: func(testing.TB) subscription.Store { return memory.New() },
	Begin: func(_ testing.TB, s subscription.Store) (subscription.Tx, func() error, func() error) {
		tx := s.(*memory.Store).Begin()
		return tx, tx.Commit, tx.Rollback
	},
}

func TestCrashAtEveryCall(t *testing.T) { // C1
	t.Parallel()
	total := sweep.Crashes(t, inMemory, short(100, 4000), sweep.Alone, sweep.Pair, sweep.Three, sweep.Connected)
	t.Logf("C1 schedules=%d %v", total.Schedules, total.Report)
	require.NotZero(t, total.Duplicates, "no crash was where it hurts")
}

// short is the size of a sweep; CARILLON_SOAK=1 asks for the long one.
func short(n, soak int) int {
	if os.Getenv("CARILLON_SOAK") != "" {
		return soak
	}
	return n
}

func TestStoreFailsAtEveryCall(t *testing.T) { // C7
	t.Parallel()
	total := sweep.Failures(t, inMemory, short(60, 2000), sweep.Alone, sweep.Pair, sweep.Three, sweep.Connected)
	t.Logf("C7 schedules=%d %v", total.Schedules, total.Report)
}

func TestStoreFailsForAMinute(t *testing.T) { // C7
	t.Parallel()
	total := sweep.Outages(t, inMemory, sweep.Connected, sweep.Errors[:short(1, 3)]...)
	t.Logf("C7 outages=%d %v", total.Schedules, total.Report)
}

func TestNodeSleepsPastItsLease(t *testing.T) { // C3
	t.Parallel()
	total := sweep.Pauses(t, inMemory, short(80, 2000), sweep.Pair, sweep.Three, sweep.Connected)
	t.Logf("C3 pauses=%d stale=%d accepted=0 %v", total.Schedules, total.Stale, total.Report)
	require.NotZero(t, total.Stale, "nobody woke up with a lost lease")
}

func TestStoreIsSlowerThanALease(t *testing.T) { // C8
	t.Parallel()
	total := sweep.Slowness(t, inMemory)
	t.Logf("C8 schedules=%d crowd=%d %v", total.Schedules, total.Crowd, total.Report)
	require.Less(t, total.Crowd, 100)
}

func TestLeaderDiesEachSecond(t *testing.T) { // C14
	t.Parallel()
	deaths := short(60, 300)
	r := sweep.Successions(t, inMemory, deaths)
	t.Logf("C14 deaths=%d %v", deaths, r.Report)
}

func TestLeaderSleepsPastItsLease(t *testing.T) { // C3
	t.Parallel()
	r := sweep.Sleepers(t, inMemory, 300)
	t.Logf("C3 pauses=300 stale=%d accepted=0 %v", r.Stale, r.Report)
	require.NotZero(t, r.Stale)
}

func TestManySubscriptionsUnderFaults(t *testing.T) { // N1
	t.Parallel()
	subscriptions, events := 50, short(100, 2050)
	r := sweep.Load(t, inMemory, subscriptions, events)
	t.Logf("N1 subscriptions=%d %v", subscriptions, r.Report)
	require.LessOrEqual(t, r.Events, subscriptions*events)
	require.Greater(t, r.Events, subscriptions*events*9/10, "most writes succeed")
}

func TestSubscriptionsBetweenChangeAndSequencing(t *testing.T) { // N17
	t.Parallel()
	total := sweep.Interleavings(t, inMemory, short(3, 100))
	t.Logf("N17 interleavings=%d %v", total.Schedules, total.Report)
}

func TestNumbersGoOn(t *testing.T) { // N3
	t.Parallel()
	r, did := sweep.Numbers(t, inMemory, 200)
	t.Logf("N3 turns=200 %v %v", did, r.Report)
}

func TestHostThatRecordsEachVersionTwice(t *testing.T) { // C13
	t.Parallel()
	r := sweep.Repetitions(t, inMemory, 1000)
	t.Logf("C13 versions=1000 %v", r.Report)
	require.InDelta(t, 1000, r.Events, 10)
}

// sharded is a store with three shards, which passes hints on.
var sharded = storetest.Harness{
	New: func(testing.TB) subscription.Store { return newSharedStore(3) },
	Begin: func(_ testing.TB, s subscription.Store) (subscription.Tx, func() error, func() error) {
		tx := s.(*sharedStore).Begin()
		return tx, tx.Commit, tx.Rollback
	},
}

func TestShardsUnderFaults(t *testing.T) { // C1, C3, C7 and N1
	t.Parallel()
	crashes := sweep.Crashes(t, sharded, short(40, 1500), sweep.Pair, sweep.Three)
	t.Logf("C1 shards=3 schedules=%d %v", crashes.Schedules, crashes.Report)
	failures := sweep.Failures(t, sharded, short(25, 1000), sweep.Pair, sweep.Three)
	t.Logf("C7 shards=3 schedules=%d %v", failures.Schedules, failures.Report)
	pauses := sweep.Pauses(t, sharded, short(25, 1000), sweep.Pair, sweep.Three)
	t.Logf("C3 shards=3 pauses=%d stale=%d accepted=0 %v", pauses.Schedules, pauses.Stale, pauses.Report)
	load := sweep.Load(t, sharded, 50, short(40, 2000))
	t.Logf("N1 shards=3 %v", load.Report)
}
