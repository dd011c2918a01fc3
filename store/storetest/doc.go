// Package storetest tests an implementation of subscription.Store against every
// clause of its contract. A store that passes needs no further tests of what it
// means, only of how it does it.
//
// # A test of your own store
//
// A store's own test calls Run with a Harness that says how to make one. Begin with
// New alone:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, storetest.Harness{
//			New: func(t testing.TB) subscription.Store { return newStore(t) },
//		})
//	}
//
// Each clause is a subtest with a name that says what is promised, such as
// ClaimIsExclusiveUntilItRunsOut, and has a store of its own. They run in parallel.
//
// # What a store can't do
//
// Everything else of the Harness is a capability. What a store can't do by its nature
// is a nil function; the clauses that need it are skipped and say so:
//
//   - Reopen: it survives its process. If claims don't, because only one process can
//     open it at a time, say ForgetsClaims.
//   - Begin: it takes changes in transactions of the host's database. If such a
//     transaction keeps all other writers waiting, say OneWriter.
//   - Another: several processes share it. Two handles then look at one store from
//     two sides: leases, claims, fences and the order of the changes.
//   - Disconnect, Reshard: for stores that are a subscription.Waker or a
//     subscription.Sharded, which the suite finds out by itself.
//
// A store that several nodes are to share gives Another, and nothing less: the other
// clauses can't tell a lock in the process from one in the database.
//
// # Time
//
// Time is an argument of every method, so the clauses sleep nowhere. Those about
// hints between processes wait for them to come, for five seconds at most.
//
// # The suite is tested
//
// Clauses lists what there is. Package storetest's own tests have a broken store for
// each, which must fail it; a clause of your own should have one, too.
//
// # Figures
//
// Bench measures what the engine asks of a store, under the same names for all.
package storetest
