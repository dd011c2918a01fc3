package subscription

import (
	"fmt"
	"math/rand/v2"
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
			requireWhole(t, f)
			for f.kept.Len() > 0 {
				f.forget()
			}
			requireEmpty(t, f)
		})
	}
}

// An event that is not delivered keeps the change that it is about, and nothing of the others
// that were sequenced with it, which may be about nobody: they are not counted.
func TestFreshEventsKeepNothingOfOtherChanges(t *testing.T) {
	const commits, size = 20, 64 << 10
	f, before := new(fresh), heapInUse()
	for commit := range commits {
		changes := make([]Change, 20)
		for i := range changes {
			changes[i] = Change{Position: int64(len(changes)*commit + i + 1), Resource: make([]byte, size)}
		}
		f.add([]NewEvent{{Key: 1, Number: int64(commit + 1), Position: changes[7].Position}}, changes)
	}
	require.Less(t, heapInUse()-before, 5.0*commits*size) // with all others it is 20
	require.Equal(t, commits, f.count)
}

// What is delivered is forgotten, in whatever order; what is not is still there.
func TestFreshEventsGoWhenTheyAreDelivered(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	f, count, cursor, forgotten := new(fresh), map[int64]int64{}, map[int64]int64{}, 0
	for position := int64(1); position < 5000; position++ {
		var events []NewEvent
		for key := range int64(20) {
			if random.IntN(3) == 0 {
				count[key]++
				events = append(events, NewEvent{Key: key, Number: count[key], Position: position})
			}
		}
		f.add(events, []Change{{Position: position, Resource: make([]byte, 100)}})
		if position%500 == 0 {
			f.forget() // as if there were too many
			forgotten++
		}
		for range 10 {
			key := random.Int64N(20)
			first := cursor[key] + 1
			last := min(count[key], first+random.Int64N(3))
			if events, ok := f.find(key, first, last); ok {
				require.Len(t, events, int(last-first+1))
				require.Equal(t, first, events[0].Number)
				require.Equal(t, last, events[len(events)-1].Number)
			}
			cursor[key] = max(cursor[key], last)
			f.delivered(key, last)
			_, ok := f.find(key, last, last)
			require.False(t, ok)
			if last < count[key] && forgotten == 0 {
				_, ok := f.find(key, last+1, count[key])
				require.True(t, ok)
			}
		}
		requireWhole(t, f)
	}
	for key, n := range count {
		f.delivered(key, n)
	}
	requireEmpty(t, f)
}

// requireWhole compares what is counted with what is there.
func requireWhole(t *testing.T, f *fresh) {
	t.Helper()
	kept, left, bytes := 0, 0, 0
	for key, log := range f.logs {
		for e := log.first; e != nil; e = e.next {
			require.Equal(t, key, e.key)
			require.True(t, e.next != nil || e == log.last)
			kept++
		}
	}
	for at := f.kept.Front(); at != nil; at = at.Next() {
		c := at.Value.(*freshCommit)
		require.Positive(t, c.left)
		left, bytes = left+c.left, bytes+c.bytes
	}
	require.Equal(t, []int{f.count, f.count, f.bytes}, []int{kept, left, bytes})
}

func requireEmpty(t *testing.T, f *fresh) {
	t.Helper()
	require.Empty(t, f.logs)
	require.Zero(t, f.kept.Len())
	require.Zero(t, f.count+f.bytes)
}
