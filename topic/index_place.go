package topic

import (
	"maps"
	"slices"
	"sync/atomic"

	"github.com/carillon-fhir/carillon/topic/search"
)

// place is a way to find the filters of one focus type: keys in a parameter's tables,
// or in a scale's ranges, any of which a matching resource leads to.
type place struct {
	like   *search.Criterion
	ranges bool
	keys   []uint64
}

// places lists all ways. They depend on nothing but the filters.
func (t *typeFilters) places() (all []place) {
	for _, c := range t.criteria {
		if keys, ok := c.Keys(); ok {
			all = append(all, place{c, false, keys})
		} else if bounds, ok := t.bounds(c); ok {
			all = append(all, place{c, true, rangeKeys(bounds)})
		}
	}
	return all
}

// bounds are those of c, narrowed by the other filters on the same scale: from
// ge2026-01 and lt2026-02 one range becomes. A resource with several dates, which
// may meet each filter by another of them, overlaps the narrow range all the same.
func (t *typeFilters) bounds(c *search.Criterion) ([]search.Bounds, bool) {
	bounds, ok := c.Bounds()
	if !ok || len(bounds) > 1 {
		return bounds, ok
	}
	for _, d := range t.criteria {
		others, ok := d.Bounds()
		if !ok || len(others) > 1 || !c.SameScale(d) {
			continue
		}
		both := search.Bounds{Low: max(bounds[0].Low, others[0].Low), High: min(bounds[0].High, others[0].High)}
		if both.Low <= both.High {
			bounds[0] = both
		}
	}
	return bounds, true
}

// maxScales bounds what each resource is measured on, as subscribers are free to
// think of units. Who comes later is asked one by one.
const maxScales = 64

// cost tells how many others are likely to be found together with the audience at
// that place. A code is counted more than once, as far more resources have it than
// are about a patient; the number of those who ask for it shows only half of that.
func (t *typeIndex) cost(p place) int {
	n := 1
	if p.ranges {
		if s := t.scale(p.like); s != nil {
			for _, key := range p.keys {
				n += s.crowd(key)
			}
		}
		return n * 64
	}
	if parameter := t.parameter(p.like); parameter != nil {
		for _, key := range p.keys {
			n += parameter.tables[key%search.Forms].crowd(key)
		}
	}
	switch about := p.like.Parameter(); {
	case about.Kind == search.KindReference || about.Code == "_id" || about.Code == "identifier":
		return n
	case about.Kind == search.KindToken:
		return n * 16
	}
	return n * 4
}

// place puts a where the fewest others are found together with it.
func (x *Index) place(f *typeFilters, a *audience) {
	t := x.typeIndex(f.resourceType)
	var best *place
	least := 0
	all := f.places()
	for _, p := range all {
		if p.ranges && t.scale(p.like) == nil && t.isMeasured() {
			continue
		}
		cost := 0
		if len(all) > 1 {
			cost = t.cost(p)
		}
		if best == nil || cost < least {
			best, least = &p, cost
		}
	}
	switch {
	case best == nil:
		t.rest.add(posting{t.listing(f, a), a})
	case best.ranges:
		s := t.scale(best.like)
		if s == nil {
			s = &scale{like: best.like}
			grow(&t.scales, s)
		}
		for _, key := range best.keys {
			s.add(posting{key, a})
		}
	default:
		p := t.parameter(best.like)
		if p == nil {
			p = &parameter{like: best.like}
			grow(&t.parameters, p)
		}
		for _, key := range best.keys {
			p.tables[key%search.Forms].add(posting{key, a})
		}
	}
}

// displace undoes place. It looks at all places: which was the best then is not
// known any more.
func (x *Index) displace(f *typeFilters, a *audience) {
	t := x.typeIndex(f.resourceType)
	t.unlist(f, a)
	for _, p := range f.places() {
		if p.ranges {
			t.unmeasure(p, a)
		} else if parameter := t.parameter(p.like); parameter != nil {
			for _, key := range p.keys {
				parameter.tables[key%search.Forms].remove(posting{key, a})
			}
		}
	}
}

// unmeasure takes a from its scale, and that away when nobody is left on it.
func (t *typeIndex) unmeasure(p place, a *audience) {
	s := t.scale(p.like)
	if s == nil {
		return
	}
	for _, key := range p.keys {
		s.remove(posting{key, a})
	}
	if s.empty() {
		rest := slices.DeleteFunc(slices.Clone(*t.scales.Load()), func(other *scale) bool { return other == s })
		t.scales.Store(&rest)
	}
}

// isMeasured reports whether t has all the scales that it may have.
func (t *typeIndex) isMeasured() bool {
	scales := t.scales.Load()
	return scales != nil && len(*scales) >= maxScales
}

// typeIndex returns that of the type, which it makes if need be.
func (x *Index) typeIndex(resourceType string) *typeIndex {
	types := *x.types.Load()
	t := types[resourceType]
	if t == nil {
		t = new(typeIndex)
		types = maps.Clone(types)
		types[resourceType] = t
		x.types.Store(&types)
	}
	return t
}

// parameter returns that which c searches, nil if nobody ever was found by it.
func (t *typeIndex) parameter(c *search.Criterion) *parameter {
	return find(&t.parameters, func(p *parameter) bool { return p.like.SameParameter(c) })
}

// scale returns that which c is on, nil if nobody is found by it.
func (t *typeIndex) scale(c *search.Criterion) *scale {
	return find(&t.scales, func(s *scale) bool { return s.like.SameScale(c) })
}

func find[T any](list *atomic.Pointer[[]*T], is func(*T) bool) *T {
	if all := list.Load(); all != nil {
		for _, e := range *all {
			if is(e) {
				return e
			}
		}
	}
	return nil
}

// grow adds e to a list that others may be reading.
func grow[T any](list *atomic.Pointer[[]*T], e *T) {
	grown := []*T{e}
	if all := list.Load(); all != nil {
		grown = append(slices.Clone(*all), e)
	}
	list.Store(&grown)
}
