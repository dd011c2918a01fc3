package bare

import "sync"

// mostInBatch bounds a transaction.
const mostInBatch = 256

// batch gathers what comes while the last transaction is written.
type batch struct {
	mu          sync.Mutex
	some        *sync.Cond
	added, done []*Event
	closed      bool
}

func newBatch() *batch {
	b := new(batch)
	b.some = sync.NewCond(&b.mu)
	return b
}

func (b *batch) add(e *Event)         { b.put(&b.added, e) }
func (b *batch) acknowledge(e *Event) { b.put(&b.done, e) }

func (b *batch) put(list *[]*Event, e *Event) {
	b.mu.Lock()
	*list = append(*list, e)
	b.mu.Unlock()
	b.some.Signal()
}

func (b *batch) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.some.Signal()
}

// take waits for something; there is nothing at the end.
func (b *batch) take() (added, done []*Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.added)+len(b.done) == 0 && !b.closed {
		b.some.Wait()
	}
	return first(&b.added), first(&b.done)
}

// first takes the first of a list.
func first(list *[]*Event) []*Event {
	n := min(len(*list), mostInBatch)
	taken := make([]*Event, n)
	copy(taken, *list)
	*list = append((*list)[:0], (*list)[n:]...)
	return taken
}
