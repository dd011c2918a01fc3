package sweep

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/carillon-fhir/carillon/internal/faulty"
	"github.com/carillon-fhir/carillon/subscription"
)

// referee stands before the store, knows who has lease and claims, and counts what
// is asked by others. Calls that matter go one after the other, so that it is never
// in doubt.
type referee struct {
	subscription.Store

	mu       sync.Mutex
	newest   map[string]int64 // token of each lease
	claimed  map[int64]int64  // token of each claim
	stale    int              // CommitEvents and Finish by those who had lost theirs
	accepted int              // of these
	leader   string           // the node that acquired a lease last

	controls map[int64]subscription.Change // writes of Subscriptions that may be pruned, by position
}

func newReferee(s subscription.Store) *referee {
	return &referee{Store: s, newest: map[string]int64{}, claimed: map[int64]int64{}, controls: map[int64]subscription.Change{}}
}

// handle is the referee as an engine must see it, with all that the store offers.
func (r *referee) handle() subscription.Store {
	hints, _ := r.Store.(faulty.Hints)
	shards, _ := r.Store.(faulty.Sharding)
	return faulty.Extend(r, hints, shards)
}

// succeeded returns a referee of the same store after it was opened again.
func (r *referee) succeeded(s subscription.Store) *referee {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := newReferee(s)
	maps.Copy(next.newest, r.newest)
	maps.Copy(next.claimed, r.claimed)
	maps.Copy(next.controls, r.controls)
	return next
}

func (r *referee) Acquire(ctx context.Context, name, node string, now, until time.Time) (subscription.Lease, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l, err := r.Store.Acquire(ctx, name, node, now, until)
	if err == nil {
		r.newest[name], r.leader = l.Token, node
	}
	return l, err
}

func (r *referee) CommitEvents(ctx context.Context, l subscription.Lease, c subscription.Commit) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.Store.CommitEvents(ctx, l, c)
	r.count(l.Token != r.newest[l.Name], err)
	return err
}

func (r *referee) Claim(ctx context.Context, node string, now, until time.Time, limit int) ([]subscription.Claim, time.Time, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	claims, next, err := r.Store.Claim(ctx, node, now, until, limit)
	for _, c := range claims {
		r.claimed[c.Key] = c.Token
	}
	return claims, next, err
}

func (r *referee) Finish(ctx context.Context, o subscription.Outcome) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.Store.Finish(ctx, o)
	r.count(o.Token != r.claimed[o.Key], err)
	return err
}

// Prune remembers what the judge needs. Nothing is sequenced meanwhile, so nothing is
// pruned that was not seen.
func (r *referee) Prune(ctx context.Context, before, now time.Time, limit int) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	all, err := wholeLog(ctx, r.Store)
	if err != nil {
		return 0, err
	}
	for _, c := range all {
		if c.Subscription != 0 {
			r.controls[c.Position] = c
		}
	}
	return r.Store.Prune(ctx, before, now, limit)
}

func (r *referee) count(stale bool, err error) {
	if !stale {
		return
	}
	r.stale++
	if err == nil {
		r.accepted++
	}
}
