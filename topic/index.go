package topic

import (
	"context"
	"slices"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// Index finds the subscriptions whose filters let a resource through, at a cost
// that follows the number of matches rather than that of subscriptions. For each
// focus type one filter that asks for equality, such as patient=Patient/1, is
// found by hash; the others are then checked. Filters without equality, such as
// date=ge2026, are checked one by one.
//
// The zero Index is empty and ready. It belongs to one goroutine: no method may
// run beside another.
type Index struct {
	entries map[int64]*Filters
	types   map[string]*typeIndex // by focus type, abstract ones included
	base    string                // what the latest filters were compiled with: in an engine, all of them
	view    search.View
	keys    []uint64
}

// typeIndex holds the subscriptions of one focus type.
type typeIndex struct {
	parameters []indexed          // those whose keys are in postings
	postings   map[uint64]int64   // by key, a subscription
	more       map[uint64][]int64 // by key, the further ones if there are several
	scanned    map[int64]*Filters
}

// indexed is a search parameter with the number of postings that need it.
type indexed struct {
	code  string
	like  *search.Criterion
	count int
}

// Len returns the number of subscriptions.
func (x *Index) Len() int { return len(x.entries) }

// Add puts the subscription id into the index. An id that is there must be removed
// first.
func (x *Index) Add(id int64, f *Filters) {
	if x.entries == nil {
		x.entries, x.types = map[int64]*Filters{}, map[string]*typeIndex{}
	}
	x.entries[id], x.base = f, f.base
	for i := range f.types {
		t := x.types[f.types[i].resourceType]
		if t == nil {
			t = &typeIndex{postings: map[uint64]int64{}, more: map[uint64][]int64{}, scanned: map[int64]*Filters{}}
			x.types[f.types[i].resourceType] = t
		}
		c, keys := f.types[i].key()
		if c == nil {
			t.scanned[id] = f
			continue
		}
		t.use(c, len(keys))
		for _, key := range keys {
			if _, taken := t.postings[key]; taken {
				t.more[key] = append(t.more[key], id)
			} else {
				t.postings[key] = id
			}
		}
	}
}

// Remove takes the subscription out. It does nothing if there is none.
func (x *Index) Remove(id int64) {
	f := x.entries[id]
	if f == nil {
		return
	}
	delete(x.entries, id)
	for i := range f.types {
		t := x.types[f.types[i].resourceType]
		c, keys := f.types[i].key()
		if c == nil {
			delete(t.scanned, id)
		} else {
			t.use(c, -len(keys))
		}
		for _, key := range keys {
			t.drop(key, id)
		}
		if len(t.scanned) == 0 && len(t.postings) == 0 {
			delete(x.types, f.types[i].resourceType)
		}
	}
}

// drop takes id out of the postings of key.
func (t *typeIndex) drop(key uint64, id int64) {
	more := t.more[key]
	if t.postings[key] != id {
		if i := slices.Index(more, id); i >= 0 {
			t.shrink(key, slices.Delete(more, i, i+1))
		}
		return
	}
	if len(more) == 0 {
		delete(t.postings, key)
		return
	}
	last := len(more) - 1
	t.postings[key] = more[last]
	t.shrink(key, more[:last])
}

func (t *typeIndex) shrink(key uint64, more []int64) {
	if len(more) == 0 {
		delete(t.more, key)
	} else {
		t.more[key] = more
	}
}

// use counts postings of a parameter, so that keys are only computed for those
// that somebody filters by.
func (t *typeIndex) use(c *search.Criterion, n int) {
	code := c.Parameter().Code
	i := slices.IndexFunc(t.parameters, func(p indexed) bool { return p.code == code })
	if i < 0 {
		t.parameters = append(t.parameters, indexed{code: code, like: c})
		i = len(t.parameters) - 1
	}
	if t.parameters[i].count += n; t.parameters[i].count == 0 {
		t.parameters = slices.Delete(t.parameters, i, i+1)
	}
}

// key chooses the filter to find a subscription by: of those that ask for equality
// the one that is likely to let the least through, then the one with the fewest
// keys. It is nil if none asks for equality.
func (t *typeFilters) key() (best *search.Criterion, keys []uint64) {
	for _, c := range t.criteria {
		k, ok := c.Keys()
		if !ok {
			continue
		}
		if best == nil || rank(c) < rank(best) || rank(c) == rank(best) && len(k) < len(keys) {
			best, keys = c, k
		}
	}
	return best, keys
}

// rank is lower for parameters with more different values: whom something is
// about tells more than what status it has. It must not depend on what is in the
// index, as Remove asks again.
func rank(c *search.Criterion) int {
	p := c.Parameter()
	switch {
	case p.Kind == search.KindReference || p.Code == "_id" || p.Code == "identifier":
		return 0
	case p.Kind == search.KindToken:
		return 2
	}
	return 1
}

// AppendMatches appends the ids of the subscriptions whose filters match, as by
// Filters.Match, in ascending order and each once.
func (x *Index) AppendMatches(dst []int64, resourceType string, resource fhirpath.Node) []int64 {
	start, base := len(dst), x.base
	x.view.Reset(resource, base)
	for _, focus := range [...]string{resourceType, "DomainResource", "Resource"} {
		t := x.types[focus]
		if t == nil || !standsFor(focus, resourceType) {
			continue
		}
		for id := range t.scanned {
			dst = append(dst, id)
		}
		x.keys = x.keys[:0]
		for i := range t.parameters {
			x.keys = x.view.AppendKeys(x.keys, t.parameters[i].like)
		}
		for _, key := range x.keys {
			if id, ok := t.postings[key]; ok {
				dst = append(append(dst, id), t.more[key]...)
			}
		}
	}
	slices.Sort(dst[start:])
	candidates := slices.Compact(dst[start:])
	dst = dst[:start]
	for _, id := range candidates {
		f := x.entries[id]
		if f.base != base {
			base = f.base
			x.view.Reset(resource, base)
		}
		if ok, err := f.match(context.Background(), resourceType, &x.view); ok && err == nil {
			dst = append(dst, id)
		}
	}
	return dst
}
