package bare

import (
	"context"
	"sync"
)

// Memory is a Log that nothing of survives.
type Memory struct {
	mu     sync.Mutex
	events map[int64]*Event
}

// Commit implements Log.
func (m *Memory) Commit(_ context.Context, added, done []*Event) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.events == nil {
		m.events = map[int64]*Event{}
	}
	for _, e := range added {
		m.events[e.ID] = e
	}
	for _, e := range done {
		delete(m.events, e.ID)
	}
	return nil
}

// Separate implements Log.
func (m *Memory) Separate() bool { return true }

// Close implements Log.
func (m *Memory) Close() error { return nil }
