package fhirproxy

import (
	"context"
	"slices"
	"sync"
)

// locks lets one writer at a time at each resource, so that changes are recorded in the
// order in which the upstream made them.
//
// Failure policy: they are this process's. Two proxies that share a PostgreSQL and write
// the same resource at the same time may record it in the order of their answers.
type locks struct {
	mu   sync.Mutex
	held map[string]*lock
}

type lock struct {
	turn    chan struct{} // holds one value while nobody has the lock
	waiting int           // who has it or waits for it
}

// acquire locks the names, or fails with ctx's error. In which order they are given
// doesn't matter.
func (l *locks) acquire(ctx context.Context, names ...string) (release func(), err error) {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	var got []string
	release = func() {
		for _, name := range got {
			l.drop(name, true)
		}
	}
	for _, name := range names {
		l.mu.Lock()
		if l.held == nil {
			l.held = map[string]*lock{}
		}
		one, ok := l.held[name]
		if !ok {
			one = &lock{turn: make(chan struct{}, 1)}
			one.turn <- struct{}{}
			l.held[name] = one
		}
		one.waiting++
		l.mu.Unlock()
		select {
		case <-one.turn:
			got = append(got, name)
		case <-ctx.Done():
			l.drop(name, false)
			release()
			return nil, ctx.Err()
		}
	}
	return release, nil
}

func (l *locks) drop(name string, held bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.held[name]
	if held {
		one.turn <- struct{}{}
	}
	if one.waiting--; one.waiting == 0 {
		delete(l.held, name)
	}
}
