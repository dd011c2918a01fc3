package subscription

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// limiter lets a number of attempts go on at the same time. Who has to wait does so
// here as long as it is not for long; else the store keeps the subscription until
// later, so that the few that a process holds are not all of one slow host.
type limiter struct {
	slots   chan struct{}
	waiting atomic.Int64
	pace    atomic.Int64 // how long attempts took of late, in nanoseconds
	stuck   atomic.Int64 // how many were sent away since the last attempt ended, if one has waited in vain
	mixed   bool         // attempts are of many kinds: the pace of some says nothing of others
	users   int          // guarded by isolation
}

func newLimiter(n int) limiter { return limiter{slots: make(chan struct{}, n)} }

// patience is for how long an attempt may be expected to wait, and the least time after
// which one that did not wait comes again; longestPause is the most.
const (
	patience     = 50 * time.Millisecond
	longestPause = 15 * time.Second
)

// timers are those that nobody waits for: under load nearly every attempt waits, for a moment.
type timers struct{ pool sync.Pool }

func (t *timers) get(d time.Duration) *time.Timer {
	if timer, ok := t.pool.Get().(*time.Timer); ok {
		timer.Reset(d)
		return timer
	}
	return time.NewTimer(d)
}

// put takes a timer back. Once it is stopped, nothing more comes from its channel.
func (t *timers) put(timer *time.Timer) {
	timer.Stop()
	t.pool.Put(timer)
}

// acquire takes a slot, or says how much later to come again. A nil limiter has no bound.
func (l *limiter) acquire(ctx context.Context, timers *timers) (again time.Duration) {
	if l == nil {
		return 0
	}
	select {
	case l.slots <- struct{}{}:
		return 0
	default:
	}
	if stuck := l.stuck.Load(); stuck > 0 {
		l.stuck.Add(1)
		return pauseFor(patience * time.Duration(1+stuck/int64(cap(l.slots))))
	}
	expected := time.Duration(l.waiting.Load() * l.pace.Load() / int64(cap(l.slots)))
	if expected > patience && !l.mixed {
		return pauseFor(expected)
	}
	l.waiting.Add(1)
	defer l.waiting.Add(-1)
	timer := timers.get(4 * patience) // it was an estimate
	defer timers.put(timer)
	select {
	case l.slots <- struct{}{}:
		return 0
	case <-timer.C:
		l.stuck.Add(1)
	case <-ctx.Done():
	}
	return pauseFor(patience)
}

// pauseFor is about d, so that those who were sent away together don't come together.
func pauseFor(d time.Duration) time.Duration {
	d = min(d, longestPause)
	return d + time.Duration(rand.Int64N(int64(d)/4))
}

// release gives a slot back after an attempt that took so long; 0 if none was made.
func (l *limiter) release(took time.Duration) {
	if l == nil {
		return
	}
	if took > 0 {
		pace := l.pace.Load()
		l.pace.Store(pace + (int64(took)-pace)/8) // what two learn at once, one may forget
	}
	l.stuck.Store(0)
	<-l.slots
}
