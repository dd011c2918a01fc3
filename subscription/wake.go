package subscription

import (
	"context"
	"sync"
	"time"
)

// wake says that there is work: to this node, and to the others that share its store.
// Changes are the business of whoever holds the lease; as long as that is this node,
// the others need not know.
func (e *Engine) wake(w Work) {
	e.wakeHere(w)
	if w == WorkDeliveries || e.leading.Load() < e.shards.Load() {
		e.hints[w].set()
	}
}

// wakeHere says so to this node only.
func (e *Engine) wakeHere(w Work) {
	switch w {
	case WorkChanges:
		e.changes.set()
	case WorkDeliveries:
		e.deliveries.set()
	}
}

// hear is told of what other nodes have made.
func (e *Engine) hear(w Work) {
	e.wakeHere(w)
	e.follower.look.set()
}

// wakePause is the least time between two hints of a kind: what is worth hinting at
// in between goes with the next.
const wakePause = 10 * time.Millisecond

// exchange tells the other nodes of work and hears from them, until ctx ends.
//
// Failure policy: a hint that can't be sent is dropped, and while none can be heard
// the polls go on; work then waits for at most Config.Poll.
func (e *Engine) exchange(ctx context.Context) {
	store := e.waker
	if store == nil {
		return
	}
	var work sync.WaitGroup
	for kind, hint := range e.hints {
		work.Go(func() {
			for ctx.Err() == nil {
				if !hint.wait(ctx, time.Hour) {
					continue
				}
				bounded, cancel := e.bounded(ctx)
				err := store.Wake(bounded, e.cfg.Node, kind)
				cancel()
				if err != nil && ctx.Err() == nil {
					e.cfg.Logger.WarnContext(ctx, "the other nodes could not be told of work", "node", e.cfg.Node, "error", err)
				}
				pause(ctx, wakePause)
			}
		})
	}
	for ctx.Err() == nil {
		err := store.Listen(ctx, e.cfg.Node, e.hear)
		if ctx.Err() != nil {
			break
		}
		e.cfg.Logger.WarnContext(ctx, "hints of the other nodes can't be heard; it is tried again", "node", e.cfg.Node, "error", err)
		pause(ctx, e.cfg.Poll)
		e.wakeHere(WorkChanges)
		e.wakeHere(WorkDeliveries)
	}
	work.Wait()
}
