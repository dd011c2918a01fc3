package subscription

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFreshEvents(t *testing.T) {
	change := func(position int64, size int) Change {
		return Change{Position: position, Resource: make([]byte, size)}
	}
	f := new(fresh)
	f.add([]NewEvent{{Key: 1, Number: 5, Position: 11}, {Key: 2, Number: 1, Position: 11, Redacted: true}, {Key: 1, Number: 6, Position: 13}},
		[]Change{change(11, 10), change(12, 10), change(13, 10)})
	f.add([]NewEvent{{Key: 1, Number: 7, Position: 14}}, []Change{change(14, 10)})
	f.add([]NewEvent{{Key: 1, Number: 9, Position: 20}}, []Change{change(20, 10)}) // another node numbered 8
	for _, c := range []struct {
		key, first, last int64
		positions        []int64
	}{
		{1, 5, 7, []int64{11, 13, 14}}, {1, 6, 6, []int64{13}}, {1, 9, 9, []int64{20}}, {2, 1, 1, []int64{11}},
		{1, 4, 6, nil}, {1, 7, 8, nil}, {1, 7, 9, nil}, {1, 8, 9, nil}, {1, 10, 10, nil}, {2, 1, 2, nil}, {3, 1, 1, nil}, {1, 6, 5, nil},
	} {
		events, ok := f.find(c.key, c.first, c.last)
		require.Equal(t, c.positions != nil, ok, "%+v", c)
		var positions []int64
		for _, e := range events {
			positions = append(positions, e.Change.Position)
		}
		require.Equal(t, c.positions, positions)
	}
	redacted, _ := f.find(2, 1, 1)
	require.True(t, redacted[0].Redacted)
}

// What is remembered stays within its bounds, and what is forgotten leaves nothing.
func TestFreshEventsAreBounded(t *testing.T) {
	for _, size := range []int{10, 100_000} {
		t.Run(fmt.Sprint(size, " bytes"), func(t *testing.T) {
			f := new(fresh)
			for i := range int64(20_000) {
				f.add([]NewEvent{{Key: i % 7, Number: 1 + i/7, Position: i}, {Key: 100, Number: i + 1, Position: i}}, []Change{{Position: i, Resource: make([]byte, size)}})
				if size > 1000 && i > 1000 {
					break
				}
			}
			require.LessOrEqual(t, f.count, freshEvents)
			require.LessOrEqual(t, f.bytes, freshBytes)
			kept := 0
			for _, own := range f.events {
				kept += len(own)
			}
			require.Equal(t, f.count, kept)
			for len(f.kept) > 0 {
				f.forget()
			}
			require.Empty(t, f.events)
			require.Zero(t, f.count+f.bytes)
		})
	}
}
