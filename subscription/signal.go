package subscription

import (
	"context"
	"slices"
	"sync"
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

// signals wakes several waiting goroutines, each by a signal of its own.
type signals struct {
	mu  sync.Mutex
	all []signal
}

// add returns a new signal, which is set: there may be something from before.
func (s *signals) add() signal {
	s.mu.Lock()
	defer s.mu.Unlock()
	added := newSignal()
	added.set()
	s.all = append(s.all, added)
	return added
}

func (s *signals) remove(which signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = slices.DeleteFunc(s.all, func(other signal) bool { return other == which })
}

func (s *signals) set() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.all {
		one.set()
	}
}
