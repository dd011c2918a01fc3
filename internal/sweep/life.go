package sweep

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/carillon-fhir/carillon/store/storetest"
	"github.com/carillon-fhir/carillon/subscription"
)

// Interleavings is N17: clients subscribe, turn off, turn on and delete at any moment
// between a change and its sequencing. Each cluster plays a hundred of them at once, in
// an order of its own; the node that sequences is stopped and goes on in between.
func Interleavings(t *testing.T, h storetest.Harness, clusters int) (total Total) {
	const each = 100
	for seed := range clusters {
		random := rand.New(rand.NewPCG(uint64(seed), 17))
		s := Scenario{Name: fmt.Sprint("interleaving ", seed), Nodes: 1, Clerk: true, Play: func(c *Cluster) {
			open := make([][]func(), each)
			for i := range open {
				open[i] = lifeOf(c, random, i)
			}
			for len(open) > 0 {
				i := random.IntN(len(open))
				open[i][0]()
				if open[i] = open[i][1:]; len(open[i]) == 0 {
					open[i] = open[len(open)-1]
					open = open[:len(open)-1]
				}
				if p := c.Node(0); random.IntN(3) == 0 {
					p.Resume()
					c.Sleep(time.Duration(random.IntN(5)) * time.Millisecond)
				} else {
					p.Pause()
				}
			}
			c.Node(0).Resume()
		}}
		r := Once(t, h, s, NoFaults)
		total.add(r)
		total.Schedules += each - 1
	}
	return total
}

// lifeOf is what the i-th client and the host do, in this order.
func lifeOf(c *Cluster, random *rand.Rand, i int) (steps []func()) {
	id, patient := fmt.Sprint("s", i), fmt.Sprint("p", i)
	write := func() {
		for range random.IntN(3) {
			steps = append(steps, func() { c.Write(patient) })
		}
	}
	turn := func(status string) {
		steps = append(steps, func() { c.Turn(id, status) })
		write()
	}
	write()
	steps = append(steps, func() { c.Subscribe(id, 1+random.IntN(3), patient) })
	write()
	switch random.IntN(4) {
	case 0:
		turn("off")
		turn("requested")
	case 1:
		turn("off")
	case 2:
		steps = append(steps, func() { c.Delete(id) })
		write()
	}
	return steps
}

// Numbers is N3: whatever happens to a Subscription, its numbers go on. It is updated,
// fails, comes back, and its node is started again.
func Numbers(t *testing.T, h storetest.Harness, turns int) (Result, map[string]int) {
	random := rand.New(rand.NewPCG(3, 3))
	var refusing atomic.Bool
	did := map[string]int{}
	s := Scenario{Name: "numbers", Nodes: 2,
		Configure: func(c *subscription.Config) { c.Retry = []time.Duration{time.Second} },
		Answer: func(string, int) error {
			if refusing.Load() {
				return errRefused
			}
			return nil
		},
		Play: func(c *Cluster) {
			c.Subscribe("s", 2, "a", "b")
			for i := range turns {
				c.Sleep(time.Second)
				what := []string{"restart", "endpoint", "filter", "error"}[random.IntN(4)]
				did[what]++
				c.Write("a")
				switch what {
				case "restart":
					c.Node(random.IntN(2)).Kill()
				case "endpoint":
					c.Edit("s", "/hook", fmt.Sprint("/", i, "/hook"))
				case "filter":
					c.Edit("s", "_id=a,b", "_id=b,a")
					c.Edit("s", "_id=b,a", "_id=a,b")
				case "error":
					refusing.Store(true)
					for c.Status("s") != subscription.StatusError {
						c.Write("b")
						c.Sleep(time.Second)
					}
					refusing.Store(false)
					c.Turn("s", "requested")
				}
				c.Write("b")
			}
		}}
	return Once(t, h, s, NoFaults), did
}
