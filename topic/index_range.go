package topic

import (
	"math/bits"
	"slices"

	"github.com/carillon-fhir/carillon/topic/search"
)

// The keys of ranges have their kind in the first byte. Those that are open at one
// end are in the order of the other; a resource meets them up to some key.
//
// Those with two ends are in the order of their lower one, kept apart by their length:
// of one kind are those whose lengths have the same first bits. So a resource looks,
// for each kind in use, from as far below its own bounds as the longest range of that
// kind is long, and finds at most a quarter more than there are.
const (
	openAbove = iota // by Low
	openBelow        // by MaxBound-High
	closed           // and the kinds by length
)

// lengthBits are how many bits of a length tell its kind, besides how many there are.
const lengthBits = 2

// lengthKind returns the kind of the ranges that are as long.
func lengthKind(length uint64) int {
	shift := max(0, bits.Len64(length)-1-lengthBits)
	return closed + shift<<lengthBits + int(length>>shift)
}

// longest returns the greatest length of a kind.
func longest(kind int) uint64 {
	first := uint64(kind - closed)
	shift := max(0, int(first>>lengthBits)-1)
	return (first-uint64(shift)<<lengthBits+1)<<shift - 1
}

func rangeKey(kind int, bound uint64) uint64 { return uint64(kind)<<search.BoundBits | bound }

// rangeKeys returns the keys of ranges, each once.
func rangeKeys(ranges []search.Bounds) []uint64 {
	keys := make([]uint64, 0, len(ranges))
	for _, b := range ranges {
		switch {
		case b.High == search.MaxBound:
			keys = append(keys, rangeKey(openAbove, b.Low))
		case b.Low == 0:
			keys = append(keys, rangeKey(openBelow, search.MaxBound-b.High))
		default:
			keys = append(keys, rangeKey(lengthKind(b.High-b.Low), b.Low))
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// ranges are those of one kind. They stay, if they run empty, as long as the scale.
type ranges struct {
	kind int
	tree // by rangeKeys
}

// ranges returns those of the key's kind, nil if there never were any.
func (s *scale) ranges(key uint64) *ranges {
	return find(&s.kinds, func(r *ranges) bool { return r.kind == int(key>>search.BoundBits) })
}

func (s *scale) add(p posting) {
	r := s.ranges(p.key)
	if r == nil {
		r = &ranges{kind: int(p.key >> search.BoundBits)}
		grow(&s.kinds, r)
	}
	r.add(p)
}

func (s *scale) remove(p posting) {
	if r := s.ranges(p.key); r != nil {
		r.remove(p)
	}
}

func (s *scale) empty() bool {
	return find(&s.kinds, func(r *ranges) bool { return !r.empty() }) == nil
}

// crowd tells roughly how many are found together with the range of that key: of
// those with an open end, half.
func (s *scale) crowd(key uint64) int {
	r := s.ranges(key)
	switch {
	case r == nil:
		return 0
	case r.kind < closed:
		return r.count(rangeKey(r.kind, 0), rangeKey(r.kind, search.MaxBound)) / 2
	}
	return r.count(rangeKey(r.kind, below(key&search.MaxBound, longest(r.kind))), key)
}

// overlapping adds the audiences whose ranges overlap b, and a few more.
func (s *finding) overlapping(on *scale, b search.Bounds) {
	kinds := on.kinds.Load()
	if kinds == nil {
		return
	}
	for _, r := range *kinds {
		first, last := uint64(0), b.High
		switch r.kind {
		case openAbove:
		case openBelow:
			last = search.MaxBound - b.Low
		default:
			first = below(b.Low, longest(r.kind))
		}
		last = rangeKey(r.kind, last)
		r.ascend(rangeKey(r.kind, first), func(p posting) bool { return p.key <= last && s.add(p) })
	}
}

// below returns the bound that is less by length, or the least.
func below(bound, length uint64) uint64 { return bound - min(bound, length) }
