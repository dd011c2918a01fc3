package subscription

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// limiter lets a number of attempts go on at the same time.
type limiter struct {
	slots  chan struct{}
	turned atomic.Int64 // away, since the last attempt ended
	users  int          // guarded by isolation
}

func newLimiter(n int) limiter { return limiter{slots: make(chan struct{}, n)} }

// patience is how long an attempt waits for its turn while it holds one of the
// process's own slots; mostTurned bounds the time until it is looked at again.
const (
	patience   = 50 * time.Millisecond
	mostTurned = 15 * time.Second
)

// acquire takes a slot, or says when to come again. Where attempts end quickly, it
// waits for one; where one has waited in vain and none has ended since, nobody waits,
// lest the slow hold up the others, and they come again one after the other.
func (l *limiter) acquire(ctx context.Context) (again time.Duration) {
	select {
	case l.slots <- struct{}{}:
		return 0
	default:
	}
	if l.turned.Load() == 0 {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		select {
		case l.slots <- struct{}{}:
			return 0
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	turned := time.Duration(l.turned.Add(1))
	again = min(turned*patience, mostTurned)
	return again + time.Duration(rand.Int64N(int64(again)/5))
}

func (l *limiter) release() {
	l.turned.Store(0)
	<-l.slots
}
