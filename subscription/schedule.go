package subscription

import (
	"math/rand/v2"
	"time"
)

// schedule is the waits between attempts.
type schedule []time.Duration

// permanentBudget bounds how long attempts go on against an endpoint whose answers
// say that they are pointless, such as 404.
const permanentBudget = time.Hour

// handshakeBudget bounds the waits of a handshake: long enough for a client that
// opens its ear a moment after it has subscribed, short enough for one that waits
// to see the status.
const handshakeBudget = 10 * time.Second

func defaultRetry() []time.Duration {
	waits := []time.Duration{time.Second, 5 * time.Second, 30 * time.Second,
		2 * time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute}
	total := time.Duration(0)
	for _, w := range waits {
		total += w
	}
	for ; total+time.Hour <= 72*time.Hour; total += time.Hour {
		waits = append(waits, time.Hour)
	}
	return waits
}

// wait returns how long to wait after the given number of failures in a row, the
// first of them that long ago; false means that the budget is used up.
func (s schedule) wait(failures int, failing time.Duration, class Class, after time.Duration) (time.Duration, bool) {
	if failures > len(s) || class == ClassPermanent && failing >= permanentBudget {
		return 0, false
	}
	wait := s[failures-1]
	wait += time.Duration((rand.Float64()*0.4 - 0.2) * float64(wait))
	return max(wait, min(after, time.Hour)), true
}

// total is the time that all waits take together.
func (s schedule) total() (sum time.Duration) {
	for _, wait := range s {
		sum += wait
	}
	return sum
}

// handshake returns the part of the schedule that a handshake uses.
func (s schedule) handshake() schedule {
	total := time.Duration(0)
	for i, wait := range s {
		if total += wait; total > handshakeBudget {
			return s[:i]
		}
	}
	return s
}
