package storetest_test

import (
	"fmt"
	"testing"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/store/storetest"
	"github.com/carillon-fhir/carillon/subscription"
)

// The test of a store whose hosts append in transactions, and which is gone with its
// process.
func ExampleRun() {
	_ = func(t *testing.T) { // TestStore
		storetest.Run(t, storetest.Harness{
			New: func(testing.TB) subscription.Store { return memory.New() },
			Begin: func(_ testing.TB, s subscription.Store) (subscription.Tx, func() error, func() error) {
				tx := s.(*memory.Store).Begin()
				return tx, tx.Commit, tx.Rollback
			},
		})
	}
}

func ExampleClauses() {
	for _, c := range storetest.Clauses()[:3] {
		fmt.Println(c.Name)
	}
	// Output:
	// AppendKeepsTheOrder
	// AppendKeepsEveryField
	// AppendIgnoresPosition
}
