package memory

import (
	"math"
	"math/rand/v2"
	"time"
)

// queue holds the keys of subscriptions in the order of a time, then of the key.
// It is a treap: adding, removing and finding cost the logarithm of its size.
type queue struct{ root *entry }

type entry struct {
	at          time.Time
	key         int64
	priority    uint64
	left, right *entry
}

// before reports whether e comes before the place of (at, key).
func (e *entry) before(at time.Time, key int64) bool {
	if c := e.at.Compare(at); c != 0 {
		return c < 0
	}
	return e.key < key
}

func (q *queue) add(at time.Time, key int64) {
	l, r := split(q.root, at, key)
	q.root = merge(merge(l, &entry{at: at, key: key, priority: rand.Uint64()}), r)
}

func (q *queue) remove(at time.Time, key int64) {
	l, r := split(q.root, at, key)
	_, r = split(r, at, key+1)
	q.root = merge(l, r)
}

// first returns the earliest entry, or nil.
func (q *queue) first() *entry {
	e := q.root
	for e != nil && e.left != nil {
		e = e.left
	}
	return e
}

// after returns the earliest entry later than at, or nil.
func (q *queue) after(at time.Time) *entry { return q.behind(at, math.MaxInt64) }

// behind returns the first entry behind the place of (at, key), or nil.
func (q *queue) behind(at time.Time, key int64) *entry {
	var found *entry
	for e := q.root; e != nil; {
		if e.before(at, key) || e.key == key && e.at.Equal(at) {
			e = e.right
		} else {
			found, e = e, e.left
		}
	}
	return found
}

// split cuts the tree e into what comes before (at, key) and the rest.
func split(e *entry, at time.Time, key int64) (l, r *entry) {
	if e == nil {
		return nil, nil
	}
	if e.before(at, key) {
		e.right, r = split(e.right, at, key)
		return e, r
	}
	l, e.left = split(e.left, at, key)
	return l, e
}

// merge joins two trees of which all of l comes before all of r.
func merge(l, r *entry) *entry {
	switch {
	case l == nil:
		return r
	case r == nil:
		return l
	case l.priority > r.priority:
		l.right = merge(l.right, r)
		return l
	}
	r.left = merge(l, r.left)
	return r
}
