package subscription

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// host is what is known of a place: how many attempts are under way there, and whether
// it answers.
type host struct {
	limiter
	failures int       // in a row
	code     string    // of the last one
	failedAt time.Time // when that was
	probeAt  time.Time // zero: it is not broken
	brokenAt time.Time // since when it is
	probing  bool
	waiting  map[int64]struct{} // Keys of those who have failed since it answered last
	under    int                // attempts under way
	heardAt  time.Time          // when one ended last, or the first of them began
}

// mostWaiting bounds the memory. Who is beyond it comes again when it is due.
const mostWaiting = 1 << 16

// brokenAfter is how many failures in a row it takes until a host counts as broken.
const brokenAfter = 5

// mostSeldomProbe is how often a broken host is tried, if no wait of the schedule is
// shorter than that.
const mostSeldomProbe = time.Minute

// needsProbe reports whether an attempt is held back but for a probe: the host does
// not answer. A handshake never is: its client waits for the answer, and there are
// other bounds for them.
func (h *host) needsProbe(t task) bool { return !h.probeAt.IsZero() && t != taskHandshake }

// probe takes the right to try a broken host, or says when it may be tried. There is
// one probe at a time.
func (h *host) probe(now time.Time, every time.Duration) hold {
	until := h.probeAt
	if h.probing {
		until = now.Add(every)
	}
	if now.Before(until) {
		return hold{cause: broken, code: h.code, until: until.Add(time.Duration(rand.Int64N(int64(every)/10 + 1)))}
	}
	h.probing = true
	return hold{}
}

// learn takes note of how the host has answered. What it refuses for good says nothing
// of its health. When a broken host answers, those who wait for it may come at once.
func (i *isolation) learn(p *pass, t task, result attempted) (waiting []int64) {
	if result.err == nil {
		if !p.host.probeAt.IsZero() { // else who failed did so by itself, and keeps to its schedule
			waiting = slices.Collect(maps.Keys(p.host.waiting))
		}
		i.turn(p, p.place.tenant, p.host, time.Time{})
		p.host.failures, p.host.waiting = 0, nil
		return waiting
	}
	i.sweep(p, result.at)
	if t == taskHandshake {
		i.tally(p.place, result.at)
	}
	if answers(result.err) {
		return nil // whatever is wrong is that subscription's
	}
	_, after := ClassOf(result.err)
	if p.host.waiting == nil {
		p.host.waiting = map[int64]struct{}{}
	}
	if len(p.host.waiting) < mostWaiting && after == 0 { // who was told to wait waits
		p.host.waiting[result.key] = struct{}{}
	}
	p.host.failures++
	p.host.failedAt = result.at
	p.host.code = errorCode(result.err)
	if p.host.failures >= brokenAfter {
		i.turn(p, p.place.tenant, p.host, result.at.Add(i.probeEvery))
	}
	return nil
}

// turn says when a host is to be tried next; the zero time is that it is not broken, or
// not any more.
func (i *isolation) turn(p *pass, tenant string, h *host, probeAt time.Time) {
	was, is := !h.probeAt.IsZero(), !probeAt.IsZero()
	h.probeAt = probeAt
	switch {
	case was == is:
		return
	case is:
		i.broken++
		h.brokenAt = h.failedAt
	default:
		i.broken--
	}
	i.turned, p.turned = append(i.turned, BreakerChanged{Tenant: tenant, Open: is, Broken: i.broken}), true
}

// tellBreakers tells of what has turned, in order, whoever has turned it: the last that is
// observed says how many are broken.
func (e *Engine) tellBreakers(ctx context.Context) {
	i := e.isolation
	i.telling <- struct{}{}
	defer func() { <-i.telling }()
	i.mu.Lock()
	turned := i.turned
	i.turned = nil
	i.mu.Unlock()
	for _, change := range turned {
		e.observe(ctx, change)
	}
}

// answers reports whether a host has answered, whatever it said.
func answers(err error) bool {
	if err == nil || errorCode(err) == errorErrorResponse {
		return true
	}
	class, _ := ClassOf(err)
	return class != ClassTransient
}
