package subscription

import (
	"context"
	"errors"
	"time"
)

// Sealer encrypts a Subscription before it is stored, with a key that the host keeps
// elsewhere. What the sequencer works with stays readable beside it: topic, filters,
// content level, type of channel and owner; no endpoint and no header.
// Methods may be called at the same time, for every Subscription that is read: they
// should not leave the process.
type Sealer interface {
	// Seal encrypts. An error refuses the write that the Subscription is part of.
	Seal(ctx context.Context, plain []byte) (sealed []byte, err error)
	// Open is the inverse, for whatever Seal has made with any key that may still be in the
	// store. Neither keeps nor changes its argument; no error holds any of it.
	Open(ctx context.Context, sealed []byte) (plain []byte, err error)
}

// sealingStore seals resources of Subscriptions on their way into a store. What the
// sequencer must know of one, its Spec, holds no headers then; see specOf.
//
// Failure policy: one that can't be opened has no Resource. It waits, and so do its
// events, until it can be. It can still be deleted or written anew, and $status tells of
// it; a search, which can't tell whether it would find it, fails.
type sealingStore struct {
	Store
	sealer Sealer
}

var errUnsealed = errors.New("subscription: Sealer failed")

func (s sealingStore) PutSubscription(ctx context.Context, r Record, revision int64) (Record, error) {
	plain := r.Resource
	if len(plain) == 0 {
		return Record{}, errUnsealed // it was not opened, and must not be overwritten
	}
	sealed, err := s.sealer.Seal(ctx, plain)
	if err != nil {
		return Record{}, errUnsealed // its own text may hold what it should hide
	}
	r.Resource = sealed
	r, err = s.Store.PutSubscription(ctx, r, revision)
	r.Resource = plain
	return r, err
}

func (s sealingStore) GetSubscription(ctx context.Context, tenant, id string) (Record, error) {
	r, err := s.Store.GetSubscription(ctx, tenant, id)
	if err == nil {
		s.open(ctx, &r)
	}
	return r, err
}

func (s sealingStore) ListSubscriptions(ctx context.Context, q ListQuery) ([]Record, error) {
	list, err := s.Store.ListSubscriptions(ctx, q)
	for i := range list {
		if q.Sequenced { // who asks so needs no Resource, and the store may have left it out
			list[i].Resource = nil
		} else {
			s.open(ctx, &list[i])
		}
	}
	return list, err
}

func (s sealingStore) Claim(ctx context.Context, node string, now, until time.Time, limit int) ([]Claim, time.Time, error) {
	claims, next, err := s.Store.Claim(ctx, node, now, until, limit)
	for i := range claims {
		s.open(ctx, &claims[i].Record)
	}
	return claims, next, err
}

func (s sealingStore) open(ctx context.Context, r *Record) {
	plain, err := s.sealer.Open(ctx, r.Resource)
	if err != nil {
		plain = nil
	}
	r.Resource = plain
}
