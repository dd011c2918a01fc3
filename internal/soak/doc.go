// Package soak has the tests that take their time: the engine as hosts have it, over a
// file of SQLite, with its rest-hook channel and receivers on real sockets. Run is the
// row O3 of the delivery contract, Idle its row O4.
//
// `go test` runs them for some seconds, `make soak` for as long as the rows ask for.
package soak
