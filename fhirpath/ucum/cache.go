package ucum

import "sync"

// generationSize bounds the cache to twice as many codes. Real data repeats a few
// dozen; all the example codes that UCUM publishes are some hundreds.
const generationSize = 1024

// cache keeps the definitions of the codes that were used last, in two generations:
// when the young one is full it becomes the old one, and what was the old one and has
// not been asked for since is forgotten.
type cache struct {
	mu         sync.RWMutex
	young, old map[string]*definition
}

// get returns nil for a code that is not kept.
func (c *cache) get(code string) *definition {
	c.mu.RLock()
	d, young := c.young[code]
	if !young {
		d = c.old[code]
	}
	c.mu.RUnlock()
	if d != nil && !young {
		c.put(d)
	}
	return d
}

func (c *cache) put(d *definition) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.young == nil || len(c.young) >= generationSize {
		c.old, c.young = c.young, make(map[string]*definition)
	}
	c.young[d.code] = d
}
