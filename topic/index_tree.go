package topic

import (
	"slices"
	"sort"
	"sync/atomic"
)

// tree is an ordered set of postings. One goroutine at a time may change it, while
// any number read it and never wait: what readers can reach is never changed but
// for the pointers to children, and a node is complete before one points to it.
// Whoever reads sees each posting that was there all the while.
//
// The zero tree is empty.
type tree struct{ root atomic.Pointer[node] }

// posting says that audience is found by key. Postings are in the order of their
// keys, then of their audiences' numbers.
type posting struct {
	key      uint64
	audience *audience // nil where the key says it all
}

// node is a leaf, or has children. Its slices have no spare room: that keeps a
// million subscriptions small, and adding copies the leaf anyway.
type node struct {
	postings []posting // of a leaf
	inner    *inner
}

type inner struct {
	limits   []limit // the least that each child may hold; that of the first is not looked at
	children []atomic.Pointer[node]
}

// limit is a posting without what it leads to, which must not be kept alive.
type limit struct{ key, number uint64 }

// Nodes are cut in two when they have more. Small leaves make for cheap copies,
// wide inner nodes for few steps.
const (
	maxPostings = 32
	maxChildren = 64
)

func (t *tree) empty() bool { return t.root.Load() == nil }

func (p posting) limit() limit { return limit{p.key, p.audience.order()} }

func (l limit) before(m limit) bool {
	return l.key < m.key || l.key == m.key && l.number < m.number
}

// find returns the place of the first posting of a leaf that is not before l.
func (n *node) find(l limit) int {
	return sort.Search(len(n.postings), func(i int) bool {
		p := &n.postings[i]
		return p.key > l.key || p.key == l.key && p.audience.order() >= l.number
	})
}

// find returns the child that l is in, if any is.
func (in *inner) find(l limit) int {
	return sort.Search(len(in.limits)-1, func(i int) bool { return l.before(in.limits[i+1]) })
}

// add puts p in. It does nothing if p is there.
func (t *tree) add(p posting) {
	root := t.root.Load()
	if root == nil {
		t.root.Store(&node{postings: []posting{p}})
		return
	}
	left, right := root.with(p)
	if right != nil {
		left = newInner([]limit{{}, right.least()}, []*node{left, right})
	}
	t.root.Store(left)
}

// with returns what stands in n's place when p is in it: a node, or two.
func (n *node) with(p posting) (left, right *node) {
	l := p.limit()
	if n.inner == nil {
		i := n.find(l)
		if i < len(n.postings) && n.postings[i] == p {
			return n, nil
		}
		if len(n.postings) < maxPostings {
			return &node{postings: insert(n.postings, i, p)}, nil
		}
		if i == len(n.postings) { // such as ids that count up: leave no half-empty leaves behind
			return n, &node{postings: []posting{p}}
		}
		all := insert(n.postings, i, p)
		return &node{postings: slices.Clone(all[:len(all)/2])}, &node{postings: slices.Clone(all[len(all)/2:])}
	}
	in := n.inner
	i := in.find(l)
	child, next := in.children[i].Load().with(p)
	if next == nil {
		in.children[i].Store(child)
		return n, nil
	}
	children := in.nodes()
	children[i] = child
	return split(insert(in.limits, i+1, next.least()), slices.Insert(children, i+1, next))
}

// split makes inner nodes of the children, two if there are many.
func split(limits []limit, children []*node) (left, right *node) {
	if len(children) <= maxChildren {
		return newInner(limits, children), nil
	}
	half := len(children) / 2
	return newInner(slices.Clone(limits[:half]), children[:half]), newInner(slices.Clone(limits[half:]), children[half:])
}

func newInner(limits []limit, children []*node) *node {
	in := &inner{limits, make([]atomic.Pointer[node], len(children))}
	for i, child := range children {
		in.children[i].Store(child)
	}
	return &node{inner: in}
}

func (in *inner) nodes() []*node {
	nodes := make([]*node, len(in.children), len(in.children)+1)
	for i := range nodes {
		nodes[i] = in.children[i].Load()
	}
	return nodes
}

// least is the limit that n has in its parent.
func (n *node) least() limit {
	if n.inner != nil {
		return n.inner.limits[0]
	}
	return n.postings[0].limit()
}

// greatest returns the last key of a leaf.
func (n *node) greatest() uint64 { return n.postings[len(n.postings)-1].key }

// insert returns a copy of s with v at i, without spare room.
func insert[T any](s []T, i int, v T) []T {
	grown := make([]T, len(s)+1)
	copy(grown, s[:i])
	grown[i] = v
	copy(grown[i+1:], s[i:])
	return grown
}

// remove takes p out and reports whether it was there.
func (t *tree) remove(p posting) bool {
	root := t.root.Load()
	if root == nil {
		return false
	}
	rest, ok := root.without(p)
	if ok {
		t.root.Store(rest.collapsed())
	}
	return ok
}

// collapsed returns the only child where there is but one.
func (n *node) collapsed() *node {
	for n != nil && n.inner != nil && len(n.inner.children) == 1 {
		n = n.inner.children[0].Load()
	}
	return n
}

// without returns what stands in n's place when p is not in it; nil for nothing.
func (n *node) without(p posting) (rest *node, ok bool) {
	l := p.limit()
	if n.inner == nil {
		i := n.find(l)
		if i == len(n.postings) || n.postings[i] != p {
			return n, false
		}
		if len(n.postings) == 1 {
			return nil, true
		}
		return &node{postings: drop(n.postings, i)}, true
	}
	in := n.inner
	i := in.find(l)
	child, ok := in.children[i].Load().without(p)
	switch {
	case !ok:
		return n, false
	case child == nil && len(in.children) == 1:
		return nil, true
	case child == nil:
		return newInner(drop(in.limits, i), slices.Delete(in.nodes(), i, i+1)), true
	}
	in.children[i].Store(child)
	for _, j := range [...]int{i, i - 1} {
		if j < 0 || j+1 == len(in.children) {
			continue
		}
		if both := joined(in.children[j].Load(), in.children[j+1].Load()); both != nil {
			children := slices.Delete(in.nodes(), j+1, j+2)
			children[j] = both
			return newInner(drop(in.limits, j+1), children), true
		}
	}
	return n, true
}

// joined makes one leaf of two that are nearly empty, so that what has shrunk also
// takes less room. It is nil where that is not so.
func joined(n, next *node) *node {
	if n.inner != nil || next.inner != nil || len(n.postings)+len(next.postings) > maxPostings/2 {
		return nil
	}
	return &node{postings: slices.Concat(n.postings, next.postings)}
}

// drop returns a copy of s without what is at i.
func drop[T any](s []T, i int) []T {
	rest := make([]T, len(s)-1)
	copy(rest, s[:i])
	copy(rest[i:], s[i+1:])
	return rest
}

// ascend calls yield with the postings from key on, until that returns false.
func (t *tree) ascend(key uint64, yield func(posting) bool) {
	if root := t.root.Load(); root != nil {
		root.ascend(limit{key: key}, yield)
	}
}

func (n *node) ascend(from limit, yield func(posting) bool) bool {
	if n.inner == nil {
		for _, p := range n.postings[n.find(from):] {
			if !yield(p) {
				return false
			}
		}
		return true
	}
	for i := n.inner.find(from); i < len(n.inner.children); i++ {
		if !n.inner.children[i].Load().ascend(from, yield) {
			return false
		}
	}
	return true
}

// count tells roughly how many postings have a key from first to last. It looks at
// two paths down the tree only, and takes what lies between for average.
func (t *tree) count(first, last uint64) int {
	root := t.root.Load()
	if root == nil {
		return 0
	}
	n, _ := root.count(limit{key: first}, limit{last, ^uint64(0)})
	return n
}

// count also returns how many postings a node of n's height has.
func (n *node) count(first, last limit) (count, whole int) {
	if n.inner == nil {
		return n.find(last) - n.find(first), maxPostings * 3 / 4
	}
	i, j := n.inner.find(first), n.inner.find(last)
	count, whole = n.inner.children[i].Load().count(first, last)
	if i < j {
		more, _ := n.inner.children[j].Load().count(first, last)
		count += more + (j-i-1)*whole
	}
	return count, whole * maxChildren * 3 / 4
}
