package subscription

import "sync"

// served keeps Subscriptions that this node delivers to as it has read them, because
// reading one takes longer than all else that the engine does for a notification.
type served struct {
	mu    sync.Mutex
	byKey map[int64]restored
}

type restored struct {
	revision     int64
	subscription *Subscription
}

// servedLimit bounds the memory. It is more than what is busy at a time; when it is
// reached, all are read again as they come.
const servedLimit = 1 << 15

// restore is Engine.restore. A revision of a Subscription never changes.
func (c *served) restore(e *Engine, r *Record) (*Subscription, error) {
	c.mu.Lock()
	kept, ok := c.byKey[r.Key]
	c.mu.Unlock()
	if ok && kept.revision == r.Revision {
		return kept.subscription, nil
	}
	s, err := e.restore(*r)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byKey == nil || len(c.byKey) >= servedLimit {
		c.byKey = map[int64]restored{}
	}
	c.byKey[r.Key] = restored{r.Revision, s}
	return s, nil
}
