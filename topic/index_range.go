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

// crowd tells roughly how many are found together with the range of that key: of
// those with an open end, half.
func crowd(ranges *tree, key uint64) int {
	kind, bound := int(key>>search.BoundBits), key&search.MaxBound
	if kind < closed {
		return ranges.count(rangeKey(kind, 0), rangeKey(kind, search.MaxBound)) / 2
	}
	return ranges.count(rangeKey(kind, below(bound, longest(kind))), key)
}

// overlapping adds the audiences whose ranges overlap b, and a few more.
func (s *finding) overlapping(ranges *tree, b search.Bounds) {
	s.between(ranges, rangeKey(openAbove, 0), rangeKey(openAbove, b.High))
	s.between(ranges, rangeKey(openBelow, 0), rangeKey(openBelow, search.MaxBound-b.Low))
	for kind, more := nextKind(ranges, closed); more; kind, more = nextKind(ranges, kind+1) {
		s.between(ranges, rangeKey(kind, below(b.Low, longest(kind))), rangeKey(kind, b.High))
	}
}

// below returns the bound that is less by length, or the least.
func below(bound, length uint64) uint64 { return bound - min(bound, length) }

// nextKind returns the first kind from the given one on that is in use.
func nextKind(ranges *tree, from int) (kind int, ok bool) {
	ranges.ascend(rangeKey(from, 0), func(p posting) bool {
		kind, ok = int(p.key>>search.BoundBits), true
		return false
	})
	return kind, ok
}

// between adds what ranges have under the keys from first to last.
func (s *finding) between(ranges *tree, first, last uint64) {
	ranges.ascend(first, func(p posting) bool { return p.key <= last && s.add(p) })
}
