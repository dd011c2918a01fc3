package receiver

import (
	"context"
	"time"
)

// Run notices the silence of expected subscriptions (CLI-04), until ctx ends;
// then it returns nil. With a Source it also asks for what was missed meanwhile. It does
// nothing unless Config.Silence is set.
func (r *Receiver) Run(ctx context.Context) error {
	if r.cfg.Silence == 0 {
		<-ctx.Done()
		return nil
	}
	ticks := time.NewTicker(max(r.cfg.Silence/4, time.Millisecond))
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
			for _, l := range r.silent(time.Now()) {
				r.inquire(ctx, l)
			}
		}
	}
}

// silence is a subscription that has been silent for too long.
type silence struct {
	*line
	since time.Time
	first bool // it was not told yet
}

func (r *Receiver) silent(now time.Time) (list []silence) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, l := range r.lines {
		if r.expected[id] && now.Sub(l.heard) >= r.cfg.Silence {
			list = append(list, silence{l, l.heard, !l.silent})
			l.silent = true
		}
	}
	return list
}

// inquire tells of a silence once, and asks the source as long as it lasts.
func (r *Receiver) inquire(ctx context.Context, s silence) {
	if s.first {
		r.cfg.OnProblem(ctx, Problem{Kind: Silent, Subscription: s.id, Since: s.since})
	}
	if r.cfg.Source == nil {
		return
	}
	// Failure policy: what fails here is tried again at the next tick.
	n, err := r.cfg.Source.Status(ctx, s.id)
	if err != nil || s.enter(ctx) != nil {
		return
	}
	defer s.leave()
	_ = r.take(ctx, s.line, n)
}
