package subscription

import (
	"context"
	"errors"
	"time"
)

// batchOfChanges is the most changes that one commit sequences: enough to share its
// cost, few enough to keep a change from waiting for strangers.
const batchOfChanges = 256

// sequencer gives changes their numbers in the event logs of the subscriptions of its
// shard that they match. One node at a time does, under a lease; a commit by another
// one is refused by the store.
type sequencer struct {
	engine        *Engine
	shard, shards int
	changes       signal // there may be something to sequence

	lease    Lease
	state    *matcher // nil: must be loaded
	repeats  repeats
	failures int // tries in a row that have failed
}

// run sequences until ctx ends.
//
// Failure policy: after any error the state is loaded again from the store, since
// the outcome of the commit is unknown. That costs a pass over all subscriptions,
// and no event: numbers are assigned by the commit alone.
func (s *sequencer) run(ctx context.Context) {
	e := s.engine
	defer s.lose(ctx)
	quiet := time.Duration(0)
	for ctx.Err() == nil {
		more, err := s.step(ctx)
		switch {
		case err == nil:
			s.failures = 0
		case errors.Is(err, ErrHeld):
			s.lose(ctx)
			pause(ctx, e.cfg.Poll)
			continue
		default:
			s.lose(ctx)
			s.failures++
			if ctx.Err() == nil {
				e.cfg.Logger.WarnContext(ctx, "sequencing failed and is tried again", "node", e.cfg.Node, "failures", s.failures, "error", err)
			}
			pause(ctx, min(time.Duration(s.failures)*100*time.Millisecond, 5*time.Second))
			continue
		}
		if more {
			quiet = 0
			continue
		}
		quiet = s.rest(ctx, quiet)
	}
}

// rest waits for the next change. A hook may signal before the host's transaction
// commits, so the looks that follow a signal come in quick succession and then ever
// more seldom, up to the poll that is the safety net.
func (s *sequencer) rest(ctx context.Context, quiet time.Duration) time.Duration {
	e := s.engine
	if quiet == 0 {
		quiet = time.Millisecond
	}
	if s.changes.wait(ctx, min(quiet, e.cfg.Poll)) {
		return 0
	}
	return min(2*quiet, e.cfg.Poll)
}

// step sequences one batch and reports whether there may be more. What precedes a change
// that can't be matched, because the host gives no answer, is committed without it.
func (s *sequencer) step(ctx context.Context) (more bool, err error) {
	e := s.engine
	if err := e.keepTime(ctx); err != nil {
		return false, err
	}
	now, began := e.now(), time.Now()
	if s.state != nil && s.state.topics != e.topics.Load() {
		s.lose(ctx) // SetTopics: filters are compiled for their topics
	}
	if s.state == nil || s.lease.Until.Sub(now) < e.cfg.Lease*2/3 {
		if err := s.acquire(ctx, now); err != nil {
			return false, err
		}
	}
	// Long after the lease there is nothing to wait for: a store that has not answered
	// by then, perhaps because the connection is dead, is asked anew.
	bounded := newWithin(ctx, s.lease.Until.Sub(now)+e.cfg.Lease)
	defer bounded.end()
	ctx = bounded
	changes, err := e.cfg.Store.ReadChanges(ctx, s.lease.Cursor, batchOfChanges)
	if err != nil || len(changes) == 0 {
		return false, err
	}
	commit, unmatched := s.state.match(ctx, changes, time.Now().Add(e.cfg.Lease/4))
	if err = unmatched; commit.Cursor > 0 { // else it is the first that can't be matched
		commit.At = now.UTC().Truncate(time.Microsecond)
		err = e.cfg.Store.CommitEvents(ctx, s.lease, commit)
	}
	if err != nil {
		s.observe(ctx, began, changes, &Commit{}, err)
		return false, err
	}
	s.lease.Cursor = commit.Cursor
	if s.shard == 0 { // all shards see all changes
		e.firings.count(s.state.decided, commit.At)
	}
	s.state.decided = s.state.decided[:0]
	e.fresh.add(commit.Events, changes)
	e.flights.numbered(commit.Events)
	e.follower.numbered(commit.Events)
	s.observe(ctx, began, changes, &commit, nil)
	if len(commit.Events) > 0 {
		e.wake(WorkDeliveries)
	}
	if unmatched != nil {
		s.lose(ctx) // it has half of what can't be matched, which comes first in the next try
	}
	return true, nil
}

// acquire takes or renews the lease. The state in memory stays good as long as
// nobody else has moved the cursor.
func (s *sequencer) acquire(ctx context.Context, now time.Time) error {
	e := s.engine
	bounded, cancel := e.bounded(ctx)
	defer cancel()
	lease, err := e.cfg.Store.Acquire(bounded, LeaseName(s.shard, s.shards), e.cfg.Node, now, now.Add(e.cfg.Lease))
	if err != nil {
		return err
	}
	if s.state != nil && lease.Cursor != s.lease.Cursor {
		s.lose(ctx)
	}
	s.lease = lease
	if s.state != nil {
		return nil
	}
	state, err := loadMatcher(ctx, e, s.shard, s.shards)
	if err != nil {
		return err
	}
	if err := s.repeats.recall(bounded, e.cfg.Store, lease.Cursor); err != nil {
		return err
	}
	state.repeats = &s.repeats
	s.state = state
	e.leading.Add(1)
	s.observeLease(ctx, len(state.entries))
	return nil
}

// lose forgets the state, which may no longer be what the store says.
func (s *sequencer) lose(ctx context.Context) {
	if s.state != nil {
		s.state = nil
		s.engine.leading.Add(-1)
		s.observeLease(ctx, 0)
	}
}

// observe tells of a batch: of the changes that were sequenced, up to the commit's cursor.
func (s *sequencer) observe(ctx context.Context, began time.Time, changes []Change, c *Commit, err error) {
	if s.engine.cfg.Observer == nil {
		return
	}
	o := BatchSequenced{
		Shard: s.shard, Shards: s.shards, Began: began, Duration: time.Since(began),
		Events: len(c.Events), Subscriptions: len(s.state.entries), Err: err,
	}
	if err != nil {
		o.Failures = s.failures + 1
	}
	for i := range changes {
		change := &changes[i]
		if err == nil && change.Position > c.Cursor {
			break
		}
		o.Changes++
		if change.Subscription == 0 {
			o.Oldest = earliest(o.Oldest, change.At)
			o.Traces = s.engine.addTrace(o.Traces, change)
		}
	}
	s.engine.observe(ctx, o)
}

// observeLease tells that this node now sequences the shard, or no longer does.
func (s *sequencer) observeLease(ctx context.Context, subscriptions int) {
	if s.shard == 0 {
		s.engine.measures.Store(s.state != nil)
	}
	s.engine.observe(ctx, LeaseChanged{Shard: s.shard, Shards: s.shards, Held: s.state != nil, Subscriptions: subscriptions})
}
