package email

import (
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limiter bounds how many mails one address gets in an hour.
type limiter struct {
	perHour int

	mu      sync.Mutex
	of      map[string]*rate.Limiter
	sweepAt int // how many there may be before the full ones are dropped
}

func newLimiter(perHour int) *limiter {
	return &limiter{perHour: perHour, of: map[string]*rate.Limiter{}, sweepAt: 1000}
}

// take counts a mail to an address, or says how long it has to wait. giveBack undoes it,
// for a mail that was not sent after all.
func (l *limiter) take(address string, now time.Time) (wait time.Duration, giveBack func()) {
	mailbox := mailboxOf(address)
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.of[mailbox]
	if one == nil {
		l.sweep(now)
		one = rate.NewLimiter(rate.Every(time.Hour/time.Duration(l.perHour)), l.perHour)
		l.of[mailbox] = one
	}
	r := one.ReserveN(now, 1)
	if wait = r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		return wait, nil
	}
	return 0, func() { r.CancelAt(now) }
}

// sweep forgets addresses that may get as many as ever: anybody can name some without
// end.
func (l *limiter) sweep(now time.Time) {
	if len(l.of) < l.sweepAt {
		return
	}
	for mailbox, one := range l.of {
		if one.TokensAt(now) >= float64(l.perHour) {
			delete(l.of, mailbox)
		}
	}
	l.sweepAt = 2*len(l.of) + 1000
}

// mailboxOf returns an address without case, and without what many servers ignore.
func mailboxOf(address string) string {
	name, domain, _ := strings.Cut(strings.ToLower(address), "@")
	name, _, _ = strings.Cut(name, "+")
	return name + "@" + domain
}
