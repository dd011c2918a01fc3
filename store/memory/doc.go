// Package memory is a subscription.Store in the process's own memory, for tests,
// demonstrations, and as the plainest reading of the Store contract.
//
// Nothing survives the process: a write is "durable" until the program ends, so
// an engine on this store loses undelivered notifications at a restart. Hosts with
// data that matters use store/sqlite or store/postgres.
//
// New gives an empty store, ready for an engine:
//
//	engine, err := subscription.New(subscription.Config{Store: memory.New(), ...})
//
// Begin stands in for the transaction of a host's database. What is appended to
// the Tx enters the change log when it is committed, in the order of the commits.
//
// A hundred thousand subscriptions are a normal load: finding what is due, reading
// the log and paging through subscriptions cost the logarithm of how many there
// are. Only Prune looks at everything.
package memory
