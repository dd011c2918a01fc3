package subscription

import "sync"

// served keeps Subscriptions that this node delivers to as it has read them, because
// reading one takes longer than all else that the engine does for a notification.
//
// What was not used while half of what may be kept came anew is forgotten.
type served struct {
	mu     sync.RWMutex
	recent map[int64]restored // by Key: used since older was recent
	older  map[int64]restored
	bytes  int // of recent, about
}

type restored struct {
	revision     int64
	subscription *Subscription
}

// servedBytes bounds the memory: it is enough for some 40,000 that are busy at a time.
const servedBytes = 64 << 20

// size is about what a Subscription takes in memory: it holds its elements beside the
// whole.
func (s *Subscription) size() int { return 512 + 3*len(s.Resource)/2 }

// restore is Engine.restore. A revision of a Subscription never changes.
func (c *served) restore(e *Engine, r *Record) (*Subscription, error) {
	if s := c.find(r.Key, r.Revision); s != nil {
		return s, nil
	}
	s, err := e.restore(*r)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keep(r.Key, restored{r.Revision, s})
	return s, nil
}

// find returns the Subscription in that revision, nil if it is not kept.
func (c *served) find(key, revision int64) *Subscription {
	c.mu.RLock()
	kept, recently := c.recent[key]
	if !recently {
		kept = c.older[key]
	}
	c.mu.RUnlock()
	if kept.subscription == nil || kept.revision != revision {
		return nil
	}
	if !recently {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.keep(key, kept)
	}
	return kept.subscription
}

func (c *served) keep(key int64, r restored) {
	if c.recent == nil || c.bytes >= servedBytes/2 {
		c.recent, c.older, c.bytes = map[int64]restored{}, c.recent, 0
	}
	if before, ok := c.recent[key]; ok {
		c.bytes -= before.subscription.size()
	}
	c.recent[key] = r
	c.bytes += r.subscription.size()
}
