package subscription

import (
	"context"
	"errors"
	"sync"
	"time"
)

// deliverer works off what is due: events, handshakes, heartbeats, ends and news
// for the host. Every node runs one; the store's claims keep them apart.
type deliverer struct {
	engine *Engine
	slots  chan struct{} // one for each attempt under way
	work   sync.WaitGroup
}

// run delivers until ctx ends. Attempts under way then have DrainTimeout to come to
// their end; what is cut off is sent again by whoever claims it next.
func (d *deliverer) run(ctx context.Context) {
	e := d.engine
	d.slots = make(chan struct{}, e.cfg.Concurrency)
	attempts, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	for ctx.Err() == nil {
		d.round(ctx, attempts)
	}
	drained := make(chan struct{})
	go func() {
		d.work.Wait()
		close(drained)
	}()
	drain := time.NewTimer(e.cfg.DrainTimeout)
	defer drain.Stop()
	select {
	case <-drained:
	case <-drain.C:
		cut()
		<-drained
	}
}

// round claims as much as there are free slots for and starts the work, or waits
// until something may be due.
func (d *deliverer) round(ctx, attempts context.Context) {
	e := d.engine
	free := d.reserve(ctx)
	if free == 0 {
		return
	}
	now := time.Now()
	until := now.Add(e.cfg.Lease)
	var next time.Time
	begun, err := e.flights.begin(attempts, until, func() (claims []Claim, err error) {
		ctx, cancel := context.WithDeadline(ctx, until)
		defer cancel()
		claims, next, err = e.cfg.Store.Claim(ctx, e.cfg.Node, now, until, free)
		return claims, err
	})
	for range free - len(begun) {
		<-d.slots
	}
	for _, fl := range begun {
		d.work.Go(func() {
			defer func() {
				e.flights.end(fl)
				<-d.slots
				e.deliveries.set() // there may be more for it, and there is a free slot
			}()
			d.deliver(fl)
		})
	}
	switch {
	case err != nil && ctx.Err() == nil:
		e.cfg.Logger.WarnContext(ctx, "claiming deliveries failed and is tried again", "node", e.cfg.Node, "error", err)
		pause(ctx, e.cfg.Poll)
	case len(begun) < free:
		rest := e.cfg.Poll
		if !next.IsZero() {
			rest = min(rest, max(time.Until(next), 0))
		}
		e.deliveries.wait(ctx, rest)
	}
}

// gathering is how long a busy deliverer waits for more free slots before it claims:
// every claim costs a commit, which is worth it for many.
const gathering = 2 * time.Millisecond

// reserve takes all free slots, waiting for the first, and a moment longer if most
// are in use.
func (d *deliverer) reserve(ctx context.Context) (free int) {
	select {
	case d.slots <- struct{}{}:
		free = 1 + d.reserveFree()
	case <-ctx.Done():
		return 0
	}
	if free < cap(d.slots)/2 {
		pause(ctx, gathering)
		free += d.reserveFree()
	}
	return free
}

// reserveFree takes the slots that are free now.
func (d *deliverer) reserveFree() (free int) {
	for {
		select {
		case d.slots <- struct{}{}:
			free++
		default:
			return free
		}
	}
}

// deliver does what is due for one claim and records what came of it.
//
// Failure policy: if the outcome can't be recorded, the claim runs out and the work
// is done again, with the same events under the same id.
func (d *deliverer) deliver(fl *flight) {
	e, c := d.engine, &fl.claim
	outcome := e.outcome(fl.ctx, c)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(fl.ctx), e.cfg.SendTimeout)
	defer cancel()
	err := e.cfg.Store.Finish(ctx, outcome)
	switch {
	case errors.Is(err, ErrLost):
	case err != nil:
		e.cfg.Logger.WarnContext(ctx, "the outcome of a delivery was not recorded; it is repeated", "tenant", c.Tenant, "subscription", c.ID, "error", err)
	default:
		if outcome.Status == StatusOff && c.Status != StatusOff {
			e.wake(WorkChanges)
		}
	}
}
