package subscription

import (
	"context"
	"time"
)

// signal wakes one waiting goroutine; several sets before a wait count as one.
type signal chan struct{}

func newSignal() signal { return make(signal, 1) }

func (s signal) set() {
	select {
	case s <- struct{}{}:
	default:
	}
}

// wait returns when s is set, which it reports, when d has passed, or when ctx has
// ended.
func (s signal) wait(ctx context.Context, d time.Duration) (set bool) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-s:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) { signal(nil).wait(ctx, d) }
