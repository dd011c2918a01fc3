package sweep

import (
	"errors"
	"time"
)

var errRefused = errors.New("status 500")

// everyThird is a subscriber that refuses every third notification.
func everyThird(_ string, n int) error {
	if n%3 == 2 {
		return errRefused
	}
	return nil
}

// Alone is one node that has three Subscriptions, with batches, filters and an
// endpoint that fails, and host transactions of which one is rolled back.
var Alone = Scenario{Name: "one node", Nodes: 1, Answer: everyThird, Play: func(c *Cluster) {
	c.Subscribe("all", 1)
	c.Subscribe("batch", 3)
	c.Write("a", "b")
	c.WriteTx(true, "a", "b", "c")
	c.WriteTx(false, "a")
	c.Subscribe("late", 2, "b", "c")
	c.Write(Secret, "b")
	c.Sleep(time.Second)
	c.WriteTx(true, "c")
}}

// Pair is two nodes, and Subscriptions that are turned off and on again and deleted
// while events come.
var Pair = Scenario{Name: "two nodes", Nodes: 2, Play: func(c *Cluster) {
	c.Subscribe("all", 2)
	c.Subscribe("turned", 1, "a", "b")
	c.Subscribe("deleted", 1)
	c.Write("a", "b", "c")
	c.Turn("turned", "off")
	c.WriteTx(true, "a")
	c.Delete("deleted")
	c.Write("b")
	c.Turn("turned", "requested")
	c.Write("a", Secret)
	c.Sleep(time.Second)
	c.Write("b", "c")
}}

// Three is three nodes, of which one stays away for longer than its lease when it has
// died, and an endpoint that fails.
var Three = Scenario{Name: "three nodes", Nodes: 3, Restart: 2 * Lease, Answer: everyThird, Play: func(c *Cluster) {
	c.Subscribe("all", 3)
	c.Subscribe("some", 1, "a")
	c.Write("a")
	c.Write("b", "a")
	c.Sleep(500 * time.Millisecond)
	c.Write("a", "b", "c")
	c.Sleep(500 * time.Millisecond)
	c.Write("c")
}}

// Connected is two nodes, a subscriber who is called and two who connect, one of whom has
// the Subscription turned off and on again while events come.
var Connected = Scenario{Name: "connections", Nodes: 2, Play: func(c *Cluster) {
	c.Connect("line")
	c.Subscribe("hook", 2)
	c.Connect("turned", "a", "b")
	c.Write("a", "b", "c")
	c.WriteTx(true, "a")
	c.Sleep(time.Second)
	c.Turn("turned", "off")
	c.Write("b", Secret)
	c.Turn("turned", "requested")
	c.Write("a", "c")
	c.Sleep(2 * time.Second)
	c.Write("b", "c")
}}
