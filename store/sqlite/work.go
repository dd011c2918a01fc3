package sqlite

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"github.com/carillon-fhir/carillon/internal/due"
	"github.com/carillon-fhir/carillon/subscription"
)

// work is what is due and who has claimed it. A file belongs to one process, so nobody
// else need know: a claim writes nothing, and is gone with the process.
//
// What is due is what the file's column says, in the order of commits: each write changes
// both, the queue when it has committed. From before its commit until then, the
// subscriptions whose claims it ends are held, so that nobody claims the state before.
type work struct {
	mu       sync.Mutex
	queue    due.Queue
	filled   bool  // queue is what the file says
	reserved int64 // no token above it may be given
	claimed  map[int64]claimed
}

// claimed is what a subscription was like when it was claimed, but for what anyone may
// write meanwhile. Whatever else is written ends the claim: hence it is still so while
// the claim is current.
type claimed struct {
	tenant    string
	revision  int64
	updatedAt time.Time
	status    subscription.Status
	error     string
	spec      string
	count     int64 // at least
}

// tokens is how many are reserved at once: the file is written again when they have been
// given.
const tokens = 1 << 32

// fill reads what is due, if that is not known: when the store was opened, and after a
// commit of which nobody knows what came.
func (s *Store) fill(ctx context.Context, limit int) error {
	if s.work.ready(limit) {
		return nil
	}
	return s.write(ctx, func(tx *transaction) error {
		var last int64
		if _, err := tx.read(lastToken, nil, &last); err != nil {
			return err
		}
		reserved := s.work.reservedFor(limit)
		if reserved == 0 {
			reserved = last + tokens
			if err := tx.exec(reserveTokens, reserved); err != nil {
				return err
			}
		} else {
			last = 0
		}
		var items []due.Item
		err := each(context.Background(), tx.stmt(selectDue), nil, func(r row) error {
			var i due.Item
			var at sql.NullInt64
			err := r.Scan(&i.Key, &i.Tenant, &at)
			i.At = fromNullMicros(at)
			items = append(items, i)
			return err
		})
		if err == nil {
			tx.then(func() { s.work.refill(items, last, reserved) })
		}
		return err
	})
}

func (w *work) ready(limit int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.filled && w.queue.Last()+int64(limit) <= w.reserved
}

// reservedFor returns up to which token they are reserved; 0 if they don't suffice.
func (w *work) reservedFor(limit int) int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.queue.Last()+int64(limit) > w.reserved {
		return 0
	}
	return w.reserved
}

func (w *work) refill(items []due.Item, last, reserved int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue.Refill(items, last)
	w.filled, w.reserved = true, reserved
}

func (w *work) claim(node string, now, until time.Time, limit int) ([]due.Claim, time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.queue.Claim(node, now, until, limit)
}

// giveBack ends claims that nobody got.
func (w *work) giveBack(claims []due.Claim) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue.Return(claims)
}

// give returns those of the claims that hold after their subscriptions were read, and ends
// the others: they were written or deleted meanwhile.
func (w *work) give(picked []due.Claim, read map[int64]*subscription.Record) []subscription.Claim {
	w.mu.Lock()
	defer w.mu.Unlock()
	claims := make([]subscription.Claim, 0, len(picked))
	for _, p := range picked {
		r := read[p.Key]
		if r == nil || !w.queue.Current(p.Key, p.Token) {
			w.queue.Return([]due.Claim{p})
			continue
		}
		w.claimed[p.Key] = claimed{r.Tenant, r.Revision, r.UpdatedAt, r.Status, r.Error, string(r.Spec), r.Count}
		claims = append(claims, subscription.Claim{Record: *r, Token: p.Token})
	}
	return claims
}

// current reports whether a claim is current.
func (w *work) current(key, token int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.queue.Current(key, token)
}

// hold keeps a subscription from being claimed while it is written.
func (w *work) hold(key int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue.Hold(key)
}

// finish holds a subscription whose claim is current, and returns what it was like.
func (w *work) finish(key, token int64) (was claimed, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.queue.Current(key, token) {
		return claimed{}, false
	}
	w.queue.Hold(key)
	return w.claimed[key], true
}

// set ends a subscription's claim and says when it is due.
func (w *work) set(key int64, tenant string, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.claimed, key)
	w.queue.End(key)
	w.queue.Set(key, tenant, at)
}

// add says of subscriptions that they are due, whether they are claimed or not.
func (w *work) add(items []due.Item) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, i := range items {
		w.queue.Set(i.Key, i.Tenant, i.At)
	}
}

func (w *work) hasten(keys []int64, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, key := range keys {
		w.queue.Hasten(key, at)
	}
}

func (w *work) release(node string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue.Release(node)
}

// dueBy reports whether a subscription is due at a time already, as far as is known.
func (w *work) dueBy(key int64, at time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	known := w.queue.Due(key)
	return !known.IsZero() && !known.After(at)
}

// resume lets subscriptions that were held be claimed again. Nobody knows whether the
// claims of those that may have been written still hold: they end.
func (w *work) resume(held, written []int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, key := range written {
		w.queue.End(key)
	}
	for _, key := range held {
		w.queue.Resume(key)
	}
}

// doubt is called when nobody knows what came of a commit.
func (w *work) doubt() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.filled = false
}
