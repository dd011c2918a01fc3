package main

import (
	"runtime"
	"time"

	"github.com/carillon-fhir/carillon/internal/bench/report"
)

// operation is something of which many are done in a second.
type operation struct {
	run    func() error
	times  report.Sample // seconds for one
	allocs report.Sample // for one
}

func (o *operation) time() float64        { return o.times.Median() }
func (o *operation) allocations() float64 { return o.allocs.Median() }

// takeTurnsAt measures operations in turn, so that a busy moment of the machine is one for
// all of them: each for about that long in each of so many runs.
func takeTurnsAt(runs int, long time.Duration, operations ...*operation) error {
	counts := make([]int, len(operations))
	for i, op := range operations {
		n := 1
		for { // how many are done in that time
			begin := time.Now()
			if err := op.repeat(n); err != nil {
				return err
			}
			if spent := time.Since(begin); spent > long/4 {
				counts[i] = max(1, int(float64(n)*float64(long)/float64(spent)))
				break
			}
			n *= 2
		}
	}
	for range runs {
		for i, op := range operations {
			if err := op.measure(counts[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (o *operation) repeat(n int) error {
	for range n {
		if err := o.run(); err != nil {
			return err
		}
	}
	return nil
}

func (o *operation) measure(n int) error {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begin := time.Now()
	err := o.repeat(n)
	spent := time.Since(begin)
	runtime.ReadMemStats(&after)
	o.times = append(o.times, spent.Seconds()/float64(n))
	o.allocs = append(o.allocs, float64(after.Mallocs-before.Mallocs)/float64(n))
	return err
}

// memoryInUse is what is on the heap.
func memoryInUse() float64 {
	runtime.GC()
	runtime.GC() // what pools keep goes in the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
