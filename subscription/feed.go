package subscription

import (
	"sync"
	"sync/atomic"
	"time"
)

// feed is the log of one subscription as this node follows it for the sessions that
// are bound to it.
type feed struct {
	key      int64
	sessions map[*Session]struct{} // guarded by follower.mu

	followers atomic.Int64             // how many sessions there are
	state     atomic.Pointer[followed] // nil: not yet read
	stale     atomic.Bool              // there is a newer version that could not be read yet
	ended     atomic.Bool              // it is gone, off or somebody else's
	count     atomic.Int64             // number of the newest event

	mu      sync.Mutex
	cursor  int64     // up to where some subscriber has everything
	heardAt time.Time // when a connection was last known to be alive
	dirty   bool      // the two are to be recorded

	newest atomic.Pointer[made] // of made
	making sync.Mutex           // guards made
	made   []made
}

// raise notes that there are events up to a number, and reports whether that is news.
func (f *feed) raise(count int64) (news bool) {
	for {
		known := f.count.Load()
		if count <= known {
			return false
		}
		if f.count.CompareAndSwap(known, count) {
			return true
		}
	}
}

// wake tells all sessions; follower.mu is held.
func (f *feed) wake() {
	for s := range f.sessions {
		s.alert()
	}
}

// reach notes that somebody has everything up to a number.
func (f *feed) reach(cursor int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cursor = max(f.cursor, cursor)
}

// reached is from where a new session begins.
func (f *feed) reached() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.cursor
}

// heard notes that a connection is alive, and reports whether nothing was to be
// recorded before.
func (f *feed) heard(now time.Time) (first bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now.After(f.heardAt) {
		f.heardAt = now
	}
	first, f.dirty = !f.dirty, true
	return first
}

func (f *feed) quietSince(now time.Time, d time.Duration) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.heardAt.IsZero() && now.Sub(f.heardAt) >= d
}

func (f *feed) isDirty() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dirty
}

// clean returns what is to be recorded.
func (f *feed) clean() Progress {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dirty = false
	return Progress{Key: f.key, Cursor: f.cursor, At: f.heardAt}
}
