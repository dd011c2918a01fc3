package subscription

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// resends knows which Subscriptions' events are being sent again, and how many of late.
type resends struct {
	flights *flights // so that a write of a Subscription ends them

	mu       sync.Mutex
	under    map[int64]bool // by Key
	limiters map[int64]*rate.Limiter
}

func newResends() *resends {
	return &resends{flights: newFlights(), under: map[int64]bool{}, limiters: map[int64]*rate.Limiter{}}
}

// start begins the only one for a Subscription.
func (r *resends) start(key int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.under[key] {
		return false
	}
	r.under[key] = true
	return true
}

func (r *resends) end(key int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.under, key)
}

// allow takes n of what a Subscription may have sent again.
func (r *resends) allow(key int64, n int, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for other, l := range r.limiters { // what is full again need not be known
		if l.TokensAt(now) >= maxResend {
			delete(r.limiters, other)
		}
	}
	l := r.limiters[key]
	if l == nil {
		l = rate.NewLimiter(rate.Every(time.Minute/maxResend), maxResend)
		r.limiters[key] = l
	}
	return l.AllowN(now, n)
}
