package sqlite_test

import (
	"testing"

	"github.com/carillon-fhir/carillon/store/storetest"
)

// BenchmarkStore measures what all stores are measured by: appends, commits, claims with
// their outcomes, positions.
func BenchmarkStore(b *testing.B) { storetest.Bench(b, harness) }
