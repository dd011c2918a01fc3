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

// override is a handle of a store that several processes share, of which some methods
// are replaced. What a memory.Store can't do is done by a hub.
type override struct {
	*memory.Store
	hub *hub

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
	hasten       func(ctx context.Context, keys []int64, at time.Time) error
	count        func(ctx context.Context, tenant, owner string, limit int) (int, error)
	positions    func(ctx context.Context, keys []int64) ([]subscription.Position, error)
	advance      func(ctx context.Context, progress []subscription.Progress) error
	putToken     func(ctx context.Context, t subscription.Token) error
	takeToken    func(ctx context.Context, tenant, hash string, now time.Time) (subscription.Token, error)
	countTokens  func(ctx context.Context, tenant, owner string, now time.Time, limit int) (int, error)
	prune        func(ctx context.Context, before, now time.Time, limit int) (int, error)
	wake         func(ctx context.Context, node string, w subscription.Work) error
	listen       func(ctx context.Context, node string, f func(subscription.Work)) error
	shards       func(ctx context.Context) (int, error)
	now          func(ctx context.Context) (time.Time, error)
	backlog      func(ctx context.Context) (subscription.Backlog, error)

	crash      func() // its process is killed; the store goes on
	reshard    func(n int)
	another    func() *override
	disconnect func()
	begin      func() (tx subscription.Tx, commit, rollback func() error)
}

func newOverride() *override {
	s := memory.New()
	return newHandle(s, newHub(s))
}

func newHandle(s *memory.Store, h *hub) *override {
	o := &override{
		Store: s, hub: h, append: s.Append, acquire: h.acquire, release: s.Release, readChanges: s.ReadChanges,
		commitEvents: h.commitEvents, put: s.PutSubscription, get: s.GetSubscription, list: h.list,
		delete: s.DeleteSubscription, readEvents: s.ReadEvents, claim: s.Claim, finish: s.Finish, hasten: s.Hasten, prune: s.Prune,
		count: s.CountSubscriptions, positions: s.Positions, advance: s.Advance, putToken: s.PutToken, countTokens: s.CountTokens, takeToken: s.TakeToken,
		wake: h.wake, listen: h.listen, shards: h.shards, now: func(context.Context) (time.Time, error) { return time.Now(), nil }, backlog: s.Backlog, crash: func() {}, reshard: h.reshard, disconnect: h.disconnect,
		begin: func() (subscription.Tx, func() error, func() error) {
			tx := s.Begin()
			return tx, tx.Commit, tx.Rollback
		},
	}
	o.another = func() *override { return newHandle(s, h) }
	return o
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

func (o *override) Hasten(ctx context.Context, keys []int64, at time.Time) error {
	return o.hasten(ctx, keys, at)
}

func (o *override) CountSubscriptions(ctx context.Context, tenant, owner string, limit int) (int, error) {
	return o.count(ctx, tenant, owner, limit)
}

func (o *override) Positions(ctx context.Context, keys []int64) ([]subscription.Position, error) {
	return o.positions(ctx, keys)
}

func (o *override) Advance(ctx context.Context, progress []subscription.Progress) error {
	return o.advance(ctx, progress)
}

func (o *override) PutToken(ctx context.Context, t subscription.Token) error {
	return o.putToken(ctx, t)
}

func (o *override) TakeToken(ctx context.Context, tenant, hash string, now time.Time) (subscription.Token, error) {
	return o.takeToken(ctx, tenant, hash, now)
}

func (o *override) CountTokens(ctx context.Context, tenant, owner string, now time.Time, limit int) (int, error) {
	return o.countTokens(ctx, tenant, owner, now, limit)
}

func (o *override) Wake(ctx context.Context, node string, w subscription.Work) error {
	return o.wake(ctx, node, w)
}

func (o *override) Listen(ctx context.Context, node string, f func(subscription.Work)) error {
	return o.listen(ctx, node, f)
}

func (o *override) Shards(ctx context.Context) (int, error) { return o.shards(ctx) }

func (o *override) Now(ctx context.Context) (time.Time, error) { return o.now(ctx) }

func (o *override) Backlog(ctx context.Context) (subscription.Backlog, error) { return o.backlog(ctx) }

func (o *override) Prune(ctx context.Context, before, now time.Time, limit int) (int, error) {
	return o.prune(ctx, before, now, limit)
}
