package topic

import (
	"math/bits"
	"slices"

	"github.com/carillon-fhir/carillon/topic/search"
)

// The keys of ranges have their kind in the first byte. Those that are open at one
// end are in the order of the other; a resource meets them up to some key.
//
// Those with two ends go into cells: at level n the numbers are cut into cells of
// 1<<n, and a range is listed in the two or three cells that it touches at the highest
// level whose cells are not longer than it. So a resource looks at one cell for each
// level that is in use, and finds few ranges that it is not in.
const (
	openAbove = iota // by Low
	openBelow        // by MaxBound-High
	cells            // and the levels from 0 to search.BoundBits
)

func rangeKey(kind int, bound uint64) uint64 { return uint64(kind)<<search.BoundBits | bound }

// rangeKeys returns the keys of ranges, each once.
func rangeKeys(ranges []search.Bounds) []uint64 {
	var keys []uint64
	for _, b := range ranges {
		switch {
		case b.High == search.MaxBound:
			keys = append(keys, rangeKey(openAbove, b.Low))
		case b.Low == 0:
			keys = append(keys, rangeKey(openBelow, search.MaxBound-b.High))
		default:
			level := max(1, bits.Len64(b.High-b.Low)) - 1
			for cell := b.Low >> level; cell <= b.High>>level; cell++ {
				keys = append(keys, rangeKey(cells+level, cell))
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// crowd tells roughly how many are found together with the range of that key: of
// those with an open end, half.
func crowd(ranges *tree, key uint64) int {
	kind := int(key >> search.BoundBits)
	if kind < cells {
		return ranges.count(rangeKey(kind, 0), rangeKey(kind, search.MaxBound)) / 2
	}
	return ranges.count(key, key)
}

// overlapping adds the audiences whose ranges overlap b, and a few more.
func (s *finding) overlapping(ranges *tree, b search.Bounds) {
	s.between(ranges, rangeKey(openAbove, 0), rangeKey(openAbove, b.High))
	s.between(ranges, rangeKey(openBelow, 0), rangeKey(openBelow, search.MaxBound-b.Low))
	for kind, more := cells, true; more; kind++ {
		if kind, more = nextKind(ranges, kind); more {
			level := kind - cells
			s.between(ranges, rangeKey(kind, b.Low>>level), rangeKey(kind, b.High>>level))
		}
	}
}

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
