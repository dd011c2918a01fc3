// Command scale reckons what many Subscriptions and writes take, from what make bench
// has measured on one machine, and writes the tables of docs/scale.md:
//
//	go run ./internal/bench/scale
//
// Model multiplies measured costs; it knows nothing of queues. simulate, which does, puts
// the same costs through a discrete simulation of appends, sequencers, a database and
// deliveries, and shows how much of what the model promises is left when work waits for
// work.
package main
