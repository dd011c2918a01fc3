package topic

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// Index finds the subscriptions whose filters let a resource through, at a cost
// that follows the number of matches rather than that of subscriptions.
//
// Subscriptions with equal filters are kept, and asked about a resource, as one.
// For each focus type one of the filters is what they are found by: one that asks
// for equality, such as patient=Patient/1, by hash; one that asks for a range, such
// as date=ge2026, by its bounds. Of several that which finds the fewest others is
// taken. Whoever is found is then asked about all its filters. Filters of which none
// has keys or bounds (name:contains=a, patient._in=Group/1, status:not=final) are found
// by asking about one of them, once for all subscriptions that have it in common.
//
// All filters of an Index must have been compiled with the same search.Host.
//
// The zero Index is empty and ready. Add, Remove and Len belong to one goroutine.
// AppendMatches may be called by any number of goroutines beside it: nobody waits
// for anybody.
type Index struct {
	// OnUnanswered is told why filters can't be evaluated over a resource and so let
	// nothing through. It is called during AppendMatches; nil: nobody wants to know. It is
	// set before the first Add.
	OnUnanswered func(err error)

	entries   map[int64]*audience // the writer's
	audiences table               // by hash of their filters; the writer's
	last      uint64              // number given to an audience; the writer's
	types     atomic.Pointer[map[string]*typeIndex]
	moved     atomic.Pointer[move] // the latest
}

// move says that a subscription has got other filters. One who looked where these are
// before they were there, and where the old ones were when they were gone, learns it
// from the moves since then.
type move struct {
	id   int64
	to   *audience
	next atomic.Pointer[move]
}

// typeIndex finds the audiences of one focus type, which may be abstract. It stays
// when it runs empty.
type typeIndex struct {
	parameters atomic.Pointer[[]*parameter]
	scales     atomic.Pointer[[]*scale]
	rest       tree // by listing: those that neither a parameter nor a scale finds
}

// parameter finds audiences by what a search parameter equals. It stays when it runs
// empty.
type parameter struct {
	like   *search.Criterion   // any criterion of that parameter
	tables [search.Forms]table // by search.Criterion.Keys
}

// scale finds audiences by the ranges of a search parameter, in one unit.
type scale struct {
	like  *search.Criterion // any criterion on that scale
	kinds atomic.Pointer[[]*ranges]
}

// Len returns the number of subscriptions.
func (x *Index) Len() int { return len(x.entries) }

// Add puts the subscription id into the index. If it is there with other filters,
// these take the place of those: a goroutine that looks for matches meanwhile finds
// it by the ones or the others.
func (x *Index) Add(id int64, f *Filters) {
	if x.entries == nil {
		x.entries = map[int64]*audience{}
		x.types.Store(&map[string]*typeIndex{})
		x.moved.Store(new(move))
	}
	old := x.entries[id]
	hash := f.hash()
	a := x.audience(f, hash)
	if a != nil && a == old {
		return
	}
	if a == nil {
		x.last++
		a = newAudience(f, x.last, id)
		x.audiences.add(posting{hash, a})
		for i := range a.filters.types {
			x.place(&a.filters.types[i], a)
		}
	} else {
		a.members.add(posting{key: memberKey(id)})
	}
	x.entries[id] = a
	if old != nil {
		m := &move{id: id, to: a}
		x.moved.Load().next.Store(m)
		x.moved.Store(m)
		x.leave(old, id)
	}
}

// Remove takes the subscription out. It does nothing if there is none.
func (x *Index) Remove(id int64) {
	if a := x.entries[id]; a != nil {
		delete(x.entries, id)
		x.leave(a, id)
	}
}

// leave takes id out of a, and a out of the index with its last member.
func (x *Index) leave(a *audience, id int64) {
	if a.without(id) {
		return
	}
	x.audiences.remove(posting{a.filters.hash(), a})
	for i := range a.filters.types {
		x.displace(&a.filters.types[i], a)
	}
}

// audience returns the one whose filters equal f, which have that hash; nil if there is
// none.
func (x *Index) audience(f *Filters, hash uint64) (found *audience) {
	x.audiences.with(hash, func(p posting) bool {
		if p.audience.filters.equal(f) {
			found = p.audience
		}
		return found == nil
	})
	return found
}

// AppendMatches appends the ids of the subscriptions whose filters match, as by
// Filters.Match, in ascending order and each once. An error, which is the host's or
// that of ctx, means that the answer is unknown: dst is returned as it was.
//
// Failure policy: filters that can't be evaluated over this resource, because it
// exceeds the budget of fhirpath or is not as an expression needs it, let nothing
// through, and OnUnanswered is told. That would be so each time, and the other
// subscriptions must not suffer.
func (x *Index) AppendMatches(ctx context.Context, dst []int64, resourceType string, resource fhirpath.Node) ([]int64, error) {
	start, moved := len(dst), x.moved.Load()
	if moved == nil { // still empty
		return dst, nil
	}
	s := searches.Get().(*finding)
	defer s.release()
	s.view.Reset(resource, "")
	if err := s.find(ctx, *x.types.Load(), resourceType); err != nil {
		return dst, err
	}
	for _, a := range s.candidates() {
		ok, err := x.passes(ctx, s, a.filters, resourceType)
		if err != nil {
			return dst[:start], err
		}
		if ok {
			dst = a.appendMembers(dst)
		}
	}
	for m := moved.next.Load(); m != nil; m = m.next.Load() {
		ok, err := x.passes(ctx, s, m.to.filters, resourceType)
		if err != nil {
			return dst[:start], err
		}
		if ok {
			dst = append(dst, m.id)
		}
	}
	slices.Sort(dst[start:])
	return dst[:start+len(slices.Compact(dst[start:]))], nil
}

// passes reports whether the filters let the resource through.
func (x *Index) passes(ctx context.Context, s *finding, f *Filters, resourceType string) (bool, error) {
	s.rebase(f.base)
	ok, err := f.match(ctx, resourceType, &s.view)
	if err != nil && isFinal(err) {
		if x.OnUnanswered != nil {
			x.OnUnanswered(err)
		}
		return false, nil
	}
	return ok, err
}

func (s *finding) rebase(base string) {
	if s.base != base {
		s.base = base
		s.view.Rebase(base)
	}
}

// isFinal tells an error that evaluation over the same resource always ends with
// from one of the host or of the context.
func isFinal(err error) bool {
	return slices.ContainsFunc([]error{
		search.ErrMembers, search.ErrUnreadable, errFilterPanicked, fhirpath.ErrLimit, fhirpath.ErrNotBoolean, fhirpath.ErrSingleton, fhirpath.ErrOperand, fhirpath.ErrUnknownType,
		fhirpath.ErrNoResolver, fhirpath.ErrNoTerminology, fhirpath.ErrProfile, fhirpath.ErrModifier,
	}, func(final error) bool { return errors.Is(err, final) })
}
