package memory_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/store/storetest"
	"github.com/carillon-fhir/carillon/subscription"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStore(t *testing.T) {
	storetest.Run(t, storetest.Harness{
		New: func(testing.TB) subscription.Store { return memory.New() },
		Begin: func(_ testing.TB, s subscription.Store) (subscription.Tx, func() error, func() error) {
			tx := s.(*memory.Store).Begin()
			return tx, tx.Commit, tx.Rollback
		},
	})
}
