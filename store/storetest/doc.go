// Package storetest tests an implementation of subscription.Store against every
// clause of its contract. A store that passes needs no further tests of what it
// means, only of how it does it.
//
// A store's own test calls Run with a Harness that says how to make one:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, storetest.Harness{
//			New: func(t testing.TB) subscription.Store { return memory.New() },
//		})
//	}
//
// What a store can't do by its nature is a nil function of the Harness; the clauses
// that need it are skipped and say so.
//
// Clauses are listed by Clauses, so that the suite can itself be tested: a store
// that breaks one must fail.
package storetest
