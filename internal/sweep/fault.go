package sweep

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/faulty"
	"github.com/carillon-fhir/carillon/store/storetest"
)

// sweep plays a scenario with each of the faults at each call of each node, before
// and after its effect; at most limit times, spread over all.
func sweep(t *testing.T, h storetest.Harness, limit int, s Scenario, faults ...faulty.Fault) (total Total) {
	type schedule struct {
		node  int
		point point
		fault faulty.Fault
	}
	var all []schedule
	for node, n := range Once(t, h, s, NoFaults).Calls {
		for call := range n {
			for _, after := range []bool{false, true} {
				for _, f := range faults {
					all = append(all, schedule{node, point{call + 1, after}, f})
				}
			}
		}
	}
	n := min(limit, len(all))
	for i := range n {
		c := all[i*len(all)/n]
		total.add(Once(t, h, s.called("%+v", c), func(node, life int) faulty.Plan {
			if node != c.node || life > 0 {
				return nil
			}
			return faulty.At(c.point.call, c.point.after, c.fault)
		}))
	}
	t.Logf("%s: schedules=%d of %d", s.Name, n, len(all))
	return total
}

// Errors are what a call of a store may fail with: the connection, the time, and a
// store that was closed.
var Errors = []error{errors.New("connection reset"), context.DeadlineExceeded, errors.New("the store is closed")}

// Failures is C7: each call fails once, with each error.
func Failures(t *testing.T, h storetest.Harness, limit int, scenarios ...Scenario) (total Total) {
	var faults []faulty.Fault
	for _, err := range Errors {
		faults = append(faults, faulty.Fault{Err: err})
	}
	for _, s := range scenarios {
		total.join(sweep(t, h, limit, s, faults...))
	}
	return total
}

// Methods are those of a store that an Engine calls.
var Methods = []string{
	"Append", "Acquire", "Release", "ReadChanges", "CommitEvents", "PutSubscription", "GetSubscription",
	"ListSubscriptions", "DeleteSubscription", "ReadEvents", "Claim", "Finish", "Hasten", "CountSubscriptions", "Positions", "Advance",
	"PutToken", "TakeToken", "Prune",
}

// Outages is the rest of C7: a method fails each time for a minute, with one of errs, and
// is not asked in a hurry.
func Outages(t *testing.T, h storetest.Harness, s Scenario, errs ...error) (total Total) {
	for _, method := range Methods {
		for _, err := range errs {
			for _, after := range []bool{false, true} {
				var asked atomic.Int64
				outage := faulty.Always(after, faulty.Fault{Err: err}, method)
				r := Once(t, h, s.called("%s fails after=%v", method, after), func(int, int) faulty.Plan {
					end := time.Now().Add(time.Minute)
					return func(c faulty.Call) faulty.Fault {
						if time.Now().After(end) {
							return faulty.Fault{}
						}
						f := outage(c)
						if f.Err != nil {
							asked.Add(1)
						}
						return f
					}
				})
				require.Less(t, asked.Load(), int64(1000), "%s is asked in a hurry", method)
				total.add(r)
			}
		}
	}
	return total
}

// Pauses is C3: a process stops at a call for twice as long as its lease and wakes
// up.
func Pauses(t *testing.T, h storetest.Harness, limit int, scenarios ...Scenario) (total Total) {
	for _, s := range scenarios {
		s.Clerk = true
		total.join(sweep(t, h, limit, s, faulty.Fault{Pause: 2 * Lease}))
	}
	return total
}

// Slowness is C8: for half a minute, a method's calls are answered after five
// seconds, later than a lease lasts.
func Slowness(t *testing.T, h storetest.Harness) (total Total) {
	for _, method := range Methods {
		for _, after := range []bool{false, true} {
			for _, nodes := range []int{1, 3} {
				var slow atomic.Bool
				s := Scenario{Name: "slow store", Nodes: nodes, Clerk: true, Play: func(c *Cluster) {
					c.Subscribe("all", 3)
					c.Subscribe("some", 1, "a")
					c.Connect("line", "a", "b")
					c.Sleep(time.Second)
					slow.Store(true)
					for range 6 {
						c.Write("a", "b")
						c.Sleep(5 * time.Second)
					}
					slow.Store(false)
					c.Write("a", "b", "c")
				}}
				wait := faulty.Always(after, faulty.Fault{Wait: 5 * time.Second}, method)
				total.add(Once(t, h, s.called("%s, after=%v", method, after), func(int, int) faulty.Plan {
					return func(c faulty.Call) faulty.Fault {
						if slow.Load() {
							return wait(c)
						}
						return faulty.Fault{}
					}
				}))
			}
		}
	}
	return total
}

func (t *Total) join(o Total) {
	t.Schedules += o.Schedules
	t.Report.Add(o.Report)
	t.Stale += o.Stale
	t.Crowd = max(t.Crowd, o.Crowd)
}
