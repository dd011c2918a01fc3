package postgres

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	gatherMost     = 256 // calls in a statement
	gatherParallel = 1   // statements under way: what comes meanwhile goes together into the next

	// gatherLongest ends a statement on a connection that is dead without saying so,
	// whatever the patience of its callers.
	gatherLongest = 30 * time.Second
)

// gatherer lets the calls that many goroutines make at the same time share a statement,
// and so a round trip and a commit. The work is done by goroutines that live only
// while there is some.
type gatherer[C any] struct {
	run func(ctx context.Context, calls []*C) error // fills in the calls' results

	mu      sync.Mutex
	queue   []*waiter[C]
	running int // goroutines that empty queue
}

type waiter[C any] struct {
	call *C
	done chan error   // gets one value
	of   *together[C] // nil: still in the queue
}

// together are calls that share a statement. When the last caller no longer wants it,
// it is cancelled.
type together[C any] struct {
	waiters []*waiter[C]
	wanted  int
	cancel  context.CancelFunc
}

// do has c run, together with others. If ctx ends before c was taken, nothing is done;
// afterwards do waits, because c's arguments are being read and others' outcome hangs
// on the same statement.
func (g *gatherer[C]) do(ctx context.Context, c *C) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := &waiter[C]{call: c, done: make(chan error, 1)}
	g.mu.Lock()
	g.queue = append(g.queue, w)
	start := g.running < gatherParallel
	if start {
		g.running++
	}
	g.mu.Unlock()
	if start {
		go g.drain()
	}
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		if g.leave(w) {
			return ctx.Err()
		}
		return <-w.done
	}
}

// leave takes w off the queue and reports whether it was still there.
func (g *gatherer[C]) leave(w *waiter[C]) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if w.of == nil {
		i := slices.Index(g.queue, w)
		g.queue = slices.Delete(g.queue, i, i+1)
		return true
	}
	if w.of.wanted--; w.of.wanted == 0 {
		w.of.cancel()
	}
	return false
}

// take returns the next calls. If there are none, it ends its caller's duty.
func (g *gatherer[C]) take(cancel context.CancelFunc) *together[C] {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := min(len(g.queue), gatherMost)
	if n == 0 {
		g.queue = nil
		g.running--
		return nil
	}
	t := &together[C]{waiters: g.queue[:n:n], wanted: n, cancel: cancel}
	g.queue = g.queue[n:]
	for _, w := range t.waiters {
		w.of = t
	}
	return t
}

// drain runs what is in the queue until it is empty. It uses no caller's context: the
// statement is not one caller's.
func (g *gatherer[C]) drain() {
	for {
		ctx, cancel := context.WithTimeout(context.Background(), gatherLongest)
		t := g.take(cancel)
		if t != nil {
			g.runTogether(ctx, t.waiters)
		}
		cancel()
		if t == nil {
			return
		}
	}
}

// runTogether runs calls in one statement. If it is refused, each gets one of its own,
// so that none fails for another's sake; if its outcome is unknown, that is so for all.
func (g *gatherer[C]) runTogether(ctx context.Context, waiters []*waiter[C]) {
	calls := make([]*C, len(waiters))
	for i, w := range waiters {
		calls[i] = w.call
	}
	err := g.run(ctx, calls)
	if len(calls) > 1 && undone(err) {
		for i, w := range waiters {
			w.done <- g.run(ctx, calls[i:i+1])
		}
		return
	}
	for _, w := range waiters {
		w.done <- err
	}
}
