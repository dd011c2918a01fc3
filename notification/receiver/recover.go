package receiver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/carillon-fhir/carillon/notification"
)

// Source answers for the server that sends the notifications. Server is the one that
// asks it over HTTP. Its methods may be called at the same time.
type Source interface {
	// Events returns the answer of the operation $events for a Subscription: events
	// with the numbers from first to last, both included, or the first of them if they
	// are many. What the server has no longer is left out. An error that is ErrRefused
	// means that it will not answer, any other that it may do so later.
	Events(ctx context.Context, id string, first, last int64) (*notification.Notification, error)

	// Status returns the answer of the operation $status for a Subscription.
	Status(ctx context.Context, id string) (*notification.Notification, error)
}

// ErrRefused says that a Source can't give what it was asked for, now or later.
var ErrRefused = errors.New("receiver: the server refuses to answer")

// catchUp makes sure that all events up to count have been handled.
func (r *Receiver) catchUp(ctx context.Context, l *line, count int64) error {
	switch {
	case count > l.position:
		return r.fetch(ctx, l, count)
	case count == l.position:
		return nil
	}
	// The server counts less than it has sent. A notification may have been overtaken on
	// the way, so it is asked.
	if r.cfg.Source != nil {
		status, err := r.cfg.Source.Status(ctx, l.id)
		if errors.Is(err, ErrRefused) {
			return nil // whether it has forgotten the subscription shows when it sends again
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrWaiting, err)
		}
		if count = status.EventsSinceSubscriptionStart; count >= l.position {
			return r.catchUp(ctx, l, count)
		}
	}
	r.cfg.OnProblem(ctx, Problem{Kind: Reset, Subscription: l.id, Had: l.position, Has: count})
	if r.cfg.Source == nil {
		l.position = count
		return nil
	}
	l.position = 0
	if err := r.save(ctx, l); err != nil { // or what is handled next would count as repeated
		return err
	}
	return r.fetch(ctx, l, count)
}

// fetch handles the events after l.position up to last, as far as they can be had, and
// tells of the others.
func (r *Receiver) fetch(ctx context.Context, l *line, last int64) error {
	for l.position < last {
		if r.cfg.Source == nil {
			r.lose(ctx, l, last)
			break
		}
		n, err := r.cfg.Source.Events(ctx, l.id, l.position+1, last)
		switch {
		case errors.Is(err, ErrRefused):
			r.lose(ctx, l, last)
			continue
		case err != nil:
			if l.missing.IsZero() {
				l.missing = time.Now()
			}
			if ctx.Err() == nil && time.Since(l.missing) >= r.cfg.Patience {
				r.lose(ctx, l, last)
				continue
			}
			return fmt.Errorf("%w: %w", ErrWaiting, err)
		}
		before := l.position
		for i := range n.Events {
			e := &n.Events[i]
			if e.Number <= l.position || e.Number > last { // not what was asked for
				continue
			}
			r.lose(ctx, l, e.Number-1)
			if err := r.event(ctx, l, n, e, true); err != nil {
				return err
			}
		}
		if l.position == before { // it has none of them
			r.lose(ctx, l, last)
		}
	}
	l.missing = time.Time{}
	return nil
}

// lose gives up the events after l.position up to last.
func (r *Receiver) lose(ctx context.Context, l *line, last int64) {
	if last > l.position {
		r.cfg.OnProblem(ctx, Problem{Kind: Lost, Subscription: l.id, First: l.position + 1, Last: last})
		l.position = last
	}
}
