package main

import (
	"context"
	"sync"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/store/postgres"
	"github.com/carillon-fhir/carillon/store/sqlite"
	"github.com/carillon-fhir/carillon/subscription"
)

// finishes knows which changes each subscription has still to be told of, and is told when
// the outcome of a delivery has been written. Subscription i has the key i+1.
type finishes struct {
	mu      sync.Mutex
	cursors []int64
	waiting [][]func()
}

func newFinishes(subscriptions int) *finishes {
	return &finishes{cursors: make([]int64, subscriptions), waiting: make([][]func(), subscriptions)}
}

// expect calls f when the next change of a subscription has been acknowledged.
func (f *finishes) expect(subscription int, acknowledged func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting[subscription] = append(f.waiting[subscription], acknowledged)
}

// finished takes an outcome that was written.
func (f *finishes) finished(o subscription.Outcome) {
	f.mu.Lock()
	i := o.Key - 1
	n := min(int(max(o.Cursor-f.cursors[i], 0)), len(f.waiting[i]))
	f.cursors[i] = max(f.cursors[i], o.Cursor)
	now := f.waiting[i][:n]
	f.waiting[i] = f.waiting[i][n:]
	f.mu.Unlock()
	for _, acknowledged := range now {
		acknowledged()
	}
}

// The stores, each as it is but for telling what was finished.
type (
	memoryStore struct {
		*memory.Store
		finishes *finishes
	}
	sqliteStore struct {
		*sqlite.Store
		finishes *finishes
	}
	postgresStore struct {
		*postgres.Store
		finishes *finishes
	}
)

func (s memoryStore) Finish(ctx context.Context, o subscription.Outcome) error {
	return s.finishes.after(s.Store.Finish(ctx, o), o)
}

func (s sqliteStore) Finish(ctx context.Context, o subscription.Outcome) error {
	return s.finishes.after(s.Store.Finish(ctx, o), o)
}

func (s postgresStore) Finish(ctx context.Context, o subscription.Outcome) error {
	return s.finishes.after(s.Store.Finish(ctx, o), o)
}

func (f *finishes) after(err error, o subscription.Outcome) error {
	if err == nil && f != nil {
		f.finished(o)
	}
	return err
}
