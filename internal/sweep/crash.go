package sweep

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/faulty"
	"github.com/carillon-fhir/carillon/store/storetest"
)

// Total is what came of playing scenarios many times.
type Total struct {
	Result
	Schedules int
}

func (t *Total) add(r Result) {
	t.Schedules++
	t.Report.Add(r.Report)
	t.Stale += r.Stale
	t.Crowd = max(t.Crowd, r.Crowd)
}

// Once plays a scenario once in a bubble, and fails t if the promise is not kept.
func Once(t *testing.T, h storetest.Harness, s Scenario, plans Plans) (r Result) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { r = Play(t, h, s, plans) })
	require.NoError(t, r.Err(), "scenario %s", s.Name)
	return r
}

// called returns s with a name that says what happens in it.
func (s Scenario) called(format string, args ...any) Scenario {
	s.Name += ", " + fmt.Sprintf(format, args...)
	return s
}

// NoFaults is the plan by which all is well.
func NoFaults(int, int) faulty.Plan { return nil }

// crash is one schedule: a node dies, and maybe once more in its next life.
type crash struct {
	node          int
	first, second point
}

type point struct {
	call  int // 0: none
	after bool
}

func (c crash) plans(node, life int) faulty.Plan {
	p := point{}
	if node == c.node && life == 0 {
		p = c.first
	}
	if node == c.node && life == 1 {
		p = c.second
	}
	return faulty.At(p.call, p.after, faulty.Fault{Crash: true})
}

// crashes lists every crash at a call of a node, alone and with every second one at
// the first calls of the next life.
func crashes(calls []int, second int) (list []crash) {
	for node, n := range calls {
		for call := range n {
			for _, after := range []bool{false, true} {
				c := crash{node, point{call + 1, after}, point{}}
				list = append(list, c)
				for again := range second {
					for _, after := range []bool{false, true} {
						c.second = point{again + 1, after}
						list = append(list, c)
					}
				}
			}
		}
	}
	return list
}

// Crashes is C1: a node dies before and after the effect of each of its calls, and
// again while it recovers. It plays at most limit schedules of each scenario, spread
// over all.
func Crashes(t *testing.T, h storetest.Harness, limit int, scenarios ...Scenario) (total Total) {
	for _, s := range scenarios {
		r := Once(t, h, s, NoFaults)
		all := crashes(r.Calls, 20)
		n := min(limit, len(all))
		for i := range n {
			c := all[i*len(all)/n]
			total.add(Once(t, h, s.called("%+v", c), c.plans))
		}
		t.Logf("%s: calls=%v schedules=%d of %d", s.Name, r.Calls, n, len(all))
	}
	return total
}
