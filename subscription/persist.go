package subscription

import (
	"context"
	"sync"
	"time"
)

// persist runs f in a goroutine until it returns. A function of the host's that ends the
// goroutine in which it is called (runtime.Goexit, as testing.T.FailNow does) must not end
// what the engine does: f is begun anew after a rest.
func (e *Engine) persist(ctx context.Context, work *sync.WaitGroup, rest time.Duration, f func()) {
	work.Go(func() {
		returned := false
		defer func() {
			if !returned {
				e.cfg.Logger.ErrorContext(ctx, "a function of the host ended the goroutine that called it; the work goes on")
				pause(ctx, rest)
				e.persist(ctx, work, rest, f)
			}
		}()
		f()
		returned = true
	})
}
