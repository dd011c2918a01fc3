package sweep

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/carillon-fhir/carillon/internal/faulty"
	"github.com/carillon-fhir/carillon/store/storetest"
)

// Load is N1: a cluster of three nodes delivers events to subscriptions, each of which
// gets all, while one call in twenty fails and a process dies now and then.
func Load(t *testing.T, h storetest.Harness, subscriptions, events int) Result {
	s := Scenario{Name: "load", Nodes: 3, Restart: time.Second, Clerk: true, Play: func(c *Cluster) {
		for i := range subscriptions {
			c.Subscribe(fmt.Sprint("s", i), 1+i%10)
		}
		for written := 0; written < events; {
			patients := make([]string, min(1+written%20, events-written))
			for i := range patients {
				patients[i] = fmt.Sprint("p", written%7)
				written++
			}
			c.Write(patients...)
			c.Sleep(20 * time.Millisecond)
		}
	}}
	return Once(t, h, s, func(node, life int) faulty.Plan {
		seed := uint64(1000*node + life)
		return faulty.First(
			faulty.Random(seed, 0.003, faulty.Fault{Crash: true}),
			faulty.Random(seed, 0.05, faulty.Fault{Err: errLost}, faulty.Fault{Wait: 300 * time.Millisecond}))
	})
}

// Successions is C14: of two nodes, the one that sequences dies each second.
func Successions(t *testing.T, h storetest.Harness, deaths int) Result {
	died := 0
	s := Scenario{Name: "succession", Nodes: 2, Restart: Lease / 2, Play: func(c *Cluster) {
		c.Subscribe("all", 5)
		c.Subscribe("some", 1, "a")
		for died < deaths {
			c.Write("a", "b")
			c.Sleep(500 * time.Millisecond)
			if p := c.Leader(); p != nil {
				p.Kill()
				died++
			}
			c.Write("c")
			c.Sleep(500 * time.Millisecond)
		}
	}}
	return Once(t, h, s, NoFaults)
}

// Repetitions is C13: a host records every version twice, by two nodes of three, and
// some calls fail and nodes die in between.
func Repetitions(t *testing.T, h storetest.Harness, versions int) Result {
	s := Scenario{Name: "repetitions", Nodes: 3, Restart: time.Second, Play: func(c *Cluster) {
		c.Subscribe("all", 5)
		for i := range versions {
			c.WriteTwice(fmt.Sprint("p", i%5))
			if i%9 == 0 {
				c.Sleep(50 * time.Millisecond)
			}
			if p := c.Leader(); p != nil && i%100 == 99 {
				p.Kill()
				c.Sleep(time.Second)
			}
		}
	}}
	return Once(t, h, s, func(node, life int) faulty.Plan {
		return faulty.Random(uint64(10*node+life), 0.01, faulty.Fault{Err: errLost})
	})
}

// errLost is what a call returns of which nobody knows what has become.
var errLost = errors.New("the answer was lost")

// Sleepers is the other half of C3: of three nodes, the one that sequences is
// stopped for longer than its lease, again and again.
func Sleepers(t *testing.T, h storetest.Harness, pauses int) Result {
	s := Scenario{Name: "sleepers", Nodes: 3, Clerk: true, Play: func(c *Cluster) {
		c.Subscribe("all", 5)
		c.Subscribe("some", 1, "a")
		for slept := 0; slept < pauses; {
			c.Write("a", "b")
			if p := c.Leader(); p != nil {
				p.Pause()
				slept++
				time.AfterFunc(Lease+time.Second, p.Resume)
			}
			c.Write("c", "a")
			c.Sleep(Lease + 500*time.Millisecond)
		}
	}}
	return Once(t, h, s, NoFaults)
}
