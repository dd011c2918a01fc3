package subscription

import (
	"context"
	"sync"
	"time"
)

// sequence runs the sequencers until ctx ends: one for each shard of the store. All
// nodes do, and the leases decide which of them works.
func (e *Engine) sequence(ctx context.Context) {
	store := e.sharded
	if store == nil {
		e.sequenceShards(ctx, 1)
		return
	}
	for failures := 0; ctx.Err() == nil; {
		n, err := store.Shards(ctx)
		if err != nil {
			if failures++; ctx.Err() == nil {
				e.cfg.Logger.WarnContext(ctx, "the number of shards can't be read; it is tried again", "node", e.cfg.Node, "failures", failures, "error", err)
			}
			pause(ctx, e.cfg.Poll)
			continue
		}
		failures = 0
		during, end := context.WithCancel(ctx)
		go func() {
			defer end()
			untilOtherThan(during, n, store, e.cfg.Lease/3)
		}()
		e.sequenceShards(during, n)
		end()
	}
}

// untilOtherThan returns when the store has another number of shards than n, or when
// ctx ends. Until it is noticed, the old leases are refused by the store.
func untilOtherThan(ctx context.Context, n int, store Sharded, period time.Duration) {
	for ctx.Err() == nil {
		pause(ctx, period)
		if now, err := store.Shards(ctx); err == nil && now != n {
			return
		}
	}
}

// sequenceShards runs the sequencers of n shards until ctx ends.
func (e *Engine) sequenceShards(ctx context.Context, n int) {
	e.shards.Store(int64(n))
	var work sync.WaitGroup
	for shard := range n {
		s := &sequencer{engine: e, shard: shard, shards: n, changes: e.changes.add()}
		work.Go(func() {
			defer e.changes.remove(s.changes)
			s.run(ctx)
		})
	}
	work.Wait()
}
