package postgres

import (
	"context"
	"math"
	"sync"
)

// numbered is what carillon.number returns; see migrations/0004_once.sql.
type numbered struct {
	last   int64   // position at which the log ended before
	places []int64 // of the changes that follow it, one after the other

	handed, newest, oldest *int64 // nil: not known
}

// waiting knows beyond which place changes may wait for their positions.
//
// Failure policy: what it knows holds as long as the server loses nothing that it has
// committed. Should it ever, as a standby may that has replicated asynchronously, then
// changes may wait unseen until the lease is acquired or renewed, which forgets it.
type waiting struct {
	mu     sync.Mutex
	beyond int64     // no place up to this one; 0: not known
	next   *numbered // says when nothing waits up to its handed place; nil: nothing does
}

func (w *waiting) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.beyond, w.next = 0, nil
}

// from returns the place beyond which to look, and what may raise it then.
func (w *waiting) from() (beyond int64, next *numbered) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.beyond == 0 {
		return math.MinInt64, w.next
	}
	return w.beyond, w.next
}

// learn takes what came of a call that looked from there, and has seen to the end of the
// queue.
func (w *waiting) learn(next *numbered, n *numbered) {
	if n.handed == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.next != next: // another call was faster, or all was forgotten
	case next == nil:
		w.next = n
	case *n.oldest >= *next.newest:
		w.beyond, w.next = math.MinInt64+(*next.handed+1)<<20-1, n
	}
}

// number gives what waits its positions, in a transaction of its own.
func (s *Store) number(ctx context.Context, after int64, limit int) (n numbered, err error) {
	beyond, next := s.waiting.from()
	err = s.pool.QueryRow(ctx, s.texts[numberChanges], after, limit, beyond).
		Scan(&n.last, &n.places, &n.handed, &n.newest, &n.oldest)
	switch {
	case err != nil, n.handed == nil && len(n.places) > 0: // what was a node's of the release before may wait at any place
		s.waiting.reset()
	case len(n.places) < limit:
		s.waiting.learn(next, &n)
	}
	return n, err
}
