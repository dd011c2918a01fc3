package topic

import (
	"hash/maphash"
	"slices"
	"sync/atomic"

	"github.com/carillon-fhir/carillon/topic/search"
)

// audience is the subscriptions with equal filters: most often a single one, but
// ten thousand without filters cost and take no more than their ids.
type audience struct {
	filters *Filters
	number  uint64 // its own
	first   int64  // the member that it was made for
	left    atomic.Bool
	members tree // the others, by memberKey
}

// compact is an audience with filters of the usual size in one piece of memory, which
// is less of it and, among a million, much faster to look at.
type compact struct {
	audience audience
	filters  Filters
	types    [1]typeFilters
	criteria [3]*search.Criterion
}

// newAudience returns an audience of one.
func newAudience(f *Filters, number uint64, id int64) *audience {
	if len(f.types) != 1 || len(f.types[0].criteria) > len(compact{}.criteria) {
		return &audience{filters: f, number: number, first: id}
	}
	c := &compact{filters: *f, types: [1]typeFilters(f.types)}
	n := copy(c.criteria[:], f.types[0].criteria)
	c.types[0].criteria = c.criteria[:n:n]
	c.filters.types = c.types[:]
	c.audience.filters, c.audience.number, c.audience.first = &c.filters, number, id
	return &c.audience
}

// order is the number that postings are ordered by.
func (a *audience) order() uint64 {
	if a == nil {
		return 0
	}
	return a.number
}

// memberKey keeps the order of ids.
func memberKey(id int64) uint64 { return uint64(id) ^ 1<<63 }

// without takes a member out and reports whether others remain.
func (a *audience) without(id int64) bool {
	if id == a.first && !a.left.Load() {
		a.left.Store(true)
	} else {
		a.members.remove(posting{key: memberKey(id)})
	}
	return !a.left.Load() || !a.members.empty()
}

// appendMembers appends the members' ids.
func (a *audience) appendMembers(dst []int64) []int64 {
	if !a.left.Load() {
		dst = append(dst, a.first)
	}
	a.members.ascend(0, func(p posting) bool {
		dst = append(dst, int64(p.key^1<<63))
		return true
	})
	return dst
}

// hash is the same for equal filters.
func (f *Filters) hash() uint64 {
	sum := uint64(len(f.types))
	for i := range f.types {
		sum = sum*31 + maphash.String(filtersSeed, f.types[i].resourceType)
		for _, c := range f.types[i].criteria {
			sum = sum*31 + c.Hash()
		}
	}
	return sum
}

var filtersSeed = maphash.MakeSeed()

// equal reports whether f and g are known to ask the same, in the same order. What
// tests of a FilterEvaluator ask is not known.
func (f *Filters) equal(g *Filters) bool {
	return f.base == g.base && slices.EqualFunc(f.types, g.types, func(a, b typeFilters) bool {
		return a.resourceType == b.resourceType && len(a.defined)+len(b.defined) == 0 &&
			slices.EqualFunc(a.criteria, b.criteria, (*search.Criterion).Equal)
	})
}
