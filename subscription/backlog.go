package subscription

import (
	"context"
	"time"
)

// Measurer is a Store that can tell how much waits in it. What it tells is for the
// Observer; the engine works as well without.
type Measurer interface {
	Store

	// Backlog returns what waits. It holds nobody up, and nothing holds it up; it may take
	// a pass over all subscriptions.
	Backlog(ctx context.Context) (Backlog, error)
}

// Backlog is how much waits in a Store.
type Backlog struct {
	// Changes is how many changes of resources some lease's cursor has not passed, or all
	// that there are if there is no lease.
	Changes      int64
	OldestChange time.Time // the earliest At of them; zero for none

	// Events is how many events have a number above their subscription's Cursor, of
	// subscriptions whose status is requested or active.
	Events      int64
	OldestEvent time.Time // the earliest At of the changes of the first of these of each subscription; zero for none
}

// BacklogMeasured: this node, which sequences the first shard, has asked the store what
// waits. It does so every Config.Poll, or more seldom if that takes long.
type BacklogMeasured struct {
	Backlog
	At time.Time // when the store had answered, by this node's clock
}

func (BacklogMeasured) observation() {}

// measure asks what waits, until ctx ends, for as long as this node is the one to ask.
func (e *Engine) measure(ctx context.Context) {
	if e.cfg.Observer == nil || e.measurer == nil {
		return
	}
	for pause(ctx, e.cfg.Poll); ctx.Err() == nil; {
		began := time.Now()
		if e.measures.Load() {
			bounded, cancel := e.bounded(ctx)
			b, err := e.measurer.Backlog(bounded)
			cancel()
			switch {
			case err == nil:
				e.observe(ctx, BacklogMeasured{b, time.Now()})
			case ctx.Err() == nil:
				e.cfg.Logger.WarnContext(ctx, "what waits could not be measured; it is tried again", "node", e.cfg.Node, "error", err)
			}
		}
		pause(ctx, max(e.cfg.Poll, 20*time.Since(began)))
	}
}
