package storetest_test

import (
	"testing"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/store/storetest"
	"github.com/carillon-fhir/carillon/subscription"
)

// BenchmarkStore is how a store's own benchmark looks.
func BenchmarkStore(b *testing.B) {
	storetest.Bench(b, storetest.Harness{
		New: func(testing.TB) subscription.Store { return memory.New() },
	})
}
