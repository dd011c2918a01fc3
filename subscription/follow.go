package subscription

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// follower keeps this node up to date about the Subscriptions that have a connection
// to it: how far their logs go, whether they are still what was bound, and what has
// arrived. Each node follows its own, so that no event has to find the right node.
type follower struct {
	look     signal // positions are to be read
	progress signal // there is something to record

	open atomic.Bool // Run is running; written with mu held

	mu       sync.Mutex
	sessions map[*Session]struct{}
	tells    context.Context // in which OnNotified is called for sessions
	tellers  sync.WaitGroup  // who call it
	ended    chan struct{}   // closed when open is false and no session is left
	feeds    map[int64]*feed

	following atomic.Int64 // how many feeds there are, so that nobody need lock for none

	recording sync.Mutex
	dirty     []*feed // whose progress is to be recorded
}

func newFollower() *follower {
	return &follower{
		look: newSignal(), progress: newSignal(),
		sessions: map[*Session]struct{}{}, feeds: map[int64]*feed{},
	}
}

// follow keeps connections served until ctx ends; then all sessions end, and what has
// arrived is recorded.
func (e *Engine) follow(ctx context.Context) {
	f := e.follower
	f.mu.Lock()
	f.ended = make(chan struct{})
	tells, cut := context.WithCancel(context.WithoutCancel(ctx))
	f.tells = tells
	f.open.Store(true)
	f.mu.Unlock()
	var work sync.WaitGroup
	work.Go(func() { e.watch(ctx) })
	work.Go(func() { e.recordProgress(ctx) })
	<-ctx.Done()
	f.shut(e.cfg.DrainTimeout)
	f.endTells(cut)
	work.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.cfg.SendTimeout)
	defer cancel()
	_ = e.advance(last) // what is not recorded is sent again
}

// shut ends the sessions and waits until they are closed, for at most patience.
func (f *follower) shut(patience time.Duration) {
	f.mu.Lock()
	f.open.Store(false)
	ended := f.ended
	if len(f.sessions) == 0 {
		close(ended)
	}
	for s := range f.sessions {
		s.alert()
	}
	f.mu.Unlock()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
	}
}

// enlist registers a session, unless Run is not running.
func (f *follower) enlist(s *Session) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.open.Load() {
		return false
	}
	f.sessions[s] = struct{}{}
	s.tells = f.tells
	return true
}

func (f *follower) strike(s *Session) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.sessions[s]; !ok {
		return
	}
	delete(f.sessions, s)
	if !f.open.Load() && len(f.sessions) == 0 {
		close(f.ended)
	}
}

// join makes s a follower of a subscription. From here on, what is numbered on this
// node is known at once: whoever reads the record afterwards misses nothing.
func (f *follower) join(key int64, s *Session) *feed {
	f.mu.Lock()
	defer f.mu.Unlock()
	one := f.feeds[key]
	if one == nil || one.ended.Load() {
		one = &feed{key: key, sessions: map[*Session]struct{}{}}
		f.feeds[key] = one
		f.following.Store(int64(len(f.feeds)))
	}
	one.sessions[s] = struct{}{}
	one.followers.Store(int64(len(one.sessions)))
	return one
}

func (f *follower) leave(one *feed, s *Session) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(one.sessions, s)
	one.followers.Store(int64(len(one.sessions)))
	f.drop(one)
}

// drop forgets a feed that nobody follows, once its progress is recorded: who comes
// back finds it where it was. f.mu is held.
func (f *follower) drop(one *feed) {
	if len(one.sessions) > 0 || one.isDirty() || f.feeds[one.key] != one {
		return
	}
	delete(f.feeds, one.key)
	f.following.Store(int64(len(f.feeds)))
}

// numbered is told of the events of a commit of this node.
func (f *follower) numbered(events []NewEvent) {
	if f.following.Load() == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var touched []*feed
	for i := range events {
		if one := f.feeds[events[i].Key]; one != nil && one.raise(events[i].Number) {
			if len(touched) == 0 || touched[len(touched)-1] != one {
				touched = append(touched, one)
			}
		}
	}
	for _, one := range touched {
		one.wake()
	}
}

// all returns the feeds and their keys.
func (f *follower) all() (feeds map[int64]*feed, keys []int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	feeds = make(map[int64]*feed, len(f.feeds))
	for key, one := range f.feeds {
		feeds[key] = one
		keys = append(keys, key)
	}
	return feeds, keys
}
