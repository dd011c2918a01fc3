package fhirserver

import (
	"context"
	"sync"
	"time"

	"github.com/carillon-fhir/carillon/store/sqlite"
	"github.com/carillon-fhir/carillon/subscription"
)

// gate is the engine's store where the server itself writes to the same file. SQLite
// has one writer, and whoever finds it taken sleeps and tries again: a busy server
// would hardly ever let the engine in. Behind the gate they take turns. The
// engine's writes pass together, and so still share a commit; a transaction of the
// server's passes alone.
type gate struct {
	*sqlite.Store
	turns *sync.RWMutex
}

func (g gate) Acquire(ctx context.Context, name, node string, now, until time.Time) (subscription.Lease, error) {
	g.turns.RLock()
	defer g.turns.RUnlock()
	return g.Store.Acquire(ctx, name, node, now, until)
}

func (g gate) CommitEvents(ctx context.Context, l subscription.Lease, c subscription.Commit) error {
	g.turns.RLock()
	defer g.turns.RUnlock()
	return g.Store.CommitEvents(ctx, l, c)
}

func (g gate) PutSubscription(ctx context.Context, r subscription.Record, revision int64) (subscription.Record, error) {
	g.turns.RLock()
	defer g.turns.RUnlock()
	return g.Store.PutSubscription(ctx, r, revision)
}

func (g gate) DeleteSubscription(ctx context.Context, tenant, id string, revision int64) error {
	g.turns.RLock()
	defer g.turns.RUnlock()
	return g.Store.DeleteSubscription(ctx, tenant, id, revision)
}

func (g gate) Claim(ctx context.Context, node string, now, until time.Time, limit int) ([]subscription.Claim, time.Time, error) {
	g.turns.RLock()
	defer g.turns.RUnlock()
	return g.Store.Claim(ctx, node, now, until, limit)
}

func (g gate) Finish(ctx context.Context, o subscription.Outcome) error {
	g.turns.RLock()
	defer g.turns.RUnlock()
	return g.Store.Finish(ctx, o)
}

func (g gate) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	g.turns.RLock()
	defer g.turns.RUnlock()
	return g.Store.Prune(ctx, before, limit)
}
