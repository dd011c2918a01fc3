package sweep

import (
	"context"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

// line is the channel of subscribers who connect.
type line struct{}

func (line) Type() string { return "websocket" }
func (line) URL() string  { return "wss://fhir.example.org/r4/ws" }

func (line) Check(context.Context, subscription.Target) error { return nil }

func (line) Send(context.Context, subscription.Target, subscription.Message) error {
	return subscription.NotConnected()
}

// unrecorded is how much a subscriber who is connected may get once more at a fault: what
// has arrived and was not recorded yet.
const unrecorded = 64

// Connect creates a Subscription to patients, or to all if none is named, whose subscriber
// has a connection of its own to one node after the other: to the next one whenever it
// ends. Each connection is bound by a token that another node has given.
func (c *Cluster) Connect(id string, patients ...string) {
	c.listen(id, unrecorded, matching(patients))
	c.ears[id].json = strings.Replace(strings.Replace(subscriptionJSON(id, 1, patients), `"rest-hook"`, `"websocket"`, 1),
		`"endpoint":"https://subscriber.example.org/hook",`, "", 1)
	c.Turn(id, "requested")
	c.connections.Go(func() {
		for next := 0; c.connected.Err() == nil; next++ {
			c.connect(id, c.nodes[next%len(c.nodes)], c.nodes[(next+1)%len(c.nodes)])
			pause(c.connected, time.Second)
		}
	})
}

// connect listens on a connection to a node for as long as it lasts.
func (c *Cluster) connect(id string, to, other *node) {
	e, p := to.present()
	session, err := e.Connect("", line{}.Type())
	if err != nil {
		return
	}
	defer session.Close()
	from, _ := other.present()
	token, err := from.BindingToken(c.connected, "", []string{id})
	if err != nil || session.Bind(c.connected, token.Token, subscription.BindOptions{}) != nil {
		return
	}
	for {
		quiet, cancel := context.WithTimeout(c.connected, 5*Lease)
		d, err := session.Next(quiet)
		cancel()
		if err != nil || !p.Alive() { // what a dead process would send does not arrive
			return
		}
		if c.take(id, d.Message.Body) != nil { // then its subscriber hangs up
			return
		}
		session.Confirm(d.Sequence)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
