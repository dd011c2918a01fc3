package subscription

import (
	"context"
	"errors"
	"slices"
	"time"
)

// pageOfPositions is how many positions one read of the store returns.
const pageOfPositions = 1000

// watch reads how far the followed subscriptions are: when other nodes hint at work,
// when one was written here, and every Config.Poll. It takes a fifth of the time at
// most, so that many followed ones do not mean more reading than work.
func (e *Engine) watch(ctx context.Context) {
	for ctx.Err() == nil {
		e.follower.look.wait(ctx, e.cfg.Poll)
		began := time.Now()
		if err := e.readPositions(ctx); err != nil && ctx.Err() == nil {
			e.cfg.Logger.WarnContext(ctx, "connected subscriptions can't be followed; it is tried again", "node", e.cfg.Node, "error", err)
			pause(ctx, e.cfg.Poll)
		}
		pause(ctx, min(max(wakePause, 4*time.Since(began)), e.cfg.Poll))
	}
}

func (e *Engine) readPositions(ctx context.Context) error {
	feeds, keys := e.follower.all()
	slices.Sort(keys)
	for page := range slices.Chunk(keys, pageOfPositions) {
		bounded, cancel := e.bounded(ctx)
		positions, err := e.cfg.Store.Positions(bounded, page)
		cancel()
		if err != nil {
			return err
		}
		for _, p := range positions {
			if one := feeds[p.Key]; one != nil {
				delete(feeds, p.Key)
				e.move(ctx, one, p)
			}
		}
		for _, key := range page {
			if one := feeds[key]; one != nil && one.state.Load() != nil {
				e.follower.end(one) // it was deleted
			}
		}
	}
	return nil
}

// move brings a feed to where the store says that its subscription is.
func (e *Engine) move(ctx context.Context, one *feed, p Position) {
	state := one.state.Load()
	if state == nil {
		return // it is being bound
	}
	if p.Revision < state.record.Revision {
		return // it was read before what a session has been bound to since
	}
	if p.Status != StatusActive {
		e.follower.end(one)
		return
	}
	if state.record.Revision != p.Revision || one.stale.Load() {
		e.reload(ctx, one, state)
	}
	one.reach(p.Cursor)
	if one.raise(p.Count) {
		e.follower.wake(one)
	}
	now := e.now()
	one.tidy(now)
	if one.quietSince(now, min(e.cfg.Retention/4, time.Hour)) { // its connections are alive
		e.confirm(one, 0, now)
	}
}

// reload reads a Subscription that was written since it was bound. It goes on as its
// new version says; one that is somebody else's now, or goes over another channel, is
// no longer bound.
//
// Failure policy: while the new version can't be read, nothing is sent.
func (e *Engine) reload(ctx context.Context, one *feed, old *followed) {
	one.stale.Store(true)
	bounded, cancel := e.bounded(ctx)
	defer cancel()
	next, err := e.readFollowed(bounded, old.record.Tenant, old.record.ID, old.subscription.ChannelType, one.key)
	switch {
	case errors.Is(err, errNotBindable), err == nil && next.record.Owner != old.record.Owner:
		e.follower.end(one)
	case err != nil:
		e.cfg.Logger.WarnContext(ctx, "a subscription was changed and can't be read; nothing is sent until it can", "tenant", old.record.Tenant, "subscription", old.record.ID, "error", err)
	default:
		one.state.Store(next)
		one.stale.Store(false)
		e.follower.wake(one)
	}
}

// followed is a version of a Subscription that is followed.
type followed struct {
	record       Record
	subscription *Subscription
}

// errNotBindable: there is no such subscription that could be followed, any more.
var errNotBindable = errors.New("subscription: not to be bound")

// readFollowed reads what is to be followed. key is 0, or that which it must have: the
// same id may have been given again.
func (e *Engine) readFollowed(ctx context.Context, tenant, id, channelType string, key int64) (*followed, error) {
	r, err := e.cfg.Store.GetSubscription(ctx, tenant, id)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, errNotBindable
	case err != nil:
		return nil, err
	case len(r.Resource) == 0:
		return nil, errUnsealed
	case r.Status != StatusActive || key != 0 && r.Key != key:
		return nil, errNotBindable
	}
	s, err := e.served.restore(e, &r)
	if err != nil || s.ChannelType != channelType {
		return nil, errNotBindable
	}
	return &followed{r, s}, nil
}

// written is told that this node has written a subscription: nothing that follows its
// former version is handed out from here on, and nothing at all until it was read again.
func (f *follower) written(key int64) {
	f.mu.Lock()
	if one := f.feeds[key]; one != nil {
		one.stale.Store(true)
	}
	f.mu.Unlock()
	f.look.set()
}

// removed is told that this node has deleted a subscription.
func (f *follower) removed(key int64) {
	f.mu.Lock()
	one := f.feeds[key]
	f.mu.Unlock()
	if one != nil {
		f.end(one)
	}
}

// end lets go of all who follow a subscription.
func (f *follower) end(one *feed) {
	one.ended.Store(true)
	f.wake(one)
}

func (f *follower) wake(one *feed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	one.wake()
}
