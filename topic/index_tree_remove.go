package topic

import "slices"

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
	for n != nil && len(n.branches) == 1 {
		n = n.branches[0].child.Load()
	}
	return n
}

// without returns what stands in n's place when p is not in it; nil for nothing.
func (n *node) without(p posting) (rest *node, ok bool) {
	l := p.limit()
	if n.isLeaf() {
		i := n.find(l)
		if i == len(n.postings) || n.postings[i] != p {
			return n, false
		}
		if len(n.postings) == 1 {
			return nil, true
		}
		return &node{postings: drop(n.postings, i)}, true
	}
	i := n.branch(l)
	child, ok := n.branches[i].child.Load().without(p)
	switch {
	case !ok:
		return n, false
	case child == nil && len(n.branches) == 1:
		return nil, true
	case child == nil:
		return newInner(slices.Delete(n.subtrees(), i, i+1)...), true
	}
	n.branches[i].child.Store(child)
	for _, j := range [...]int{i, i - 1} {
		if j < 0 || j+1 == len(n.branches) {
			continue
		}
		if both := joined(n.branches[j].child.Load(), n.branches[j+1].child.Load()); both != nil {
			all := slices.Delete(n.subtrees(), j+1, j+2)
			all[j].node = both
			return newInner(all...), true
		}
	}
	return n, true
}

// joined makes one leaf of two that are nearly empty, so that what has shrunk also
// takes less room. It is nil where that is not so.
func joined(n, next *node) *node {
	if !n.isLeaf() || !next.isLeaf() || len(n.postings)+len(next.postings) > maxPostings/2 {
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
