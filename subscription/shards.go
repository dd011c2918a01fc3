package subscription

import (
	"context"
	"sync"
)

// sequence runs the sequencers until ctx ends: one for each shard of the store. All
// nodes do, and the leases decide which of them works.
func (e *Engine) sequence(ctx context.Context) {
	if e.sharded == nil {
		e.sequenceShards(ctx, 1)
		return
	}
	for failures := 0; ctx.Err() == nil; {
		n, err := e.countShards(ctx)
		if err != nil {
			if failures++; ctx.Err() == nil {
				e.cfg.Logger.WarnContext(ctx, "the number of shards can't be read; it is tried again", "node", e.cfg.Node, "failures", failures, "error", err)
			}
			pause(ctx, e.cfg.Poll)
			continue
		}
		failures = 0
		during, end := context.WithCancel(ctx)
		var watch sync.WaitGroup
		watch.Go(func() {
			defer end()
			e.untilOtherThan(during, n)
		})
		e.sequenceShards(during, n)
		end()
		watch.Wait()
	}
}

// untilOtherThan returns when the store has another number of shards than n, or when
// ctx ends. Until it is noticed, the old leases are refused by the store.
func (e *Engine) untilOtherThan(ctx context.Context, n int) {
	for ctx.Err() == nil {
		pause(ctx, e.cfg.Lease/3)
		if now, err := e.countShards(ctx); err == nil && now != n {
			return
		}
	}
}

func (e *Engine) countShards(ctx context.Context) (int, error) {
	ctx, cancel := e.bounded(ctx)
	defer cancel()
	return e.sharded.Shards(ctx)
}

// sequenceShards runs the sequencers of n shards until ctx ends.
func (e *Engine) sequenceShards(ctx context.Context, n int) {
	e.shards.Store(int64(n))
	var work sync.WaitGroup
	for shard := range n {
		s := &sequencer{engine: e, shard: shard, shards: n, changes: e.changes.add()}
		defer e.changes.remove(s.changes)
		e.persist(ctx, &work, e.cfg.Poll, func() { s.run(ctx) })
	}
	work.Wait()
}
