package egress

import (
	"net/url"
	"sync"
)

// endpoints keeps endpoints that requests were made to as they were read: to read one
// costs as much as to render a notification.
type endpoints struct {
	mu sync.RWMutex
	of map[string]destination // by their text
}

// destination is one that parseEndpoint took. It is read-only.
type destination struct {
	url  *url.URL
	host string // as Config's functions get it
}

// endpointsLimit bounds the memory. When it is reached, all are read again as they come.
const endpointsLimit = 1 << 12

// known returns an endpoint, or false if parseEndpoint refuses it.
func (s *Sender) known(text string) (destination, bool) {
	e := &s.endpoints
	e.mu.RLock()
	kept, ok := e.of[text]
	e.mu.RUnlock()
	if ok {
		return kept, true
	}
	u, problem := s.parseEndpoint(text)
	if problem != "" {
		return destination{}, false
	}
	read := destination{u, hostOf(u)}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.of == nil || len(e.of) >= endpointsLimit {
		e.of = map[string]destination{}
	}
	e.of[text] = read
	return read, true
}
