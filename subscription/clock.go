package subscription

import (
	"context"
	"sync"
	"time"
)

// Timekeeper is a Store that several processes share, when it can tell them the time.
// Before a node claims or leases, it sets its own clock by it, every sixth of Config.Lease
// and whenever the machine's clock was set. Nodes that share a Store without it need
// clocks that agree to a fraction of Config.Lease.
type Timekeeper interface {
	Store

	// Now returns the time by one clock, the same for all processes.
	Now(ctx context.Context) (time.Time, error)
}

// clock is the time by which waits are measured: what is due when, and until when claims
// and leases run. It goes on evenly when somebody sets the machine's clock, so that
// nothing is sent early, twice or in a burst, and nobody's claim runs out.
//
// Without a Timekeeper it comes near the machine's clock by a hundredth of the time that
// passes, and jumps only if that is more than a day off: then it had never been right.
//
// Failure policy: a jump of the Timekeeper's own clock is followed at once, since all
// nodes must agree.
type clock struct {
	store Timekeeper                    // nil: there is none
	every time.Duration                 // how often it is asked
	wall  func(now time.Time) time.Time // what the machine's clock says

	mu    sync.Mutex
	value time.Time // as of read
	read  time.Time // with a monotonic reading

	asking    sync.Mutex
	asked     time.Time // with a monotonic reading; zero: never
	askedWall time.Time // by the machine's clock
}

func newClock(store Timekeeper, every time.Duration) *clock {
	c := &clock{store: store, every: every}
	c.setWall(func(now time.Time) time.Time { return now.Round(0) })
	return c
}

// setWall starts the clock by another one.
func (c *clock) setWall(wall func(time.Time) time.Time) {
	now := time.Now()
	c.wall, c.read, c.value = wall, now, wall(now)
}

const (
	mostSlewed = 24 * time.Hour
	slewing    = 100 // one part of so many
)

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tick(time.Now())
}

// tick goes on to now.
func (c *clock) tick(now time.Time) time.Time {
	elapsed := now.Sub(c.read)
	c.read, c.value = now, c.value.Add(elapsed)
	if c.store == nil {
		off := c.wall(now).Sub(c.value)
		if off.Abs() <= mostSlewed {
			off = min(max(off, -elapsed/slewing), elapsed/slewing)
		}
		c.value = c.value.Add(off)
	}
	return c.value
}

// keep asks the Timekeeper, if it is time to.
func (c *clock) keep(ctx context.Context) error {
	if c.store == nil {
		return nil
	}
	c.asking.Lock()
	defer c.asking.Unlock()
	began := time.Now()
	since := began.Sub(c.asked)
	set := c.wall(began).Sub(c.askedWall) - since
	if !c.asked.IsZero() && since < c.every && set.Abs() < c.every {
		return nil
	}
	said, err := c.store.Now(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	took := now.Sub(began)
	c.asked, c.askedWall = now, c.wall(now)
	c.mu.Lock()
	defer c.mu.Unlock()
	if off := said.Add(took / 2).Sub(c.tick(now)); off.Abs() > took {
		c.value = c.value.Add(off)
	}
	return nil
}

// keepTime is clock.keep, bounded.
func (e *Engine) keepTime(ctx context.Context) error {
	bounded := newWithin(ctx, 2*e.cfg.Lease)
	defer bounded.end()
	return e.clock.keep(bounded)
}

// now is the engine's time: see clock.
func (e *Engine) now() time.Time { return e.clock.now() }

// until is the engine's time at an instant of the calendar, such as Subscription.end. It
// is zero for none.
func (e *Engine) until(instant time.Time) time.Time {
	if instant.IsZero() {
		return instant
	}
	return e.now().Add(time.Until(instant))
}
