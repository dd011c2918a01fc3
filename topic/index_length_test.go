package topic

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/topic/search"
)

// TestLengthKinds: longer ranges are of no lesser kind, no range is longer than the
// longest of its kind, and that is at most a quarter longer.
func TestLengthKinds(t *testing.T) {
	lengths := []uint64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15, 16, 19, 20}
	for n := 6; n <= search.BoundBits; n++ {
		for quarter := range uint64(4) {
			at := (4 + quarter) << (n - 3)
			lengths = append(lengths, at-1, at, at+1)
		}
	}
	before := closed
	for _, length := range lengths {
		kind := lengthKind(length)
		require.GreaterOrEqual(t, kind, before, length)
		before = kind
		require.GreaterOrEqual(t, longest(kind), length)
		require.LessOrEqual(t, longest(kind), length+length/4)
		require.Equal(t, kind, lengthKind(longest(kind)))
		require.Equal(t, kind+1, lengthKind(longest(kind)+1))
	}
	require.Less(t, before, 1<<(64-search.BoundBits), "a kind fits into a byte")
}
