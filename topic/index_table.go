package topic

import (
	"cmp"
	"math/bits"
	"slices"
	"sync/atomic"
)

// table is a set of postings whose keys are hashes. The first bits of a key lead to a
// leaf, so that looking one up takes the same few steps at any size. To readers it is
// what a tree is.
//
// A run of neighbours in the directory shares a leaf that has room for all of them.
// A full leaf is divided between the two halves of its run, and the directory is
// doubled when a run can't be halved: no single posting pays for all the others. It is
// not doubled for the sake of a few keys that lie close: their leaf grows instead.
//
// The zero table is empty.
type table struct {
	directory atomic.Pointer[[]atomic.Pointer[node]] // its length is a power of two
	count     int                                    // of postings; the writer's
}

// home returns where the directory has the key.
func home(directory []atomic.Pointer[node], key uint64) int {
	return int(key >> 1 >> (64 - bits.Len(uint(len(directory)))))
}

// at returns the directory, which is never empty then, and the key's place.
func (t *table) at(key uint64) (directory []atomic.Pointer[node], i int) {
	d := t.directory.Load()
	if d == nil {
		return nil, 0
	}
	return *d, home(*d, key)
}

func (t *table) add(p posting) {
	directory, i := t.at(p.key)
	if directory == nil {
		directory = t.double(nil)
	}
	n := directory[i].Load()
	if n == nil {
		n = new(node)
	}
	t.count++
	if n.isLeaf() && len(n.postings) >= maxShared && n.postings[0].key != n.greatest() {
		from, to := run(directory, i)
		if to-from == 1 && maxShared*len(directory) < t.count {
			directory = t.double(directory)
			from, to = 2*from, 2*to
		}
		if to-from > 1 {
			divide(directory, from, to, n.postings)
			i = home(directory, p.key)
			if n = directory[i].Load(); n == nil {
				n = new(node)
			}
		}
	}
	left, right := n.with(p)
	if right != nil { // many have that key
		left = newInner(subtree{node: left}, right.subtree())
	}
	share(directory, i, left)
}

// A leaf that a table can divide is divided when it has so many postings, of which
// each place of the directory has fewer on average: short ones are found by waiting
// for memory less often.
const maxShared = 12

func (t *table) remove(p posting) bool {
	directory, i := t.at(p.key)
	if directory == nil || directory[i].Load() == nil {
		return false
	}
	rest, ok := directory[i].Load().without(p)
	if ok {
		t.count--
		share(directory, i, rest.collapsed())
	}
	return ok
}

// run returns the neighbours that share the node at i.
func run(directory []atomic.Pointer[node], i int) (from, to int) {
	n := directory[i].Load()
	for from = i; from > 0 && directory[from-1].Load() == n; {
		from--
	}
	for to = i + 1; to < len(directory) && directory[to].Load() == n; {
		to++
	}
	return from, to
}

// share puts n in the place of the node at i.
func share(directory []atomic.Pointer[node], i int, n *node) {
	for from, to := run(directory, i); from < to; from++ {
		directory[from].Store(n)
	}
}

// divide gives each half of a run its own of the postings.
func divide(directory []atomic.Pointer[node], from, to int, all []posting) {
	middle := (from + to) / 2
	cut, _ := slices.BinarySearchFunc(all, middle, func(p posting, middle int) int {
		return cmp.Compare(home(directory, p.key), middle)
	})
	var first, second *node
	if cut > 0 {
		first = &node{postings: slices.Clone(all[:cut])}
	}
	if cut < len(all) {
		second = &node{postings: slices.Clone(all[cut:])}
	}
	for i := from; i < to; i++ {
		if i < middle {
			directory[i].Store(first)
		} else {
			directory[i].Store(second)
		}
	}
}

// double makes two of each place of the directory.
func (t *table) double(directory []atomic.Pointer[node]) []atomic.Pointer[node] {
	doubled := make([]atomic.Pointer[node], max(1, 2*len(directory)))
	for i := range directory {
		n := directory[i].Load()
		doubled[2*i].Store(n)
		doubled[2*i+1].Store(n)
	}
	t.directory.Store(&doubled)
	return doubled
}

// with calls yield with the postings of the key, until that returns false.
func (t *table) with(key uint64, yield func(posting) bool) {
	directory, i := t.at(key)
	if directory == nil {
		return
	}
	if n := directory[i].Load(); n != nil {
		n.ascend(limit{key: key}, func(p posting) bool { return p.key == key && yield(p) })
	}
}

// crowd tells roughly how many postings the key has.
func (t *table) crowd(key uint64) int {
	directory, i := t.at(key)
	if directory == nil {
		return 0
	}
	n := directory[i].Load()
	if n == nil {
		return 0
	}
	count, _ := n.count(limit{key: key}, limit{key, ^uint64(0)})
	return count
}
