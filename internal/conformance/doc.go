// Command conformance writes docs/conformance.md: every requirement of the standard, whether
// it is met, and which tests say so.
//
//	go run ./internal/conformance
//
// The requirements are in requirements.txt, each in this project's words. A test says
// which of them it asserts by a comment in it, above it or beside a row of its table:
//
//	// spec: BND-03, BND-04
//
// A requirement that no test asserts needs a reason in requirements.txt, "not met:" or
// "n.a.:". A test of this package fails when the page is out of date, when an annotation
// names a requirement that there isn't, and when one has neither test nor reason. The
// same package checks that what docs/threats.md names exists.
package main
