package topic

import (
	"slices"
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

// node is a leaf, or has branches. Its slices have no spare room: that keeps a million
// subscriptions small, and adding copies the leaf anyway.
//
// Most of the time that a large tree takes is waiting for memory. So a limit lies
// beside its child, and they are gone through in turn, which lets the next ones arrive
// while the first are looked at.
type node struct {
	postings []posting // of a leaf
	branches []branch
}

type branch struct {
	limit // the least that the child may hold; that of the first is not looked at
	child atomic.Pointer[node]
}

// subtree is a branch outside of a tree.
type subtree struct {
	limit
	*node
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

func (n *node) isLeaf() bool { return n.branches == nil }

// find returns the place of the first posting of a leaf that is not before l.
func (n *node) find(l limit) int {
	for i := range n.postings {
		p := &n.postings[i]
		if p.key > l.key || p.key == l.key && p.audience.order() >= l.number {
			return i
		}
	}
	return len(n.postings)
}

// branch returns the place of the child that l is in, if any is.
func (n *node) branch(l limit) int {
	for i := 1; i < len(n.branches); i++ {
		if l.before(n.branches[i].limit) {
			return i - 1
		}
	}
	return len(n.branches) - 1
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
		left = newInner(subtree{node: left}, right.subtree())
	}
	t.root.Store(left)
}

// with returns what stands in n's place when p is in it: a node, or two.
func (n *node) with(p posting) (left, right *node) {
	l := p.limit()
	if n.isLeaf() {
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
	i := n.branch(l)
	child, next := n.branches[i].child.Load().with(p)
	if next == nil {
		n.branches[i].child.Store(child)
		return n, nil
	}
	all := n.subtrees()
	all[i].node = child
	all = slices.Insert(all, i+1, next.subtree())
	if len(all) <= maxChildren {
		return newInner(all...), nil
	}
	half := len(all) / 2
	return newInner(all[:half]...), newInner(all[half:]...)
}

func newInner(all ...subtree) *node {
	n := &node{branches: make([]branch, len(all))}
	for i, s := range all {
		n.branches[i].limit = s.limit
		n.branches[i].child.Store(s.node)
	}
	return n
}

// subtrees returns n's children.
func (n *node) subtrees() []subtree {
	all := make([]subtree, len(n.branches), len(n.branches)+1)
	for i := range all {
		all[i] = subtree{n.branches[i].limit, n.branches[i].child.Load()}
	}
	return all
}

// subtree returns n with the limit that it has in its parent.
func (n *node) subtree() subtree {
	if n.isLeaf() {
		return subtree{n.postings[0].limit(), n}
	}
	return subtree{n.branches[0].limit, n}
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

// ascend calls yield with the postings from key on, until that returns false.
func (t *tree) ascend(key uint64, yield func(posting) bool) {
	if root := t.root.Load(); root != nil {
		root.ascend(limit{key: key}, yield)
	}
}

func (n *node) ascend(from limit, yield func(posting) bool) bool {
	if n.isLeaf() {
		for _, p := range n.postings[n.find(from):] {
			if !yield(p) {
				return false
			}
		}
		return true
	}
	for i := n.branch(from); i < len(n.branches); i++ {
		if !n.branches[i].child.Load().ascend(from, yield) {
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
	if n.isLeaf() {
		return n.find(last) - n.find(first), maxPostings * 3 / 4
	}
	i, j := n.branch(first), n.branch(last)
	count, whole = n.branches[i].child.Load().count(first, last)
	if i < j {
		more, _ := n.branches[j].child.Load().count(first, last)
		count += more + (j-i-1)*whole
	}
	return count, whole * maxChildren * 3 / 4
}
