package subscription

import (
	"context"
	"sync"
	"time"
)

// within is a context that ends after some time, and has no timer until somebody waits
// for its end: most of those whom it bounds, such as an Authorizer, answer at once, and
// the timer would be most of what they cost.
type within struct {
	parent context.Context
	until  time.Time

	mu     sync.Mutex
	timed  context.Context // nil: nobody has waited yet
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

// Done is where somebody waits.
func (w *within) Done() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timed == nil {
		w.timed, w.cancel = context.WithDeadline(w.parent, w.until)
		if w.ended {
			w.cancel()
		}
	}
	return w.timed.Done()
}

func (w *within) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch err := w.parent.Err(); {
	case w.timed != nil:
		return w.timed.Err()
	case err != nil:
		return err
	case w.ended:
		return context.Canceled
	case !time.Now().Before(w.until):
		return context.DeadlineExceeded
	}
	return nil
}

func (w *within) Deadline() (time.Time, bool) {
	if earlier, ok := w.parent.Deadline(); ok && earlier.Before(w.until) {
		return earlier, true
	}
	return w.until, true
}

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
