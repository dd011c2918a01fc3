package due

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// model is the contract in as few words as possible.
type model struct {
	subscriptions map[int64]*modelled
	token         int64
}

type modelled struct {
	key    int64
	tenant string
	due    int64 // 0: it is not
	token  int64
	node   string
	until  int64 // 0: no claim runs
	held   bool
}

func (m *model) of(key int64) *modelled {
	if m.subscriptions[key] == nil {
		m.subscriptions[key] = &modelled{key: key}
	}
	return m.subscriptions[key]
}

func (m *model) claim(node string, now, until int64, limit int) (claims []Claim, next int64) {
	var due []*modelled
	for _, s := range m.subscriptions {
		if s.until <= now {
			if !s.held {
				s.until = 0
			}
		}
		if !s.held && s.until == 0 && s.due != 0 && s.due <= now {
			due = append(due, s)
		}
	}
	longest := func(a, b *modelled) int { return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.key, b.key)) }
	slices.SortFunc(due, longest)
	if len(due) > limit {
		place, seen := map[int64]int{}, map[string]int{}
		for _, s := range due {
			seen[s.tenant]++
			place[s.key] = seen[s.tenant]
		}
		slices.SortFunc(due, func(a, b *modelled) int {
			return cmp.Or(cmp.Compare(place[a.key], place[b.key]), longest(a, b))
		})
		due = due[:limit]
	}
	for _, s := range due {
		m.token++
		s.node, s.token, s.until = node, m.token, until
		claims = append(claims, Claim{s.key, s.token})
	}
	for _, s := range m.subscriptions {
		at := s.due
		if s.until != 0 {
			at = s.until
		}
		if !s.held && at > now && (next == 0 || at < next) {
			next = at
		}
	}
	return claims, next
}

func at(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// Whatever is done with it, a queue is the model.
func TestQueueIsItsModel(t *testing.T) {
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 1))
		var q Queue
		m := model{subscriptions: map[int64]*modelled{}}
		now := int64(100)
		for range 400 {
			key := 1 + random.Int64N(12)
			s := m.of(key)
			switch random.IntN(12) {
			case 0, 1, 2:
				due := now - 20 + random.Int64N(40)
				if random.IntN(4) == 0 {
					due = 0
				}
				if s.tenant == "" {
					s.tenant = fmt.Sprint(key % 4)
				}
				s.due = due
				q.Set(key, s.tenant, at(due))
			case 3:
				due := now - 20 + random.Int64N(40)
				if s.due > due {
					s.due = due
				}
				q.Hasten(key, at(due))
			case 4:
				if random.IntN(2) == 0 {
					q.End(key)
				} else {
					q.Return([]Claim{{key, s.token}, {key, s.token + 1}})
				}
				s.token, s.node, s.until = 0, "", 0
			case 5:
				node := fmt.Sprint("n", random.IntN(3))
				for _, s := range m.subscriptions {
					if s.token != 0 && s.node == node {
						s.token, s.node, s.until = 0, "", 0
					}
				}
				q.Release(node)
			case 6:
				s.held = true
				q.Hold(key)
			case 7, 8:
				s.held = false
				q.Resume(key)
			case 9:
				var items []Item
				for _, s := range m.subscriptions {
					if random.IntN(3) == 0 {
						s.due = now - 20 + random.Int64N(40)
					}
					if s.tenant != "" && s.due != 0 {
						items = append(items, Item{s.key, s.tenant, at(s.due)})
					} else {
						s.due = 0
					}
				}
				m.token += int64(random.IntN(2)) * 100
				q.Refill(items, m.token)
			default:
				now += random.Int64N(8)
				node, until, limit := fmt.Sprint("n", random.IntN(3)), now+random.Int64N(20), random.IntN(5)
				claims, next := m.claim(node, now, until, limit)
				got, gotNext := q.Claim(node, at(now), at(until), limit)
				require.Equal(t, claims, got, "seed %d", seed)
				require.Equal(t, at(next), gotNext, "seed %d", seed)
			}
			for _, s := range m.subscriptions {
				require.Equal(t, at(s.due), q.Due(s.key))
				require.Equal(t, s.token != 0 && !s.held, q.Current(s.key, s.token))
				require.False(t, q.Current(s.key, s.token+1))
			}
		}
		for key, s := range m.subscriptions {
			q.Resume(key)
			q.End(key)
			q.Set(key, s.tenant, time.Time{})
		}
		require.Empty(t, q.works, "what is not due takes no room")
		require.Empty(t, q.of)
		require.Empty(t, q.turns)
		require.Zero(t, q.waiting+q.running)
	}
}

// A million heartbeats that are pending take less than 100 bytes each; what is not due
// takes nothing.
func TestQueueIsSmall(t *testing.T) {
	const n = 200_000
	before := inUse()
	q := &Queue{}
	for key := range int64(n) {
		q.Set(key, "t", at(1+rand.Int64N(1<<40)))
	}
	each := float64(inUse()-before) / n
	t.Logf("bytes each=%.0f", each)
	require.Less(t, each, 100.0)
	for key := range int64(n) {
		q.Set(key, "t", time.Time{})
	}
	nodes := len(q.nodes)
	for key := range int64(n) {
		q.Set(key, "t", at(1))
	}
	require.Len(t, q.nodes, nodes, "room is used again")
}

func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkQueue sets what is due of one after the other of many that wait, claims and
// ends it: the way of an event.
func BenchmarkQueue(b *testing.B) {
	for _, n := range []int{1000, 1_000_000} {
		b.Run(fmt.Sprint("waiting=", n), func(b *testing.B) {
			var q Queue
			for key := range int64(n) {
				q.Set(key, "t", at(1<<40+rand.Int64N(1<<30)))
			}
			b.ReportAllocs()
			for now := int64(1); b.Loop(); now++ {
				key := int64(n) + now%64
				q.Set(key, "t", at(now))
				claims, _ := q.Claim("n", at(now), at(now+1000), 64)
				if len(claims) != 1 || !q.Current(key, claims[0].Token) {
					b.Fatal(claims)
				}
				q.Hold(key)
				q.End(key)
				q.Set(key, "t", time.Time{})
				q.Resume(key)
			}
		})
	}
}

// BenchmarkRefill is what opening a store with a million subscriptions that are due costs.
func BenchmarkRefill(b *testing.B) {
	items := make([]Item, 1_000_000)
	for i := range items {
		items[i] = Item{int64(i), "t", at(1 + rand.Int64N(1<<40))}
	}
	for b.Loop() {
		var q Queue
		q.Refill(items, 0)
	}
}
