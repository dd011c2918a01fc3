package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// wakers are for stores that are a subscription.Waker.
var wakers = []Clause{
	{"WakeReachesTheOtherNode", wakeReachesTheOtherNode},
	{"WakeDoesNotReachItsOwnNode", wakeDoesNotReachItsOwnNode},
	{"WakeReachesEachNode", wakeReachesEachNode},
	{"ListenEndsWithItsContext", listenEndsWithItsContext},
	{"ListenTellsOfALostConnection", listenTellsOfALostConnection},
}

// longest is how long a clause waits for what comes from elsewhere. Only a store that
// fails takes so long.
const longest = 5 * time.Second

// waker returns the store as a Waker, or skips the clause.
func (w *world) waker() subscription.Waker {
	waker, ok := w.store.(subscription.Waker)
	if !ok {
		w.Skip("this store tells no hints")
	}
	return waker
}

// ear is a node that listens.
type ear struct {
	testing.TB
	heard chan subscription.Work
	ended chan error
	stop  context.CancelFunc
}

// listen lets node listen on w until the clause ends. It does so when listen returns:
// another node has been heard.
func (w *world) listen(node string, through subscription.Waker) *ear {
	waker := w.waker()
	ctx, cancel := context.WithCancel(w.ctx)
	e := &ear{TB: w.TB, heard: make(chan subscription.Work, 10_000), ended: make(chan error, 1), stop: cancel}
	done := make(chan struct{})
	go func() {
		defer close(done)
		e.ended <- waker.Listen(ctx, node, func(work subscription.Work) { e.heard <- work })
	}()
	w.Cleanup(func() {
		cancel()
		<-done
	})
	for deadline := time.Now().Add(longest); len(e.heard) == 0; {
		require.NoError(w, through.Wake(w.ctx, "herald", subscription.WorkChanges))
		select {
		case err := <-e.ended:
			require.FailNow(w, "Listen ended", "%v", err)
		case work := <-e.heard:
			require.Equal(w, subscription.WorkChanges, work)
			e.drain("herald", through, w.ctx)
			return e
		case <-time.After(20 * time.Millisecond):
			require.True(w, time.Now().Before(deadline), "nothing is heard of another node")
		}
	}
	return e
}

// drain waits until all hints that are on their way have come, by a last one.
func (e *ear) drain(node string, through subscription.Waker, ctx context.Context) {
	require.NoError(e, through.Wake(ctx, node, subscription.WorkDeliveries))
	for e.next() != subscription.WorkDeliveries {
	}
}

// next is the next hint.
func (e *ear) next() subscription.Work {
	select {
	case work := <-e.heard:
		return work
	case <-time.After(longest):
		require.FailNow(e, "a hint did not come")
		return ""
	}
}

func wakeReachesTheOtherNode(t testing.TB, h Harness) {
	a := newWorld(t, h)
	a.waker()
	b := a.another()
	of := a.listen("a", b.waker())
	for _, work := range []subscription.Work{subscription.WorkChanges, subscription.WorkDeliveries, subscription.WorkChanges} {
		require.NoError(t, b.waker().Wake(b.ctx, "b", work))
		require.Equal(t, work, of.next())
	}
}

func wakeDoesNotReachItsOwnNode(t testing.TB, h Harness) {
	a := newWorld(t, h)
	a.waker()
	b := a.another()
	of := a.listen("a", b.waker())
	require.NoError(t, a.waker().Wake(a.ctx, "a", subscription.WorkChanges))
	require.NoError(t, b.waker().Wake(b.ctx, "a", subscription.WorkChanges), "a node is known by its name, not by its handle")
	require.NoError(t, b.waker().Wake(b.ctx, "b", subscription.WorkDeliveries))
	require.Equal(t, subscription.WorkDeliveries, of.next(), "the hints before were the node's own")
}

func wakeReachesEachNode(t testing.TB, h Harness) {
	a := newWorld(t, h)
	a.waker()
	b := a.another()
	ofA, ofB := a.listen("a", b.waker()), b.listen("b", a.waker())
	require.NoError(t, a.waker().Wake(a.ctx, "c", subscription.WorkDeliveries))
	require.Equal(t, subscription.WorkDeliveries, ofB.next())
	for heard := 0; heard < 2; { // the first was for b to begin
		if ofA.next() == subscription.WorkDeliveries {
			heard++
		}
	}
}

func listenEndsWithItsContext(t testing.TB, h Harness) {
	w := newWorld(t, h)
	of := w.listen("a", w.waker())
	of.stop()
	select {
	case err := <-of.ended:
		require.NoError(t, err)
	case <-time.After(longest):
		require.FailNow(t, "Listen goes on")
	}
}

func listenTellsOfALostConnection(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.waker()
	if h.Disconnect == nil {
		t.Skip("this store has no connection that could be lost")
	}
	of := w.listen("a", w.waker())
	h.Disconnect(t, w.store)
	select {
	case err := <-of.ended:
		require.Error(t, err)
	case <-time.After(longest):
		require.FailNow(t, "Listen goes on without a connection")
	}
	w.listen("a", w.waker())
}
