package subscription

import (
	"context"
	"sync"
	"time"
)

// within is a context that ends after some time, and has no timer until somebody looks:
// most of those whom it bounds, such as an Authorizer, answer at once, and the timer
// would be most of what they cost.
type within struct {
	parent context.Context
	until  time.Time

	mu     sync.Mutex
	timed  context.Context // nil: nobody has looked yet
	cancel context.CancelFunc
	ended  bool
}

func newWithin(parent context.Context, d time.Duration) *within {
	return &within{parent: parent, until: time.Now().Add(d)}
}

// end is its CancelFunc.
func (w *within) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	if w.timed != nil {
		w.cancel()
	}
}

// look returns the context as package context has it.
func (w *within) look() context.Context {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timed == nil {
		w.timed, w.cancel = context.WithDeadline(w.parent, w.until)
		if w.ended {
			w.cancel()
		}
	}
	return w.timed
}

func (w *within) Deadline() (time.Time, bool) { return w.look().Deadline() }
func (w *within) Done() <-chan struct{}       { return w.look().Done() }
func (w *within) Err() error                  { return w.look().Err() }

// Value is the parent's, until package context looks for what cancels this one, which it
// does after Done.
func (w *within) Value(key any) any {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timed != nil {
		return w.timed.Value(key)
	}
	return w.parent.Value(key)
}
