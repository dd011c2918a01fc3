package subscription

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// deliverer works off what is due: events, handshakes, heartbeats, ends and news
// for the host. Every node runs one; the store's claims keep them apart.
type deliverer struct {
	engine  *Engine
	inHand  atomic.Int64 // claims whose outcomes are not recorded
	waiting atomic.Int64 // those of them whose work has not begun
	ahead   atomic.Int64 // how many may be claimed beyond what is free
	work    sync.WaitGroup
	workers int          // how many there are
	handed  chan *flight // to a worker
	shared  grace        // for recording outcomes
}

// run delivers until ctx ends. Attempts under way then have DrainTimeout to come to
// their end; what is cut off is sent again by whoever claims it next.
func (d *deliverer) run(ctx context.Context) {
	e := d.engine
	attempts, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	d.handed = make(chan *flight)
	d.shared = grace{ctx: context.WithoutCancel(ctx), lasts: e.cfg.SendTimeout}
	defer d.shared.end()
	for ctx.Err() == nil {
		d.round(ctx, attempts)
	}
	close(d.handed)
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

// round claims as much as can be begun soon and starts the work, or waits until
// something may be due.
func (d *deliverer) round(ctx, attempts context.Context) {
	e := d.engine
	limit := d.room(ctx)
	if limit <= 0 {
		pause(ctx, gathering)
		return
	}
	var next time.Time
	began := time.Now()
	deadline := began.Add(e.cfg.Lease)
	begun, err := e.flights.begin(attempts, deadline, func() (claims []Claim, err error) {
		ctx := newWithin(ctx, e.cfg.Lease)
		defer ctx.end()
		if err := e.clock.keep(ctx); err != nil {
			return nil, err
		}
		now := e.now()
		claims, next, err = e.cfg.Store.Claim(ctx, e.cfg.Node, now, now.Add(e.cfg.Lease), limit)
		return claims, err
	})
	d.waiting.Add(int64(len(begun)))
	inHand := d.inHand.Add(int64(len(begun)))
	e.observe(ctx, DeliveriesClaimed{Began: began, Duration: time.Since(began), Claims: len(begun), InHand: int(inHand), Err: err})
	for i := range begun {
		d.hand(ctx, &begun[i])
	}
	switch {
	case err != nil && ctx.Err() == nil:
		e.cfg.Logger.WarnContext(ctx, "claiming deliveries failed and is tried again", "node", e.cfg.Node, "error", err)
		pause(ctx, e.cfg.Poll)
	case len(begun) < limit:
		rest := e.cfg.Poll
		if !next.IsZero() {
			rest = min(rest, max(next.Sub(e.now()), 0))
		}
		e.deliveries.wait(ctx, rest)
	}
}

// hand gives a flight to a worker: to one that waits for work, or to a new one. They stay
// until run ends: a new goroutine for each delivery would have to grow its stack each
// time.
func (d *deliverer) hand(ctx context.Context, fl *flight) {
	select {
	case d.handed <- fl:
		return
	default:
	}
	if d.workers < perSlot*d.engine.cfg.Concurrency { // as many as there are flights at most
		d.workers++
		d.engine.persist(ctx, &d.work, 0, func() {
			for fl := range d.handed {
				d.deliver(fl)
			}
		})
	}
	d.handed <- fl
}

// perSlot is how many claims may be in hand for each attempt that may be under way: the
// others wait for their turn, or for the store to record what came of them. Every claim
// and every record costs a commit, which is worth it for many.
const perSlot = 4

// gathering is how long a busy deliverer waits for more to be due before it claims.
const gathering = 2 * time.Millisecond

// room waits for a free slot, and a moment longer if much is in hand, and returns how
// many claims have room then.
func (d *deliverer) room(ctx context.Context) int {
	attempts := &d.engine.isolation.attempts
	for waiting := true; waiting; {
		stuck := time.NewTimer(quickly)
		select {
		case attempts.slots <- struct{}{}:
			<-attempts.slots
			waiting = false
		case <-stuck.C:
			d.engine.isolation.relieve(time.Now())
		case <-ctx.Done():
		}
		stuck.Stop()
		if ctx.Err() != nil {
			return 0
		}
	}
	if d.inHand.Load() > int64(cap(attempts.slots)/2) {
		pause(ctx, gathering)
	}
	// Who waits has been claimed for what is free. A store that records nothing must not
	// let more and more be sent.
	free := cap(attempts.slots) - len(attempts.slots) + int(d.ahead.Load()-d.waiting.Load())
	return min(free, perSlot*cap(attempts.slots)-int(d.inHand.Load()))
}

// learn takes note of whether a claim came in time for its turn, or had to be put off:
// few are claimed ahead where attempts take long, as another node may have a free slot.
func (d *deliverer) learn(inTime bool) {
	ahead := d.ahead.Load() // what two learn at once, one may forget
	if inTime {
		d.ahead.Store(min(ahead+1, int64(perSlot*d.engine.cfg.Concurrency)))
	} else {
		d.ahead.Store(ahead * 7 / 8)
	}
}

// deliver does what is due for one claim and records what came of it.
//
// Failure policy: if the outcome can't be recorded, or a function of the host's ends the
// goroutine, the claim runs out and the work is done again, with the same events under the
// same id.
func (d *deliverer) deliver(fl *flight) {
	e, c := d.engine, fl.claim
	defer e.flights.end(fl)
	again := true // there may be more for it
	defer func() {
		d.inHand.Add(-1)
		if again {
			e.deliveries.set()
		}
	}()
	waits := true
	begun := func() {
		if waits {
			waits = false
			d.waiting.Add(-1)
		}
	}
	defer begun()
	outcome, putOff := e.outcome(fl, begun)
	d.learn(!putOff)
	ctx := d.shared.context()
	err := e.cfg.Store.Finish(ctx, outcome)
	switch {
	case errors.Is(err, ErrLost):
	case err != nil:
		e.cfg.Logger.WarnContext(ctx, "the outcome of a delivery was not recorded; it is repeated", "tenant", c.Tenant, "subscription", c.ID, "error", err)
	default:
		if outcome.Cursor > c.Cursor {
			e.fresh.delivered(c.Key, outcome.Cursor)
		}
		again = !d.rests(c, &outcome) || e.flights.mayHaveMore(fl)
		e.noteStatus(ctx, c.Tenant, c.ID, c.Status, outcome.Status, outcome.Error)
		if outcome.Status == StatusOff && c.Status != StatusOff {
			e.wake(WorkChanges)
		}
	}
}

// rests reports whether nothing is due for a subscription after its outcome, unless this
// node numbers events for it: to look for more would cost the store a claim that finds
// nothing, after each delivery.
//
// Failure policy: if another node has just taken a shard over, what it numbers while a
// delivery is under way here waits for up to Config.Poll.
func (d *deliverer) rests(c *Claim, o *Outcome) bool {
	e := d.engine
	leading := e.leading.Load()
	return leading > 0 && leading >= e.shards.Load() &&
		o.Cursor > c.Cursor && c.Count <= o.Cursor && o.Status == c.Status && o.Eager && !o.Announce &&
		(o.Due.IsZero() || o.Due.Sub(o.At) >= e.cfg.Poll) // by then, it looks in any case
}
