// Package suitetest watches the clauses of a test suite fail: for the tests of suites,
// which must fail what is broken on purpose.
package suitetest

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
)

// Recorder is a testing.TB that notes what happens to it and tells nobody.
type Recorder struct {
	testing.TB
	mu       sync.Mutex
	failed   bool
	skipped  bool
	cleanups []func()
}

// Try runs f to its end, cleanups included. A panic is a failure: a clause may index
// what a broken implementation doesn't return.
func Try(t testing.TB, f func(t testing.TB)) *Recorder {
	r := &Recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				r.Fail()
			}
		}()
		f(r)
	}()
	<-done
	for _, f := range r.cleanups {
		f()
	}
	return r
}

// Fail and all the others note the failure.
func (r *Recorder) Fail() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = true
}

func (r *Recorder) Helper()               {}
func (r *Recorder) Log(...any)            {}
func (r *Recorder) Logf(string, ...any)   {}
func (r *Recorder) Error(...any)          { r.Fail() }
func (r *Recorder) Errorf(string, ...any) { r.Fail() }
func (r *Recorder) Fatal(...any)          { r.FailNow() }
func (r *Recorder) Fatalf(string, ...any) { r.FailNow() }
func (r *Recorder) Cleanup(f func())      { r.cleanups = append(r.cleanups, f) }

// FailNow notes the failure and ends the clause.
func (r *Recorder) FailNow() {
	r.Fail()
	runtime.Goexit()
}

// Skip notes that the clause was left out, and why, and ends it.
func (r *Recorder) Skip(args ...any) {
	r.skipped = true
	r.TB.Log(fmt.Sprint(args...))
	runtime.Goexit()
}

// Failed reports whether the clause failed.
func (r *Recorder) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

// Skipped reports whether it was left out.
func (r *Recorder) Skipped() bool { return r.skipped }
