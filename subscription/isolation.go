package subscription

import (
	"context"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// isolation keeps subscribers from harming each other: it bounds the attempts under
// way to one host and for one tenant, stops trying a host that does not answer, and
// bounds the handshakes that fail at one host.
//
// Failure policy: all of it is this process's own. Several nodes together make so many
// times the attempts, and a restart begins anew.
type isolation struct {
	attempts                       limiter // all of this process
	unproven                       limiter // those of them to hosts that did not answer quickly last time
	perHost, perTenant, handshakes int
	probeEvery                     time.Duration // how often a broken host is tried
	timers                         timers

	mu      sync.Mutex
	hosts   map[place]*host
	quick   map[place]struct{} // hosts that answered quickly last time
	tenants map[string]*limiter
	trusted map[*pass]struct{} // under way at hosts that had answered quickly
	failed  map[place]*tally   // handshakes, by host without port
	broken  int                // of hosts
	turned  []BreakerChanged   // not yet observed

	telling chan struct{} // holds one while turned is observed
	sweepAt int           // how many entries there may be before those of no use are looked for
}

// place is where one tenant's notifications go. Tenants share nothing: one can't
// exhaust what another uses.
type place struct{ tenant, host string }

func newIsolation(c Config) *isolation {
	i := &isolation{
		attempts: newLimiter(c.Concurrency),
		perHost:  c.PerHost, perTenant: c.PerTenant, handshakes: c.FailedHandshakes,
		unproven: newLimiter(max(1, c.Concurrency/2)),
		hosts:    map[place]*host{}, quick: map[place]struct{}{}, tenants: map[string]*limiter{}, trusted: map[*pass]struct{}{}, failed: map[place]*tally{},
	}
	i.probeEvery = min(mostSeldomProbe, slices.Max(c.Retry))
	i.telling = make(chan struct{}, 1)
	i.attempts.mixed, i.unproven.mixed = true, true
	return i
}

// hold says why an attempt must not be made, and when to come again.
type hold struct {
	cause holdCause
	until time.Time
	code  string // of the host's last failure
}

type holdCause uint8

const (
	free     holdCause = iota
	busy               // as many attempts as may be are under way
	broken             // the host does not answer
	refusing           // too many handshakes have failed there
)

// pass is the right to make one attempt. It is given back by leave.
type pass struct {
	of     *isolation
	began  time.Time
	sent   time.Time // zero: not yet
	place  place
	host   *host
	tenant *limiter
	probe  bool
	proven bool   // the host answered quickly last time, and has not kept silent for too long since
	end    func() // ends the attempt; nil: nobody may
	turned bool   // a breaker; see Engine.tellBreakers
}

// enter asks for the right to do what is due for a subscription: first where it goes,
// then of this process. It waits where others are about to end. end is how to end the
// attempt early, if its right may be taken away; see relieve.
func (i *isolation) enter(ctx context.Context, s *Subscription, t task, now time.Time, end func()) (*pass, hold) {
	p := &pass{of: i, place: place{s.Tenant, s.host}, end: end}
	i.mu.Lock()
	if p.place.host != "" && t != taskAnnounce {
		if t == taskHandshake && i.tooMany(p.place.withoutPort(), now) {
			i.mu.Unlock()
			return nil, hold{cause: refusing}
		}
		p.host = i.hosts[p.place]
		if p.host == nil {
			p.host = &host{limiter: newLimiter(i.perHost)}
			i.hosts[p.place] = p.host
		}
		if p.probe = p.host.needsProbe(t); p.probe {
			if held := p.host.probe(now, i.probeEvery); held.cause != free {
				i.mu.Unlock()
				return nil, held
			}
		}
		p.host.users++
		if p.host.silent(time.Now()) {
			delete(i.quick, p.place)
		}
		_, p.proven = i.quick[p.place]
	}
	if s.Tenant != "" {
		p.tenant = i.tenants[s.Tenant]
		if p.tenant == nil {
			limiter := newLimiter(i.perTenant)
			p.tenant = &limiter
			i.tenants[s.Tenant] = p.tenant
		}
		p.tenant.users++
	}
	i.mu.Unlock()
	limiters := p.limiters()
	for n, l := range limiters {
		if wait := l.acquire(ctx, &i.timers); wait > 0 {
			for _, l := range limiters[:n] {
				l.release(0)
			}
			i.mu.Lock()
			p.forget()
			i.mu.Unlock()
			return nil, hold{cause: busy, until: now.Add(wait)}
		}
	}
	p.began = time.Now()
	return p, hold{}
}

// sends is called when the attempt goes on the wire: how long it takes is the host's
// business from here on, and not before.
func (p *pass) sends() {
	p.sent = time.Now()
	if p.host == nil {
		return
	}
	p.of.mu.Lock()
	defer p.of.mu.Unlock()
	p.host.begin(p.sent)
	if p.proven && p.end != nil {
		p.of.trusted[p] = struct{}{}
	}
}

// limiters are those that a pass needs, the process's last: who waits for a host does
// not hold what others could use. nil for those that it does not need.
func (p *pass) limiters() (all [4]*limiter) {
	if p.host != nil {
		all[0] = &p.host.limiter
	}
	all[1] = p.tenant
	if p.host != nil && !p.proven {
		all[2] = &p.of.unproven
	}
	all[3] = &p.of.attempts
	return all
}

// leave gives the right back and says what came of the attempt; result is zero if it
// was not made after all. It returns the Keys of those who wait for the host, if it
// answers again.
func (p *pass) leave(t task, result attempted) (waiting []int64) {
	took := max(time.Since(p.began), 1)
	p.of.mu.Lock()
	delete(p.of.trusted, p)
	limiters := p.limiters()
	p.of.mu.Unlock()
	for _, l := range limiters {
		l.release(took)
	}
	p.of.mu.Lock()
	defer p.of.mu.Unlock()
	defer p.forget()
	if p.host != nil && !p.sent.IsZero() {
		p.host.ended(time.Now())
	}
	if p.host != nil && result.key != 0 {
		p.of.prove(p.place, time.Since(p.sent) <= quickly && answers(result.err))
		waiting = p.of.learn(p, t, result)
	}
	return waiting
}

// attempted is what came of an attempt.
type attempted struct {
	key int64
	err error
	at  time.Time
}

// forget drops what nobody uses any more; isolation.mu is held.
func (p *pass) forget() {
	i := p.of
	if p.host != nil {
		p.host.users--
		if p.probe {
			p.host.probing = false
		}
	}
	if p.tenant != nil {
		p.tenant.users--
	}
	if h := p.host; h != nil && h.users == 0 && h.failures == 0 {
		delete(i.hosts, p.place)
	}
	if p.tenant != nil && p.tenant.users == 0 {
		delete(i.tenants, p.place.tenant)
	}
}

// hostOf returns the host and port of an endpoint, or the domain of an e-mail address;
// "" if the subscriber is the one who connects.
func hostOf(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return ""
	}
	if _, domain, ok := strings.Cut(u.Opaque, "@"); ok {
		return strings.ToLower(domain)
	}
	return strings.ToLower(u.Host)
}

// tally counts what happens in an hour.
type tally struct {
	since time.Time
	n     int
}

// withoutPort is the place for handshakes: all ports of a host are one target.
func (p place) withoutPort() place {
	if host, _, err := net.SplitHostPort(p.host); err == nil {
		p.host = host
	}
	return p
}

// tooMany reports whether as many handshakes have failed at a host within the hour as
// may: Subscriptions must not be a way to make this server shoot at others.
func (i *isolation) tooMany(at place, now time.Time) bool {
	t := i.failed[at]
	if t != nil && now.Sub(t.since) >= time.Hour {
		delete(i.failed, at)
		return false
	}
	return t != nil && t.n >= i.handshakes
}

func (i *isolation) tally(at place, now time.Time) {
	at = at.withoutPort()
	if i.failed[at] == nil {
		i.failed[at] = &tally{since: now}
	}
	i.failed[at].n++
}

// sweep forgets what has been of no use for an hour, now and then: anybody can name
// hosts without end.
func (i *isolation) sweep(p *pass, now time.Time) {
	if len(i.hosts)+len(i.failed) < i.sweepAt {
		return
	}
	for at, t := range i.failed {
		if now.Sub(t.since) >= time.Hour {
			delete(i.failed, at)
		}
	}
	for at, h := range i.hosts {
		if h.users == 0 && now.Sub(h.failedAt) >= time.Hour {
			i.turn(p, at.tenant, h, time.Time{})
			delete(i.hosts, at)
		}
	}
	i.sweepAt = 2*(len(i.hosts)+len(i.failed)) + 1000
}
