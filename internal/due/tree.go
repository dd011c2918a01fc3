package due

import (
	"math"
	"math/rand/v2"
)

// node is the place of a subscription in trees that are ordered by time, then by key:
// that of all, and if it waits, that of its tenant, too. They are treaps: adding,
// removing and finding cost the logarithm of their size. Nodes lie in one slice and
// refer to each other by number, because there may be a million of them.
type node struct {
	at, key     int64
	turn        *turn // nil: it is claimed
	priority    uint32
	left, right [trees]ref
}

// ref is the number of a node; 0: none.
type ref uint32

// tree says of which tree left and right are.
type tree int

const (
	all tree = iota
	tenants
	trees = iota
)

const lastKey = math.MaxInt64

func (q *Queue) newNode(key, at int64, of *turn) ref {
	if q.of == nil {
		q.of, q.turns, q.nodes = make(map[int64]ref), make(map[string]*turn), make([]node, 1)
	}
	n := q.unused
	if n == 0 {
		n = ref(len(q.nodes))
		q.nodes = append(q.nodes, node{})
	} else {
		q.unused = q.nodes[n].left[all]
	}
	q.nodes[n] = node{at: at, key: key, turn: of, priority: rand.Uint32()}
	q.of[key] = n
	return n
}

func (q *Queue) dropNode(n ref) {
	delete(q.of, q.nodes[n].key)
	q.nodes[n] = node{left: [trees]ref{q.unused}}
	q.unused = n
}

func (q *Queue) linkRunning(key, until int64) {
	q.running = q.insert(all, q.running, q.newNode(key, until, nil))
}

func (q *Queue) unlinkRunning(n ref) {
	q.running = q.remove(all, q.running, n)
	q.dropNode(n)
}

func (q *Queue) linkWaiting(key int64, tenant string, at int64) {
	own := q.turns[tenant]
	n := q.newNode(key, at, own)
	if own == nil {
		own = &turn{tenant: tenant}
		q.turns[tenant], q.nodes[n].turn = own, own
	}
	q.waiting = q.insert(all, q.waiting, n)
	own.root = q.insert(tenants, own.root, n)
}

func (q *Queue) unlinkWaiting(n ref) {
	own := q.nodes[n].turn
	q.waiting = q.remove(all, q.waiting, n)
	if own.root = q.remove(tenants, own.root, n); own.root == 0 {
		delete(q.turns, own.tenant)
	}
	q.dropNode(n)
}

// before reports whether a node comes before the place of (at, key).
func (q *Queue) before(n ref, at, key int64) bool {
	e := &q.nodes[n]
	return e.at < at || e.at == at && e.key < key
}

// insert adds n to the tree below root, and returns the root.
func (q *Queue) insert(t tree, root, n ref) ref {
	added := &q.nodes[n]
	switch {
	case root == 0:
		return n
	case added.priority > q.nodes[root].priority:
		added.left[t], added.right[t] = q.split(t, root, added.at, added.key)
		return n
	case q.before(root, added.at, added.key):
		q.nodes[root].right[t] = q.insert(t, q.nodes[root].right[t], n)
	default:
		q.nodes[root].left[t] = q.insert(t, q.nodes[root].left[t], n)
	}
	return root
}

// remove takes n out of the tree below root, and returns the root.
func (q *Queue) remove(t tree, root, n ref) ref {
	switch {
	case root == n:
		return q.merge(t, q.nodes[n].left[t], q.nodes[n].right[t])
	case q.before(root, q.nodes[n].at, q.nodes[n].key):
		q.nodes[root].right[t] = q.remove(t, q.nodes[root].right[t], n)
	default:
		q.nodes[root].left[t] = q.remove(t, q.nodes[root].left[t], n)
	}
	return root
}

// split cuts the tree below n into what comes before (at, key) and the rest.
func (q *Queue) split(t tree, n ref, at, key int64) (l, r ref) {
	if n == 0 {
		return 0, 0
	}
	e := &q.nodes[n]
	if q.before(n, at, key) {
		e.right[t], r = q.split(t, e.right[t], at, key)
		return n, r
	}
	l, e.left[t] = q.split(t, e.left[t], at, key)
	return l, n
}

// merge joins two trees of which all of l comes before all of r.
func (q *Queue) merge(t tree, l, r ref) ref {
	switch {
	case l == 0:
		return r
	case r == 0:
		return l
	case q.nodes[l].priority > q.nodes[r].priority:
		q.nodes[l].right[t] = q.merge(t, q.nodes[l].right[t], r)
		return l
	}
	q.nodes[r].left[t] = q.merge(t, l, q.nodes[r].left[t])
	return r
}

// first returns the earliest node below root, or none.
func (q *Queue) first(t tree, root ref) ref {
	for root != 0 && q.nodes[root].left[t] != 0 {
		root = q.nodes[root].left[t]
	}
	return root
}

// after returns the node that follows n below root, or none.
func (q *Queue) after(t tree, root, n ref) ref {
	return q.behind(t, root, q.nodes[n].at, q.nodes[n].key)
}

// behind returns the first node below root that is behind the place of (at, key).
func (q *Queue) behind(t tree, root ref, at, key int64) (found ref) {
	for n := root; n != 0; {
		if e := &q.nodes[n]; e.at < at || e.at == at && e.key <= key {
			n = e.right[t]
		} else {
			found, n = n, e.left[t]
		}
	}
	return found
}
