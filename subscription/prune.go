package subscription

import (
	"context"
	"time"
)

// prune removes what is older than the retention, and tokens that have run out, a little
// at a time.
func (e *Engine) prune(ctx context.Context) {
	const batch = 1000
	period := min(time.Minute, e.cfg.Retention)
	for pause(ctx, period); ctx.Err() == nil; pause(ctx, period) {
		for ctx.Err() == nil {
			began := time.Now()
			bounded, cancel := e.bounded(ctx)
			n, err := e.cfg.Store.Prune(bounded, time.Now().Add(-e.cfg.Retention), e.now(), batch)
			cancel()
			e.observe(ctx, Pruned{Began: began, Duration: time.Since(began), Removed: n, Err: err})
			if err != nil && ctx.Err() == nil {
				e.cfg.Logger.WarnContext(ctx, "pruning failed and is tried again", "error", err)
			}
			if err != nil || n < batch {
				break
			}
		}
	}
}
