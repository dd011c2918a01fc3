package extend_test

import (
	"testing"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/store/storetest"
	"github.com/carillon-fhir/carillon/subscription"
)

// TestMine is the test of a store of your own, to begin with. Here memory stands for it.
func TestMine(t *testing.T) {
	storetest.Run(t, storetest.Harness{
		New: func(testing.TB) subscription.Store { return memory.New() },
	})
}
