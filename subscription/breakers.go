package subscription

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Breaker is what this process knows of a host to which it sends.
type Breaker struct {
	Tenant   string       // whose Subscriptions send there: breakers are per tenant and host
	Host     string       // with its port, if the endpoint has one; of an e-mail address, the domain
	State    BreakerState // whether attempts are made
	Since    time.Time    // since when it is not closed
	Failures int          // in a row
	Error    string       // a code for the last of them, as in StatusUpdate
	FailedAt time.Time    // when that was
	ProbeAt  time.Time    // when it is tried next, if it is open
	UnderWay int          // attempts, those that wait for a slot included
	Waiting  int          // Subscriptions that have failed there and wait, as far as they are remembered
}

// BreakerState says whether attempts are made.
type BreakerState string

// The states: attempts are made; none is, until the next probe; the probe is under way.
const (
	BreakerClosed   BreakerState = "closed"
	BreakerOpen     BreakerState = "open"
	BreakerHalfOpen BreakerState = "half-open"
)

// Breakers returns the hosts at which something fails or is under way in this process: the
// broken ones first, then those with the most failures, at most limit of them. broken is how many
// are not closed, and total how many there are. Hosts that answer, and to which nothing is under
// way, are not among them. It is for operators: a host's name says who subscribes.
func (e *Engine) Breakers(limit int) (list []Breaker, broken, total int) {
	list = e.isolation.breakers()
	rank := func(b Breaker) int {
		if b.State == BreakerClosed {
			return 1
		}
		return 0
	}
	slices.SortFunc(list, func(a, b Breaker) int {
		return cmp.Or(
			cmp.Compare(rank(a), rank(b)),
			cmp.Compare(b.Failures, a.Failures), strings.Compare(a.Tenant, b.Tenant), strings.Compare(a.Host, b.Host))
	})
	for i := range list {
		if list[i].State != BreakerClosed {
			broken++
		}
	}
	return slices.Clip(list[:min(len(list), max(limit, 0))]), broken, len(list)
}

func (i *isolation) breakers() []Breaker {
	i.mu.Lock()
	defer i.mu.Unlock()
	list := make([]Breaker, 0, len(i.hosts))
	for at, h := range i.hosts {
		b := Breaker{
			Tenant: at.tenant, Host: at.host, State: BreakerClosed, Failures: h.failures, Error: h.code, FailedAt: h.failedAt,
			UnderWay: h.users, Waiting: len(h.waiting),
		}
		if h.failures == 0 {
			b.Error, b.FailedAt = "", time.Time{}
		}
		if !h.probeAt.IsZero() {
			b.State, b.Since, b.ProbeAt = BreakerOpen, h.brokenAt, h.probeAt
			if h.probing {
				b.State, b.ProbeAt = BreakerHalfOpen, time.Time{}
			}
		}
		list = append(list, b)
	}
	return list
}
