package due

import (
	"math"
	"time"
)

// Queue holds what is due and what is claimed. The zero Queue is empty.
type Queue struct {
	nodes   []node        // nodes[0] is nobody's
	unused  ref           // nodes that are free, linked by left
	of      map[int64]ref // by key: the node of what is in a tree
	waiting ref           // root of what is due at some time and can be claimed then
	turns   map[string]*turn
	running ref             // root of the claims that have not run out
	works   map[int64]*work // by key: of what is claimed or held
	token   int64           // the last one given
}

// turn is what waits of one tenant; there is none that is empty.
type turn struct {
	tenant string
	root   ref
}

// work is what is known of a subscription that is claimed or held.
type work struct {
	tenant string
	due    int64  // none: it is not
	token  int64  // of its claim; 0: there is none
	node   string // who has claimed it
	until  int64  // end of the claim; none: it has run out, or there is none
	held   bool
}

// none is no time.
const none = math.MinInt64

func micros(t time.Time) int64 {
	if t.IsZero() {
		return none
	}
	return t.UnixMicro()
}

func timeOf(micros int64) time.Time {
	if micros == none {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

// Last returns the token that was given last.
func (q *Queue) Last() int64 { return q.token }

// Due returns when a subscription is due; the zero time: not at all.
func (q *Queue) Due(key int64) time.Time {
	if w := q.works[key]; w != nil {
		return timeOf(w.due)
	}
	if n := q.of[key]; n != 0 {
		return timeOf(q.nodes[n].at)
	}
	return time.Time{}
}

// Set says when a subscription is due; the zero time: not at all. Its claim stays.
func (q *Queue) Set(key int64, tenant string, at time.Time) {
	due := micros(at)
	if w := q.works[key]; w != nil {
		q.out(key, w)
		w.tenant, w.due = tenant, due
		q.in(key, w)
		return
	}
	if n := q.of[key]; n != 0 {
		if q.nodes[n].at == due {
			return
		}
		q.unlinkWaiting(n)
	}
	if due != none {
		q.linkWaiting(key, tenant, due)
	}
}

// Hasten makes a subscription that would be due later due at the given time.
func (q *Queue) Hasten(key int64, at time.Time) {
	if due := q.Due(key); due.After(at) {
		q.Set(key, q.tenant(key), at)
	}
}

func (q *Queue) tenant(key int64) string {
	if w := q.works[key]; w != nil {
		return w.tenant
	}
	return q.nodes[q.of[key]].turn.tenant
}

// Current reports whether token is a subscription's claim, and nobody holds it.
func (q *Queue) Current(key, token int64) bool {
	w := q.works[key]
	return w != nil && !w.held && w.token != 0 && w.token == token
}

// End ends a subscription's claim, if there is one.
func (q *Queue) End(key int64) {
	if w := q.works[key]; w != nil {
		q.out(key, w)
		w.token, w.node, w.until = 0, "", none
		q.in(key, w)
	}
}

// Return ends those of the claims that have not been ended.
func (q *Queue) Return(claims []Claim) {
	for _, c := range claims {
		if w := q.works[c.Key]; w != nil && w.token == c.Token {
			q.End(c.Key)
		}
	}
}

// Release ends every claim of a node.
func (q *Queue) Release(node string) {
	for key, w := range q.works {
		if w.token != 0 && w.node == node {
			q.End(key)
		}
	}
}

// Hold keeps a subscription from being claimed, and its claim from being current, until
// Resume is called.
func (q *Queue) Hold(key int64) {
	w := q.works[key]
	if w == nil {
		w = &work{due: none, until: none}
		if n := q.of[key]; n != 0 {
			w.tenant, w.due = q.nodes[n].turn.tenant, q.nodes[n].at
		}
		q.keep(key, w)
	}
	q.out(key, w)
	w.held = true
}

// Resume ends a Hold, if there is one.
func (q *Queue) Resume(key int64) {
	if w := q.works[key]; w != nil && w.held {
		w.held = false
		q.in(key, w)
	}
}

// Item is what Refill takes: a subscription that is due.
type Item struct {
	Key    int64
	Tenant string
	At     time.Time
}

// Refill forgets what is due when and takes all items instead, each of another key.
// Claims and holds stay. No token is given any more that is not above the given one.
func (q *Queue) Refill(items []Item, token int64) {
	works := q.works
	*q = Queue{token: max(q.token, token)}
	for _, w := range works {
		w.due = none
	}
	for _, i := range items {
		if w := works[i.Key]; w != nil {
			w.tenant, w.due = i.Tenant, micros(i.At)
		} else if !i.At.IsZero() {
			q.linkWaiting(i.Key, i.Tenant, micros(i.At))
		}
	}
	q.works = works
	for key, w := range works {
		q.in(key, w)
	}
}

func (q *Queue) keep(key int64, w *work) {
	if q.works == nil {
		q.works = make(map[int64]*work)
	}
	q.works[key] = w
}

// out takes a subscription out of its tree.
func (q *Queue) out(key int64, w *work) {
	switch n := q.of[key]; {
	case n == 0:
	case w.until != none:
		q.unlinkRunning(n)
	default:
		q.unlinkWaiting(n)
	}
}

// in puts it where it belongs now, and forgets what need not be known of it.
func (q *Queue) in(key int64, w *work) {
	switch {
	case w.held:
		return
	case w.until != none:
		q.linkRunning(key, w.until)
	case w.due != none:
		q.linkWaiting(key, w.tenant, w.due)
	}
	if w.token == 0 {
		delete(q.works, key)
	}
}
