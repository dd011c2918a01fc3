package subscription

import (
	"context"
	"sync"
	"time"
)

// grace bounds calls that many make at the same time. Those who begin within a tenth
// of the time that a call may take share one context, whose end comes after that time for
// the first of them: a timer for each would cost more than most of the calls.
type grace struct {
	ctx   context.Context // that they are made in
	lasts time.Duration

	mu     sync.Mutex
	shared context.Context
	began  time.Time
	cancel context.CancelFunc
}

// context is for a call that begins now.
func (g *grace) context() context.Context {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now := time.Now(); g.shared == nil || now.Sub(g.began) > g.lasts/10 {
		g.shared, g.cancel = context.WithTimeout(g.ctx, g.lasts)
		g.began = now
	}
	return g.shared
}

// end is called when no call is made any more. Contexts before the last have ended by
// themselves, or will.
func (g *grace) end() {
	if g.cancel != nil {
		g.cancel()
	}
}
