package sqlite_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/sweep"
)

// size is that of a sweep; CARILLON_SOAK=1 asks for the long one.
func size(n, soak int) int {
	if os.Getenv("CARILLON_SOAK") != "" {
		return soak
	}
	return n
}

func TestCrashAtEveryCall(t *testing.T) { // C1
	total := sweep.Crashes(t, harness, size(15, 1000), sweep.Alone)
	t.Logf("C1 schedules=%d %v", total.Schedules, total.Report)
	if total.Schedules > 100 { // a few may all be where a crash does no harm
		require.NotZero(t, total.Duplicates, "no crash was where it hurts")
	}
}

func TestStoreFailsAtEveryCall(t *testing.T) { // C7
	total := sweep.Failures(t, harness, size(10, 1000), sweep.Alone)
	t.Logf("C7 schedules=%d %v", total.Schedules, total.Report)
}
