package receiver

import (
	"context"
	"time"

	"github.com/carillon-fhir/carillon/notification"
)

// line is what is known of one subscription.
type line struct {
	id    string
	busy  chan struct{} // holds one while somebody works on what follows
	state               // of the work

	// Guarded by Receiver.mu:
	heard  time.Time
	silent bool // that it is silent was told
	users  int  // calls of Receive under way
}

// state is guarded by line.busy.
type state struct {
	loaded     bool
	position   int64     // number of the last event handled
	kept       int64     // what Positions has of it
	assembled  time.Time // when the newest Bundle was, by the server's clock
	missing    time.Time // when the gap that is waited for was noticed
	failing    string    // the status that was told last
	unnumbered bool      // was told
}

func newLine(id string) *line { return &line{id: id, busy: make(chan struct{}, 1)} }

func (l *line) enter(ctx context.Context) error {
	select {
	case l.busy <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *line) leave() { <-l.busy }

// take works off one notification.
func (r *Receiver) take(ctx context.Context, l *line, n *notification.Notification) (err error) {
	if !l.loaded {
		if l.position, err = r.cfg.Positions.Load(ctx, l.id); err != nil {
			return err
		}
		l.kept, l.loaded = l.position, true
	}
	defer func() {
		if saveErr := r.save(ctx, l); err == nil {
			err = saveErr
		}
	}()
	stale := !n.Timestamp.IsZero() && n.Timestamp.Before(l.assembled)
	if !stale {
		l.assembled = n.Timestamp
		r.tellStatus(ctx, l, n.Status)
	}
	switch n.Type {
	case notification.EventNotification, notification.QueryEvent:
		for i := range n.Events {
			if err := r.event(ctx, l, n, &n.Events[i], false); err != nil {
				return err
			}
		}
		return nil
	}
	if stale { // it was overtaken on the way: what it says of the count is past
		return nil
	}
	return r.catchUp(ctx, l, n.EventsSinceSubscriptionStart)
}

// event handles one event, and what is missing before it.
func (r *Receiver) event(ctx context.Context, l *line, n *notification.Notification, e *notification.Event, recovered bool) error {
	switch {
	case e.Number <= 0: // EVN-08: some servers do not number
		if !l.unnumbered {
			l.unnumbered = true
			r.cfg.OnProblem(ctx, Problem{Kind: Unnumbered, Subscription: l.id})
		}
	case e.Number <= l.position:
		return nil
	case e.Number > l.position+1:
		if err := r.fetch(ctx, l, e.Number-1); err != nil {
			return err
		}
	}
	if err := r.cfg.Handle(ctx, Event{Event: *e, Subscription: l.id, Topic: n.Topic, Recovered: recovered}); err != nil {
		return err
	}
	if e.Number > 0 {
		l.position = e.Number
	}
	return nil
}

// tellStatus tells of a status in which no events come, once.
func (r *Receiver) tellStatus(ctx context.Context, l *line, status string) {
	if status != "error" && status != "off" {
		l.failing = ""
		return
	}
	if l.failing != status {
		l.failing = status
		r.cfg.OnProblem(ctx, Problem{Kind: Failing, Subscription: l.id, Status: status})
	}
}

// save keeps the position, also when ctx has ended: what was handled is handled.
func (r *Receiver) save(ctx context.Context, l *line) error {
	if l.kept == l.position {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.cfg.Timeout)
	defer cancel()
	if err := r.cfg.Positions.Save(ctx, l.id, l.position); err != nil {
		return err
	}
	l.kept = l.position
	return nil
}
