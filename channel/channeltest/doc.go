// Package channeltest tests an implementation of subscription.Channel against every
// clause of its contract. A channel that passes needs no further tests of what it
// means, only of how it does it.
//
// A channel's own test calls Run with a Harness that says how to make one, and
// subscribers that take what they are sent, fail, refuse, hang and so on:
//
//	func TestChannel(t *testing.T) {
//		channeltest.Run(t, channeltest.Harness{
//			New:     func(t testing.TB) subscription.Channel { return queue.New(queue.Config{}) },
//			Accepts: func(t testing.TB, c subscription.Channel) channeltest.Endpoint { ... },
//			Fails:   func(t testing.TB, c subscription.Channel) channeltest.Endpoint { ... },
//			Unusable: []subscription.Target{{Endpoint: "not a queue/" + channeltest.Canary}},
//		})
//	}
//
// What a channel or its subscribers can't do by their nature is a nil function of
// the Harness; the clauses that need it are skipped and say so.
//
// What must not leak is recognized by Canary: let Targets have it in the paths,
// queries and header values that they have, and let endpoints answer with it.
//
// Clauses are listed by Clauses, so that the suite can itself be tested: a channel
// that breaks one must fail that one, and no other.
package channeltest
