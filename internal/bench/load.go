package main

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/carillon-fhir/carillon/internal/bench/report"
)

// system is what takes changes: the engine, or the ceiling. change returns when the
// change is durable; acknowledged is called when its delivery is, too.
type system func(subscriber int, resource []byte, acknowledged func()) error

// load is so many changes, for the subscribers of so many receivers in turn.
type load struct {
	changes       int
	subscriptions int
	receivers     int
	rate          int // a second, whether or not those before are done; 0: as fast as 64 callers get through
	first         int // number of the first change
}

// ran is what came of a load.
type ran struct {
	perSecond             float64
	processor, server     float64 // seconds for a change
	written               float64 // bytes for a change
	durable, acknowledged []time.Duration
}

// subscriber is whom change n concerns. Those beyond the last multiple of receivers are
// left out.
func (l load) subscriber(n int) int {
	return (n/l.receivers*receivers + n%l.receivers) % (l.subscriptions / receivers * receivers)
}

// patience is how long the last deliveries may take.
const patience = 2 * time.Minute

// run puts a load on a system. Times count from when a change was due, so one that had
// to wait for those before it has waited.
func (l load) run(s system, db *database) (r ran, err error) {
	resources := make([][]byte, l.changes)
	for i := range resources {
		resources[i] = resourceFor(l.subscriber(l.first+i), l.first+i)
	}
	r.durable, r.acknowledged = make([]time.Duration, l.changes), make([]time.Duration, l.changes)
	var left, failed atomic.Int64
	left.Store(int64(l.changes))
	all := make(chan struct{})
	var mu sync.Mutex
	one := func(i int, due time.Time) {
		e := s(l.subscriber(l.first+i), resources[i], func() {
			r.acknowledged[i] = time.Since(due)
			if left.Add(-1) == 0 {
				close(all)
			}
		})
		r.durable[i] = time.Since(due)
		if e != nil && failed.Add(1) == 1 {
			mu.Lock()
			err = e
			mu.Unlock()
		}
	}
	runtime.GC()
	written, processor, server, begin := db.written(), processorTime(), db.server(), time.Now()
	var calls sync.WaitGroup
	if l.rate == 0 {
		var next atomic.Int64
		for range deliveries {
			calls.Go(func() {
				for i := int(next.Add(1)) - 1; i < l.changes && failed.Load() == 0; i = int(next.Add(1)) - 1 {
					one(i, time.Now())
				}
			})
		}
	} else {
		for i := range l.changes {
			due := begin.Add(time.Duration(i) * time.Second / time.Duration(l.rate))
			time.Sleep(time.Until(due))
			calls.Go(func() { one(i, due) })
		}
	}
	calls.Wait()
	if err != nil {
		return r, err
	}
	select {
	case <-all:
	case <-time.After(patience):
		return r, errors.New("bench: some changes were not delivered in time")
	}
	n := float64(l.changes)
	r.perSecond = n / time.Since(begin).Seconds()
	r.processor = (processorTime() - processor).Seconds() / n
	r.server = (db.server() - server).Seconds() / n
	r.written = (db.written() - written) / n
	return r, nil
}

// resourceFor is the n-th change, of a patient's Observation of 2 KB.
func resourceFor(subscriber, n int) []byte {
	resource := bytes.Replace(observation, []byte(`"id":"o1"`), fmt.Appendf(nil, `"id":"o%d"`, n), 1)
	return bytes.Replace(resource, []byte("Patient/p1"), fmt.Appendf(nil, "Patient/p%d", subscriber), 1)
}

// figures of several runs of the same load.
type figures struct {
	perSecond                  report.Sample
	processor, server, written report.Sample
	durable99, acknowledged99  report.Sample // seconds
	durable, acknowledged      []time.Duration
}

func (f *figures) add(r ran) {
	f.perSecond = append(f.perSecond, r.perSecond)
	f.processor = append(f.processor, r.processor)
	f.server = append(f.server, r.server)
	f.written = append(f.written, r.written)
	f.durable99 = append(f.durable99, report.Quantile(r.durable, 0.99).Seconds())
	f.acknowledged99 = append(f.acknowledged99, report.Quantile(r.acknowledged, 0.99).Seconds())
	f.durable = append(f.durable, r.durable...)
	f.acknowledged = append(f.acknowledged, r.acknowledged...)
}
