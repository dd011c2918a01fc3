package storetest_test

import (
	"context"
	"time"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

type (
	record = subscription.Record
	change = subscription.Change
	lease  = subscription.Lease
)

// override is a memory.Store of which some methods are replaced.
type override struct {
	*memory.Store

	append       func(ctx context.Context, changes []change) error
	acquire      func(ctx context.Context, name, node string, now, until time.Time) (lease, error)
	release      func(ctx context.Context, node string) error
	readChanges  func(ctx context.Context, after int64, limit int) ([]change, error)
	commitEvents func(ctx context.Context, l lease, c subscription.Commit) error
	put          func(ctx context.Context, r record, revision int64) (record, error)
	get          func(ctx context.Context, tenant, id string) (record, error)
	list         func(ctx context.Context, q subscription.ListQuery) ([]record, error)
	delete       func(ctx context.Context, tenant, id string, revision int64) error
	readEvents   func(ctx context.Context, key, first, last int64, limit int) ([]subscription.Event, error)
	claim        func(ctx context.Context, node string, now, until time.Time, limit int) ([]subscription.Claim, time.Time, error)
	finish       func(ctx context.Context, o subscription.Outcome) error
	prune        func(ctx context.Context, before time.Time, limit int) (int, error)

	begin func() (tx subscription.Tx, commit, rollback func() error)
}

func newOverride() *override {
	s := memory.New()
	return &override{
		Store: s, append: s.Append, acquire: s.Acquire, release: s.Release, readChanges: s.ReadChanges,
		commitEvents: s.CommitEvents, put: s.PutSubscription, get: s.GetSubscription, list: s.ListSubscriptions,
		delete: s.DeleteSubscription, readEvents: s.ReadEvents, claim: s.Claim, finish: s.Finish, prune: s.Prune,
		begin: func() (subscription.Tx, func() error, func() error) {
			tx := s.Begin()
			return tx, tx.Commit, tx.Rollback
		},
	}
}

func (o *override) Append(ctx context.Context, changes []change) error { return o.append(ctx, changes) }

func (o *override) Acquire(ctx context.Context, name, node string, now, until time.Time) (lease, error) {
	return o.acquire(ctx, name, node, now, until)
}

func (o *override) Release(ctx context.Context, node string) error { return o.release(ctx, node) }

func (o *override) ReadChanges(ctx context.Context, after int64, limit int) ([]change, error) {
	return o.readChanges(ctx, after, limit)
}

func (o *override) CommitEvents(ctx context.Context, l lease, c subscription.Commit) error {
	return o.commitEvents(ctx, l, c)
}

func (o *override) PutSubscription(ctx context.Context, r record, revision int64) (record, error) {
	return o.put(ctx, r, revision)
}

func (o *override) GetSubscription(ctx context.Context, tenant, id string) (record, error) {
	return o.get(ctx, tenant, id)
}

func (o *override) ListSubscriptions(ctx context.Context, q subscription.ListQuery) ([]record, error) {
	return o.list(ctx, q)
}

func (o *override) DeleteSubscription(ctx context.Context, tenant, id string, revision int64) error {
	return o.delete(ctx, tenant, id, revision)
}

func (o *override) ReadEvents(ctx context.Context, key, first, last int64, limit int) ([]subscription.Event, error) {
	return o.readEvents(ctx, key, first, last, limit)
}

func (o *override) Claim(ctx context.Context, node string, now, until time.Time, limit int) ([]subscription.Claim, time.Time, error) {
	return o.claim(ctx, node, now, until, limit)
}

func (o *override) Finish(ctx context.Context, out subscription.Outcome) error {
	return o.finish(ctx, out)
}

func (o *override) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	return o.prune(ctx, before, limit)
}
