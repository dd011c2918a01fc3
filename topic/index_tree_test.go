package topic

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// set is what tree and table have in common.
type set interface {
	add(posting)
	remove(posting) bool
}

// all returns the postings of the keys, in order.
func all(s set, keys []uint64) (found []posting) {
	switch s := s.(type) {
	case *tree:
		s.ascend(0, func(p posting) bool { found = append(found, p); return true })
	case *table:
		for _, key := range keys {
			s.with(key, func(p posting) bool { found = append(found, p); return true })
		}
	}
	return found
}

func inOrder(a, b posting) int {
	switch {
	case a.limit().before(b.limit()):
		return -1
	case a == b:
		return 0
	}
	return 1
}

// TestPostings compares tree and table with a sorted slice, over keys that are all
// different, few, and one, while the set grows, changes and shrinks.
func TestPostings(t *testing.T) {
	for _, kind := range []string{"tree", "table"} {
		for _, differing := range []int{1, 7, 300, 100_000} {
			t.Run(fmt.Sprintf("%s/%d keys", kind, differing), func(t *testing.T) {
				random := rand.New(rand.NewPCG(3, uint64(differing)))
				keys := make([]uint64, differing)
				for i := range keys {
					keys[i] = random.Uint64() >> random.IntN(3)
				}
				slices.Sort(keys)
				keys = slices.Compact(keys)
				var s set = new(tree)
				if kind == "table" {
					s = new(table)
				}
				want := map[posting]bool{}
				audiences := make([]audience, 5000)
				for i := range audiences {
					audiences[i].number = uint64(i)
				}
				check := func() {
					t.Helper()
					var sorted []posting
					for p := range want {
						sorted = append(sorted, p)
					}
					slices.SortFunc(sorted, inOrder)
					require.Equal(t, sorted, all(s, keys))
				}
				for _, more := range []int{95, 50, 5} { // chance of adding, in percent
					for range 5000 {
						p := posting{keys[random.IntN(len(keys))], &audiences[random.IntN(len(audiences))]}
						if random.IntN(100) < more {
							if want[p] {
								continue // postings are added once
							}
							s.add(p)
							want[p] = true
							continue
						}
						if random.IntN(2) == 0 { // one that is there
							for p = range want {
								break
							}
						}
						require.Equal(t, want[p], s.remove(p))
						delete(want, p)
					}
					check()
				}
				for p := range want {
					require.True(t, s.remove(p))
					require.False(t, s.remove(p))
				}
				require.Empty(t, all(s, keys))
				if s, ok := s.(*table); ok {
					require.Zero(t, s.count)
				}
			})
		}
	}
}

// TestTreeShrinks: what was taken out takes no room.
func TestTreeShrinks(t *testing.T) {
	var s tree
	const n = 50_000
	for i := range uint64(n) {
		s.add(posting{key: i})
	}
	nodes := func() int { return size(s.root.Load()) }
	full := nodes()
	require.Less(t, full, n/maxPostings*11/10, "ids that count up fill their leaves")
	for i := range uint64(n) {
		if i%50 != 0 {
			s.remove(posting{key: i})
		}
	}
	require.Less(t, nodes(), full/10)
	for i := uint64(0); i < n; i += 50 {
		require.True(t, s.remove(posting{key: i}))
	}
	require.Nil(t, s.root.Load())
}

func size(n *node) int {
	if n == nil || n.isLeaf() {
		return 1
	}
	sum := 1
	for i := range n.branches {
		sum += size(n.branches[i].child.Load())
	}
	return sum
}

// TestCount: an estimate is exact for a few, and not far off for many.
func TestCount(t *testing.T) {
	var s tree
	for i := range uint64(200_000) {
		s.add(posting{key: i * 2654435761 % 1_000_003})
	}
	for _, c := range []struct{ first, last uint64 }{{0, 0}, {10, 20}, {1000, 3000}, {5000, 900_000}, {0, 2_000_000}} {
		exact := 0
		s.ascend(c.first, func(p posting) bool {
			if p.key <= c.last {
				exact++
			}
			return p.key <= c.last
		})
		got := s.count(c.first, c.last)
		require.GreaterOrEqual(t, got, exact/2, c)
		require.LessOrEqual(t, got, exact*2, c)
	}
	require.Zero(t, new(tree).count(0, 5))
	var hot table
	for i := range 10_000 {
		hot.add(posting{7, &audience{number: uint64(i)}})
	}
	require.InEpsilon(t, 10_000, hot.crowd(7), 0.5)
	require.Zero(t, hot.crowd(8))
	require.LessOrEqual(t, len(*hot.directory.Load()), 1, "a key that all have does not make the directory grow")
}

// TestPostingsWhileWriting: a reader finds, at every moment, all that was there the
// whole time.
func TestPostingsWhileWriting(t *testing.T) {
	for _, s := range []set{new(tree), new(table)} {
		t.Run(fmt.Sprintf("%T", s), func(t *testing.T) {
			random := rand.New(rand.NewPCG(5, 6))
			lasting := make([]posting, 500)
			for i := range lasting {
				lasting[i] = posting{random.Uint64(), &audience{number: uint64(i)}}
				if i%2 == 0 {
					lasting[i].key = lasting[0].key
				}
				s.add(lasting[i])
			}
			keys := make([]uint64, 0, len(lasting))
			for _, p := range lasting {
				keys = append(keys, p.key)
			}
			slices.Sort(keys)
			keys = slices.Compact(keys)
			var done atomic.Bool
			var readers sync.WaitGroup
			for range 2 {
				readers.Go(func() {
					for !done.Load() {
						seen := map[posting]int{}
						for _, p := range all(s, keys) {
							seen[p]++
						}
						for _, p := range lasting {
							if seen[p] != 1 {
								t.Errorf("%d times", seen[p])
								return
							}
						}
					}
				})
			}
			var passing []posting
			for i := range 30_000 {
				p := posting{random.Uint64(), &audience{number: uint64(1000 + i)}}
				if i%3 == 0 {
					p.key = lasting[0].key
				}
				s.add(p)
				if passing = append(passing, p); len(passing) > 3000 {
					for _, p := range passing {
						s.remove(p)
					}
					passing = passing[:0]
				}
			}
			done.Store(true)
			readers.Wait()
		})
	}
}
