// Package postgrestest gives tests and benchmarks a PostgreSQL of their own, made
// from the binaries of the machine: nobody has to start or configure one.
//
//	func TestStore(t *testing.T) {
//		pool, err := pgxpool.New(t.Context(), postgrestest.DSN(t))
//		...
//	}
//
// DSN makes a database in a server that all tests of a binary share. Tests that must
// lose their server take one of their own with New, and then Stop, Kill and Restart
// it; a program that is no test calls Start.
//
// A server runs in a directory of its own and listens on a Unix socket only. It ends
// with the process that has started it, however that ends, and takes its files with
// it. PostgreSQL refuses to run as root: then it runs as the user postgres, or nobody.
//
// The environment variable CARILLON_TEST_POSTGRES, the DSN of a server on which
// databases may be created, takes the place of the shared server. Without it, and
// without binaries on the PATH or in the usual places, tests are skipped.
package postgrestest
