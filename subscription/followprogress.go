package subscription

import (
	"context"
	"slices"
	"time"
)

// recordPause is the least time between two records of progress: what arrives in
// between goes with the next, for all connections of this node in one statement.
const recordPause = 10 * time.Millisecond

// pageOfProgress is how many subscriptions one write advances.
const pageOfProgress = 1000

// confirm notes that what is numbered up to cursor has arrived, or, if cursor is 0,
// that its subscriber is there.
func (e *Engine) confirm(one *feed, cursor int64, now time.Time) {
	one.reach(cursor)
	f := e.follower
	f.recording.Lock()
	defer f.recording.Unlock()
	if first := one.heard(now); first {
		f.dirty = append(f.dirty, one)
		f.progress.set()
	}
}

// recordProgress writes what has arrived, until ctx ends.
//
// Failure policy: what is not recorded when this node dies is sent again, to whoever
// connects then, under the same numbers.
func (e *Engine) recordProgress(ctx context.Context) {
	for ctx.Err() == nil {
		if !e.follower.progress.wait(ctx, time.Hour) {
			continue
		}
		bounded, cancel := e.bounded(ctx)
		err := e.advance(bounded)
		cancel()
		if err != nil && ctx.Err() == nil {
			e.cfg.Logger.WarnContext(ctx, "what has arrived at connected subscribers could not be recorded; it is tried again", "node", e.cfg.Node, "error", err)
			e.follower.progress.set()
			pause(ctx, e.cfg.Poll)
		}
		pause(ctx, recordPause)
	}
}

// advance writes what is to be recorded; after an error all of it still is.
func (e *Engine) advance(ctx context.Context) error {
	f := e.follower
	f.recording.Lock()
	dirty := f.dirty
	f.dirty = nil
	f.recording.Unlock()
	for page := range slices.Chunk(dirty, pageOfProgress) {
		progress := make([]Progress, len(page))
		for i, one := range page {
			progress[i] = one.clean()
		}
		if err := e.cfg.Store.Advance(ctx, progress); err != nil {
			for _, one := range dirty {
				e.confirm(one, 0, time.Time{})
			}
			return err
		}
		for _, p := range progress {
			e.fresh.delivered(p.Key, p.Cursor)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, one := range dirty {
		f.drop(one)
	}
	return nil
}
