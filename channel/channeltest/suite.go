package channeltest

import (
	"testing"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

// Canary is a text that must appear in no error.
const Canary = "canary-7c1e93"

// Harness says how to make a channel and subscribers for it. Each function ends what
// it made when t ends. Endpoints serve any number of attempts, several at once, and
// their goroutines end with the attempts or connections that they serve.
type Harness struct {
	// New returns a channel. Required. One that is an io.Closer is closed by the suite
	// where that matters, and then again by New's own end.
	New func(t testing.TB) subscription.Channel

	// Accepts makes a subscriber of c that takes what it is sent. Required.
	Accepts func(t testing.TB, c subscription.Channel) Endpoint

	// Fails makes one that says it can't take anything for now, such as by a status 500.
	// nil: the channel has no such answer.
	Fails func(t testing.TB, c subscription.Channel) Endpoint
	// Refuses makes one that says it will not take such a message, now or later. nil:
	// there is no such answer.
	Refuses func(t testing.TB, c subscription.Channel) Endpoint
	// Leaves makes one that says it wants nothing more. nil: there is no such answer.
	Leaves func(t testing.TB, c subscription.Channel) Endpoint
	// Defers makes one that asks for that time, whole seconds, to pass before the next
	// attempt. nil: there is no such answer.
	Defers func(t testing.TB, c subscription.Channel, wait time.Duration) Endpoint
	// Absent makes a subscriber that isn't there, on a channel that the subscriber
	// opens. nil: the channel is opened by its own side.
	Absent func(t testing.TB, c subscription.Channel) Endpoint
	// Hangs makes one that reads the message and never answers. nil: the channel waits
	// for no answer.
	Hangs func(t testing.TB, c subscription.Channel) Endpoint

	// Unusable are what a Subscription may say and this channel can't do. nil: it can
	// do whatever it is told.
	Unusable []subscription.Target

	// Bubble runs f in a bubble of testing/synctest, for a channel and subscribers
	// that need nothing of the world outside:
	//
	//	func(t testing.TB, f func(testing.TB)) {
	//		synctest.Test(t.(*testing.T), func(t *testing.T) { f(t) })
	//	}
	//
	// Deadlines are then exact. nil: they are tested in real time, with 5 seconds'
	// grace.
	Bubble func(t testing.TB, f func(t testing.TB))
}

// Endpoint is a subscriber.
type Endpoint struct {
	// Target is what its Subscription says. Timeout may be 0.
	Target subscription.Target
	// Received returns all that reached it so far, whether it took it or not.
	Received func() []Receipt
}

// Receipt is one message as the subscriber got it: the notification's Bundle, taken
// out of what the channel wraps it in.
type Receipt struct {
	ContentType string // "" if the channel tells none
	Body        []byte // byte for byte
}

// Clause is one clause of the contract.
type Clause struct {
	Name string                        // what it promises, as the name of a subtest
	Test func(t testing.TB, h Harness) // fails or skips t, and ends what it began
}

// Run tests all Clauses, one after the other, since one of them counts goroutines.
func Run(t *testing.T, h Harness) {
	for _, c := range Clauses() {
		t.Run(c.Name, func(t *testing.T) { c.Test(t, h) })
	}
}

// Clauses returns the clauses of the contract, in the order of its text.
func Clauses() []Clause {
	var all []Clause
	for _, theme := range [][]Clause{checks, messages, failures, deadlines, conduct} {
		all = append(all, theme...)
	}
	return all
}
