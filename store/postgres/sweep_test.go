package postgres_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/postgrestest"
	"github.com/carillon-fhir/carillon/internal/sweep"
	"github.com/carillon-fhir/carillon/store/postgres"
	"github.com/carillon-fhir/carillon/store/storetest"
	"github.com/carillon-fhir/carillon/subscription"
)

// swept is a database for each schedule, and polling: in a bubble no time would pass
// while somebody listens.
func swept(t *testing.T) storetest.Harness {
	h := harness(t, postgrestest.DSN(t), postgres.Config{PollOnly: true})
	h.New = func(t testing.TB) subscription.Store {
		return open(t, postgrestest.DSN(t), postgres.Config{PollOnly: true})
	}
	h.Begin, h.Reopen = nil, nil
	return h
}

// size is that of a sweep; CARILLON_SOAK=1 asks for the long one.
func size(n, soak int) int {
	if os.Getenv("CARILLON_SOAK") != "" {
		return soak
	}
	return n
}

func TestCrashAtEveryCall(t *testing.T) { // C1
	total := sweep.Crashes(t, swept(t), size(4, 500), sweep.Pair, sweep.Connected)
	t.Logf("C1 schedules=%d %v", total.Schedules, total.Report)
	require.NotZero(t, total.Faults)
}

func TestStoreFailsAtEveryCall(t *testing.T) { // C7
	total := sweep.Failures(t, swept(t), size(4, 500), sweep.Pair, sweep.Connected)
	t.Logf("C7 schedules=%d %v", total.Schedules, total.Report)
	require.NotZero(t, total.Faults)
}
