package storetest_test

import (
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/carillon-fhir/carillon/internal/suitetest"
	"github.com/carillon-fhir/carillon/store/storetest"
	"github.com/carillon-fhir/carillon/subscription"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// harness makes memory stores that are broken by apply. A memory store that goes
// on after its process was killed stands for a file.
func harness(apply func(s *override)) storetest.Harness {
	return storetest.Harness{
		New: func(testing.TB) subscription.Store {
			s := newOverride()
			apply(s)
			return s
		},
		Reopen: func(_ testing.TB, s subscription.Store) subscription.Store {
			s.(*override).crash()
			return s
		},
		Begin: func(_ testing.TB, s subscription.Store) (subscription.Tx, func() error, func() error) {
			return s.(*override).begin()
		},
		Another: func(_ testing.TB, s subscription.Store) subscription.Store {
			return s.(*override).another()
		},
		Reshard:    func(_ testing.TB, s subscription.Store, n int) { s.(*override).reshard(n) },
		Disconnect: func(_ testing.TB, s subscription.Store) { s.(*override).disconnect() },
	}
}

// harness makes stores that are broken.
func (b broken) harness() storetest.Harness {
	h := harness(b.apply)
	h.ForgetsClaims = b.clause == "CrashForgetsClaims"
	return h
}

func clause(t *testing.T, name string) storetest.Clause {
	all := storetest.Clauses()
	i := slices.IndexFunc(all, func(c storetest.Clause) bool { return c.Name == name })
	require.GreaterOrEqual(t, i, 0, "there is no clause %s", name)
	return all[i]
}

func allBroken() []broken {
	return slices.Concat(brokenLogs, brokenReads, brokenSubscriptions, brokenRecords, brokenWork, brokenClaims, brokenCrashes, brokenShared,
		brokenPositions, brokenOwners, brokenTokens, brokenBacklogs)
}

// Every clause fails some store.
func TestEveryClauseIsBroken(t *testing.T) {
	caught := map[string]bool{}
	for _, b := range allBroken() {
		caught[b.clause] = true
	}
	for _, c := range storetest.Clauses() {
		if !caught[c.Name] {
			t.Errorf("no store breaks %s", c.Name)
		}
	}
}

// C16 of the delivery contract's tests: each broken store fails the clause that it
// breaks.
func TestBrokenStoresFail(t *testing.T) {
	all := allBroken()
	var caught atomic.Int64
	t.Cleanup(func() { t.Logf("C16 stores=%d caught=%d", len(all), caught.Load()) })
	for _, b := range all {
		t.Run(b.clause+" by one that "+b.name, func(t *testing.T) {
			t.Parallel()
			require.True(t, try(t, clause(t, b.clause), b.harness()).Failed(), "%s let it pass", b.clause)
			caught.Add(1)
		})
	}
}

// A process that keeps nothing must not call that a restart.
func TestForgettingStoreFails(t *testing.T) {
	h := harness(func(*override) {})
	h.Reopen = func(t testing.TB, _ subscription.Store) subscription.Store { return h.New(t) }
	for _, c := range storetest.Clauses() {
		if len(c.Name) > 5 && c.Name[:5] == "Crash" && c.Name != "CrashUsesNoNumberAgain" {
			h.ForgetsClaims = c.Name == "CrashForgetsClaims"
			require.True(t, try(t, c, h).Failed(), c.Name)
		}
	}
}

// The harness of the broken stores is no fault of its own.
func TestWholeStorePasses(t *testing.T) {
	storetest.Run(t, harness(func(*override) {}))
}

// So can one do whose claims end with its process.
func TestForgetfulStorePasses(t *testing.T) {
	h := harness(forgetful)
	h.ForgetsClaims = true
	storetest.Run(t, h)
}

// What a harness lacks is skipped, not failed.
func TestLacksAreSkipped(t *testing.T) {
	h := harness(func(*override) {})
	h.Reopen, h.Begin = nil, nil
	for name, skipped := range map[string]bool{
		"CrashKeepsChanges": true, "TxLeavesNothingAfterRollback": true, "TxConcurrent": true, "AppendOfNothing": false,
	} {
		r := try(t, clause(t, name), h)
		require.False(t, r.Failed(), name)
		require.Equal(t, skipped, r.Skipped(), name)
	}
}

func TestClausesHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range storetest.Clauses() {
		require.False(t, seen[c.Name], c.Name)
		seen[c.Name] = true
	}
}

// try runs a clause that may fail.
func try(t *testing.T, c storetest.Clause, h storetest.Harness) *suitetest.Recorder {
	return suitetest.Try(t, func(t testing.TB) { c.Test(t, h) })
}
