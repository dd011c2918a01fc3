package topic

import (
	"context"
	"hash/maphash"
	"math"
	"slices"

	"github.com/carillon-fhir/carillon/topic/search"
)

// Filters that neither keys nor bounds find are listed by one of their criteria. Those
// that are listed by the same are found together, or not at all: a resource is asked
// about it once. Filters without criteria are listed under 0.

// listingKey is the same for criteria that ask the same of a server with that base.
func listingKey(c *search.Criterion, base string) uint64 {
	return max(1, c.Hash()*31+maphash.String(filtersSeed, base))
}

// listing returns the key that a, whose filters are f, is to be listed under: that of
// the criterion that most others are listed by, if possible of one that few resources
// meet.
func (t *typeIndex) listing(f *typeFilters, a *audience) (key uint64) {
	for _, negative := range [...]bool{false, true} {
		most := -1
		for i := range f.criteria {
			// Where none has others yet, any is taken. So one that they have in common is
			// taken before long, and then by all who come.
			c := f.criteria[(uint64(i)+a.number)%uint64(len(f.criteria))]
			if isNegative(c) != negative {
				continue
			}
			k := listingKey(c, a.filters.base)
			if others := t.listed(k, f.resourceType, c, a.filters.base); others > most {
				key, most = k, others
			}
		}
		if key != 0 {
			break
		}
	}
	return key
}

// listed tells roughly how many are listed by c, -1 if the key stands for another
// criterion by chance.
func (t *typeIndex) listed(key uint64, resourceType string, c *search.Criterion, base string) (count int) {
	t.rest.ascend(key, func(p posting) bool {
		switch {
		case p.key != key:
		case p.audience.filters.base == base && p.audience.listedBy(key, resourceType).Equal(c):
			count = t.rest.count(key, key)
		default:
			count = -1
		}
		return false
	})
	return count
}

// listedBy returns the criterion that the key stands for.
func (a *audience) listedBy(key uint64, resourceType string) *search.Criterion {
	for i := range a.filters.types {
		if f := &a.filters.types[i]; f.resourceType == resourceType {
			for _, c := range f.criteria {
				if len(f.criteria) == 1 || listingKey(c, a.filters.base) == key {
					return c
				}
			}
		}
	}
	return nil
}

// isNegative reports whether most resources are likely to meet the criterion.
func isNegative(c *search.Criterion) bool {
	return c.Modifier == "not" || c.Modifier == "not-in" || c.Modifier == "missing" || slices.Contains(c.Prefixes(), "ne")
}

// unlist undoes listing, under whatever key.
func (t *typeIndex) unlist(f *typeFilters, a *audience) {
	t.rest.remove(posting{0, a})
	for _, c := range f.criteria {
		t.rest.remove(posting{listingKey(c, a.filters.base), a})
	}
}

// findListed adds the audiences in rest, which is that of the focus type, but for those
// that are listed by a criterion that the resource does not meet. Who is listed alone
// is not asked before its time: it may have other filters, and these need no host.
func (s *finding) findListed(ctx context.Context, rest *tree, focus string) {
	var alone *audience // the first with its key
	key, meets := uint64(0), true
	visit := func(p posting) bool {
		switch {
		case p.key == 0:
			s.found = append(s.found, p.audience)
			return true
		case p.key != key:
			if alone != nil {
				s.found = append(s.found, alone)
			}
			key, alone = p.key, p.audience
			return true
		case alone != nil:
			meets = s.meets(ctx, alone, key, focus)
			if meets {
				s.found = append(s.found, alone)
			}
			alone = nil
		}
		if meets {
			s.found = append(s.found, p.audience)
		}
		return meets
	}
	rest.ascend(0, visit)
	for !meets && key < math.MaxUint64 { // beyond those that have been left out
		meets = true
		rest.ascend(key+1, visit)
	}
	if alone != nil {
		s.found = append(s.found, alone)
	}
}

// meets asks about the criterion that a is listed by. If the answer is unknown, so is
// whether the others need one: they are asked in turn.
func (s *finding) meets(ctx context.Context, a *audience, key uint64, focus string) bool {
	s.rebase(a.filters.base)
	ok, err := a.listedBy(key, focus).Test(ctx, &s.view)
	return ok || err != nil
}
