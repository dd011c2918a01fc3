// Package faulty lets a process of a test fail: at one call, at some, or from one
// moment on.
//
// A Process stands for the process of one node. The Store and the Channels that its
// Engine gets pass through it, so that it can count their calls and ask a Plan about
// each, before it takes effect and after:
//
//	p := faulty.NewProcess(faulty.At(7, true, faulty.Fault{Crash: true}))
//	engine, err := subscription.New(subscription.Config{
//		Store: p.Store(store), Channels: []subscription.Channel{p.Channel(peer)}, …
//
// Call 7 takes its effect, and then the process is dead: that call and all others
// return ErrDead, attempts under way are cut off, and Dead is closed, which tells
// the test to cancel Run and to start another Process over the same store. A fault
// can also be an error, or a time that the call takes. Pause stops all calls of a
// process, as SIGSTOP does, until Resume.
//
// A sweep runs a scenario once to learn how many calls it makes, and then once for
// each call and fault. Nothing here sleeps but for the Wait of a Fault, so in a
// bubble of testing/synctest it all costs no time.
//
// The faults are injected here and nowhere judged: that is for package invariant.
package faulty
