package receiver

import (
	"context"
	"sync"
)

// Positions keeps, for each subscription, the number of the last event handled. Methods
// may be called at the same time, for one subscription one at a time.
type Positions interface {
	// Load returns the number last saved for a Subscription's id, 0 if there is none.
	Load(ctx context.Context, subscription string) (int64, error)
	// Save replaces it, by a lower one after a Reset. It is durable when Save returns nil.
	Save(ctx context.Context, subscription string, number int64) error
}

// Memory is Positions that end with the process, for tests and for subscribers who
// recover everything anew. The zero value is ready.
type Memory struct {
	mu      sync.Mutex
	numbers map[string]int64
}

// Load implements Positions.
func (m *Memory) Load(_ context.Context, subscription string) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.numbers[subscription], nil
}

// Save implements Positions.
func (m *Memory) Save(_ context.Context, subscription string, number int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.numbers == nil {
		m.numbers = map[string]int64{}
	}
	m.numbers[subscription] = number
	return nil
}
