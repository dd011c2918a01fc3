package faulty

import (
	"context"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

// Store returns s as the process sees it. It is a subscription.Waker and a
// subscription.Sharded if s is.
func (p *Process) Store(s subscription.Store) subscription.Store {
	var hints Hints
	var shards Sharding
	if w, ok := s.(Hints); ok {
		hints = waker{p, w}
	}
	if sh, ok := s.(Sharding); ok {
		shards = sharded{p, sh}
	}
	return Extend(&store{tx{p, s}, s}, hints, shards)
}

// Hints is what a subscription.Waker has beside a Store.
type Hints interface {
	Wake(ctx context.Context, node string, w subscription.Work) error
	Listen(ctx context.Context, node string, f func(subscription.Work)) error
}

// Sharding is what a subscription.Sharded has beside a Store.
type Sharding interface {
	Shards(ctx context.Context) (int, error)
}

// Extend returns s with what else its store offers; nil is not offered. Who wraps a
// store in a struct would either hide that, or offer it for every store.
func Extend(s subscription.Store, h Hints, sh Sharding) subscription.Store {
	switch {
	case h != nil && sh != nil:
		return struct {
			subscription.Store
			Hints
			Sharding
		}{s, h, sh}
	case h != nil:
		return struct {
			subscription.Store
			Hints
		}{s, h}
	case sh != nil:
		return struct {
			subscription.Store
			Sharding
		}{s, sh}
	}
	return s
}

// Tx returns a transaction of the host as the process sees it.
func (p *Process) Tx(t subscription.Tx) subscription.Tx { return &tx{p, t} }

type tx struct {
	process *Process
	tx      subscription.Tx
}

func (t *tx) Append(ctx context.Context, changes []subscription.Change) error {
	return t.process.Do(ctx, "Append", func(ctx context.Context) error { return t.tx.Append(ctx, changes) })
}

type store struct {
	tx
	of subscription.Store
}

// answer is call for a method with a result, which a fault takes away.
func answer[T any](ctx context.Context, p *Process, method string, effect func(ctx context.Context) (T, error)) (result T, err error) {
	err = p.Do(ctx, method, func(ctx context.Context) (err error) {
		result, err = effect(ctx)
		return err
	})
	if err != nil {
		result = *new(T)
	}
	return result, err
}

func (s *store) Acquire(ctx context.Context, name, node string, now, until time.Time) (subscription.Lease, error) {
	return answer(ctx, s.process, "Acquire", func(ctx context.Context) (subscription.Lease, error) {
		return s.of.Acquire(ctx, name, node, now, until)
	})
}

func (s *store) Release(ctx context.Context, node string) error {
	return s.process.Do(ctx, "Release", func(ctx context.Context) error { return s.of.Release(ctx, node) })
}

func (s *store) ReadChanges(ctx context.Context, after int64, limit int) ([]subscription.Change, error) {
	return answer(ctx, s.process, "ReadChanges", func(ctx context.Context) ([]subscription.Change, error) {
		return s.of.ReadChanges(ctx, after, limit)
	})
}

func (s *store) CommitEvents(ctx context.Context, l subscription.Lease, c subscription.Commit) error {
	return s.process.Do(ctx, "CommitEvents", func(ctx context.Context) error { return s.of.CommitEvents(ctx, l, c) })
}

func (s *store) PutSubscription(ctx context.Context, r subscription.Record, revision int64) (subscription.Record, error) {
	return answer(ctx, s.process, "PutSubscription", func(ctx context.Context) (subscription.Record, error) {
		return s.of.PutSubscription(ctx, r, revision)
	})
}

func (s *store) GetSubscription(ctx context.Context, tenant, id string) (subscription.Record, error) {
	return answer(ctx, s.process, "GetSubscription", func(ctx context.Context) (subscription.Record, error) {
		return s.of.GetSubscription(ctx, tenant, id)
	})
}

func (s *store) ListSubscriptions(ctx context.Context, q subscription.ListQuery) ([]subscription.Record, error) {
	return answer(ctx, s.process, "ListSubscriptions", func(ctx context.Context) ([]subscription.Record, error) {
		return s.of.ListSubscriptions(ctx, q)
	})
}

func (s *store) DeleteSubscription(ctx context.Context, tenant, id string, revision int64) error {
	return s.process.Do(ctx, "DeleteSubscription", func(ctx context.Context) error {
		return s.of.DeleteSubscription(ctx, tenant, id, revision)
	})
}

func (s *store) ReadEvents(ctx context.Context, key, first, last int64, limit int) ([]subscription.Event, error) {
	return answer(ctx, s.process, "ReadEvents", func(ctx context.Context) ([]subscription.Event, error) {
		return s.of.ReadEvents(ctx, key, first, last, limit)
	})
}

func (s *store) Claim(ctx context.Context, node string, now, until time.Time, limit int) (claims []subscription.Claim, next time.Time, err error) {
	err = s.process.Do(ctx, "Claim", func(ctx context.Context) (err error) {
		claims, next, err = s.of.Claim(ctx, node, now, until, limit)
		return err
	})
	if err != nil {
		claims, next = nil, time.Time{}
	}
	return claims, next, err
}

func (s *store) Finish(ctx context.Context, o subscription.Outcome) error {
	return s.process.Do(ctx, "Finish", func(ctx context.Context) error { return s.of.Finish(ctx, o) })
}

func (s *store) Hasten(ctx context.Context, keys []int64, at time.Time) error {
	return s.process.Do(ctx, "Hasten", func(ctx context.Context) error { return s.of.Hasten(ctx, keys, at) })
}

func (s *store) CountSubscriptions(ctx context.Context, tenant, owner string, limit int) (int, error) {
	return answer(ctx, s.process, "CountSubscriptions", func(ctx context.Context) (int, error) {
		return s.of.CountSubscriptions(ctx, tenant, owner, limit)
	})
}

func (s *store) Positions(ctx context.Context, keys []int64) ([]subscription.Position, error) {
	return answer(ctx, s.process, "Positions", func(ctx context.Context) ([]subscription.Position, error) {
		return s.of.Positions(ctx, keys)
	})
}

func (s *store) Advance(ctx context.Context, progress []subscription.Progress) error {
	return s.process.Do(ctx, "Advance", func(ctx context.Context) error { return s.of.Advance(ctx, progress) })
}

func (s *store) PutToken(ctx context.Context, t subscription.Token) error {
	return s.process.Do(ctx, "PutToken", func(ctx context.Context) error { return s.of.PutToken(ctx, t) })
}

func (s *store) TakeToken(ctx context.Context, tenant, hash string, now time.Time) (subscription.Token, error) {
	return answer(ctx, s.process, "TakeToken", func(ctx context.Context) (subscription.Token, error) {
		return s.of.TakeToken(ctx, tenant, hash, now)
	})
}

func (s *store) CountTokens(ctx context.Context, tenant, owner string, now time.Time, limit int) (int, error) {
	return answer(ctx, s.process, "CountTokens", func(ctx context.Context) (int, error) {
		return s.of.CountTokens(ctx, tenant, owner, now, limit)
	})
}

func (s *store) Prune(ctx context.Context, before, now time.Time, limit int) (int, error) {
	return answer(ctx, s.process, "Prune", func(ctx context.Context) (int, error) {
		return s.of.Prune(ctx, before, now, limit)
	})
}

type waker struct {
	process *Process
	of      Hints
}

func (w waker) Wake(ctx context.Context, node string, kind subscription.Work) error {
	return w.process.Do(ctx, "Wake", func(ctx context.Context) error { return w.of.Wake(ctx, node, kind) })
}

func (w waker) Listen(ctx context.Context, node string, f func(subscription.Work)) error {
	return w.process.Do(ctx, "Listen", func(context.Context) error { // it lasts, so a pause must not outlive ctx
		ctx, cancel := w.process.alive(ctx)
		defer cancel()
		return w.of.Listen(ctx, node, f)
	})
}

type sharded struct {
	process *Process
	of      Sharding
}

func (s sharded) Shards(ctx context.Context) (int, error) {
	return answer(ctx, s.process, "Shards", s.of.Shards)
}
