package storetest

import (
	"testing"

	"github.com/carillon-fhir/carillon/subscription"
)

// Harness says how to make and break a store.
type Harness struct {
	// New returns an empty store and cleans it up when t ends. Required.
	New func(t testing.TB) subscription.Store

	// Reopen returns what a new process finds after the one that used s was killed
	// between two calls. s isn't used any more. nil: nothing survives.
	Reopen func(t testing.TB, s subscription.Store) subscription.Store

	// ForgetsClaims says that the store begins without claims when it is opened anew,
	// as one may that only one process can open at a time.
	ForgetsClaims bool

	// Begin starts a transaction of the host's database, on which s is. It is ended
	// by one of the two functions, if at all. nil: the store has no host transactions.
	Begin func(t testing.TB, s subscription.Store) (tx subscription.Tx, commit, rollback func() error)

	// OneWriter says that a transaction of Begin which has appended keeps every other
	// writer waiting until it ends, as in SQLite.
	OneWriter bool

	// Another returns what another process has of the store that s is of, for as long as
	// s is used, too. nil: the store is for one process.
	Another func(t testing.TB, s subscription.Store) subscription.Store

	// Disconnect breaks the connection on which s listens; only for a
	// subscription.Waker. nil: there is none that could break.
	Disconnect func(t testing.TB, s subscription.Store)

	// Reshard changes the number of shards of s, while it may be in use; only for a
	// subscription.Sharded. nil: it never changes.
	Reshard func(t testing.TB, s subscription.Store, n int)
}

// Clause is one clause of the contract.
type Clause struct {
	Name string                        // what it promises, as the name of a subtest
	Test func(t testing.TB, h Harness) // fails or skips t, and ends what it began
}

// Run tests all Clauses, in parallel.
func Run(t *testing.T, h Harness) {
	for _, c := range Clauses() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			c.Test(t, h)
		})
	}
}

// Clauses returns the clauses of the contract, in the order of its text.
func Clauses() []Clause {
	var all []Clause
	for _, theme := range [][]Clause{
		changes, transactions, leases, subscriptions, events, claims, finishes, hastens, owners, positions, tokens, prunes,
		tenants, crashes, concurrency, handles, wakers, shards, timekeepers, backlogs,
	} {
		all = append(all, theme...)
	}
	return all
}
