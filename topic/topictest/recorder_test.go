package topictest_test

import (
	"runtime"
	"testing"

	"github.com/carillon-fhir/carillon/topic/topictest"
)

// recorder is a testing.TB that notes whether a clause failed or was skipped.
type recorder struct {
	testing.TB
	failed, skipped bool
}

// try runs a clause. Clauses fail in their own goroutine only, so that no lock is
// needed; try waits for it.
func try(t *testing.T, c topictest.Clause, h topictest.Harness) *recorder {
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.Test(r, h)
	}()
	<-done
	return r
}

func (r *recorder) Helper()               {}
func (r *recorder) Error(...any)          { r.failed = true }
func (r *recorder) Errorf(string, ...any) { r.failed = true }
func (r *recorder) Failed() bool          { return r.failed }
func (r *recorder) Fatal(...any)          { r.FailNow() }
func (r *recorder) Fatalf(string, ...any) { r.FailNow() }

func (r *recorder) FailNow() {
	r.failed = true
	runtime.Goexit()
}

func (r *recorder) Skip(...any) {
	r.skipped = true
	runtime.Goexit()
}
