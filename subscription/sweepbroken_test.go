package subscription_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/faulty"
	"github.com/carillon-fhir/carillon/internal/sweep"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/store/storetest"
	"github.com/carillon-fhir/carillon/subscription"
)

// unfenced is a store that lets everybody commit, and gives events the numbers that
// come next.
type unfenced struct {
	*memory.Store
	mu     sync.Mutex
	newest subscription.Lease
}

func (s *unfenced) Acquire(ctx context.Context, name, node string, now, until time.Time) (subscription.Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, err := s.Store.Acquire(ctx, name, node, now, until)
	if err == nil {
		s.newest = l
	}
	return l, err
}

func (s *unfenced) CommitEvents(ctx context.Context, l subscription.Lease, c subscription.Commit) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.Token != s.newest.Token || l.Cursor != s.newest.Cursor {
		l = s.newest
		all, err := s.ListSubscriptions(ctx, subscription.ListQuery{AllTenants: true, Limit: 1000})
		if err != nil {
			return err
		}
		count := map[int64]int64{}
		for _, r := range all {
			count[r.Key] = r.Count
		}
		for i := range c.Events {
			count[c.Events[i].Key]++
			c.Events[i].Number = count[c.Events[i].Key]
		}
	}
	err := s.Store.CommitEvents(ctx, l, c)
	if err == nil {
		s.newest.Cursor = c.Cursor
	}
	return err
}

// careless is a store that lets everybody finish.
type careless struct {
	*memory.Store
	mu     sync.Mutex
	tokens map[int64]int64
}

func (s *careless) Claim(ctx context.Context, node string, now, until time.Time, limit int) ([]subscription.Claim, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	claims, next, err := s.Store.Claim(ctx, node, now, until, limit)
	for _, c := range claims {
		s.tokens[c.Key] = c.Token
	}
	return claims, next, err
}

func (s *careless) Finish(ctx context.Context, o subscription.Outcome) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o.Token = s.tokens[o.Key]
	return s.Store.Finish(ctx, o)
}

// naive is a store that gives positions when changes are appended, and shows them
// when they are committed.
type naive struct {
	*memory.Store
	mu   sync.Mutex
	open map[string]bool // ids of resources
}

func (s *naive) ReadChanges(ctx context.Context, after int64, limit int) ([]subscription.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all, err := s.Store.ReadChanges(ctx, after, limit)
	var seen []subscription.Change
	for _, c := range all {
		if !s.open[c.ResourceID] {
			seen = append(seen, c)
		}
	}
	return seen, err
}

type naiveTx struct{ store *naive }

func (t naiveTx) Append(ctx context.Context, changes []subscription.Change) error {
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	for _, c := range changes {
		t.store.open[c.ResourceID] = true
	}
	return t.store.Store.Append(ctx, changes)
}

// hasty is a store that takes what has arrived of a subscription for all of it.
type hasty struct{ *memory.Store }

func (s hasty) Advance(ctx context.Context, progress []subscription.Progress) error {
	progress = slices.Clone(progress)
	for i := range progress {
		progress[i].Cursor = math.MaxInt64
	}
	return s.Store.Advance(ctx, progress)
}

// late is a host whose transactions commit in another order than they began.
var late = sweep.Scenario{Name: "late commits", Nodes: 1, Play: func(c *sweep.Cluster) {
	c.Subscribe("all", 1)
	c.Write("a")
	end := c.Begin("late")
	c.Write("b")
	c.Sleep(time.Second)
	end(true)
	c.Write("c")
}}

// busy is an endpoint that is never idle, so that a node that wakes up finds another
// one at work on what it had claimed.
var busy = sweep.Scenario{Name: "busy", Nodes: 2, Play: func(c *sweep.Cluster) {
	c.Subscribe("all", 1)
	for range 40 {
		c.Write("a")
	}
}, Answer: func(string, int) error {
	time.Sleep(300 * time.Millisecond)
	return nil
}}

// switching is a subscriber whose connection is unbound while events are on their way.
var switching = sweep.Scenario{Name: "switching", Nodes: 2, Play: func(c *sweep.Cluster) {
	c.Connect("line")
	for range 4 {
		for range 8 {
			c.Write("a")
		}
		c.Sleep(1500 * time.Millisecond)
		c.Turn("line", "off")
		c.Sleep(3 * time.Second)
		c.Turn("line", "requested")
		c.Sleep(3 * time.Second)
	}
}, Answer: func(string, int) error {
	time.Sleep(400 * time.Millisecond)
	return nil
}}

// broken plays a scenario with a pause at each of the first calls on a broken store and returns how
// many schedules break the promise, by what subscribers see.
func broken(t *testing.T, h storetest.Harness, s sweep.Scenario, calls int) (caught, played int) {
	s.Clerk = true
	for call := 1; call < calls; call++ {
		for node := range s.Nodes {
			synctest.Test(t, func(t *testing.T) {
				r := sweep.Play(t, h, s, func(n, life int) faulty.Plan {
					if n != node {
						return nil
					}
					return faulty.At(call, false, faulty.Fault{Pause: 2 * sweep.Lease})
				})
				played++
				if r.Broken() {
					caught++
				}
			})
		}
	}
	return caught, played
}

// A sweep that finds nothing in a broken store would find nothing in ours.
func TestBrokenStoresAreCaughtBySweeps(t *testing.T) {
	t.Parallel()
	newUnfenced := func(testing.TB) subscription.Store { return &unfenced{Store: memory.New()} }
	newCareless := func(testing.TB) subscription.Store {
		return &careless{Store: memory.New(), tokens: map[int64]int64{}}
	}
	newHasty := func(testing.TB) subscription.Store { return hasty{memory.New()} }
	newNaive := func(testing.TB) subscription.Store { return &naive{Store: memory.New(), open: map[string]bool{}} }
	for _, tc := range []struct {
		name     string
		harness  storetest.Harness
		scenario sweep.Scenario
		calls    int
	}{
		{"no fence on CommitEvents", storetest.Harness{New: newUnfenced}, sweep.Three, 15},
		{"no fence on Finish", storetest.Harness{New: newCareless}, busy, 50},
		{"Advance beyond what has arrived", storetest.Harness{New: newHasty}, switching, 3},
		{"naive cursor", storetest.Harness{New: newNaive, Begin: func(_ testing.TB, s subscription.Store) (subscription.Tx, func() error, func() error) {
			n := s.(*naive)
			return naiveTx{n}, func() error {
				n.mu.Lock()
				defer n.mu.Unlock()
				clear(n.open)
				return nil
			}, func() error { return errors.New("not in this test") }
		}}, late, 5},
	} {
		t.Run(tc.name, func(t *testing.T) {
			caught, played := 0, 0
			for range 20 { // who comes first is not the schedule's alone
				c, p := broken(t, tc.harness, tc.scenario, tc.calls)
				if caught, played = caught+c, played+p; caught > 0 {
					break
				}
			}
			t.Logf("C16 sweep %q schedules=%d caught=%d", tc.name, played, caught)
			require.NotZero(t, caught)
		})
	}
}

func TestLateCommitsAreNotSkipped(t *testing.T) { // C4, in small
	t.Parallel()
	sweep.Once(t, inMemory, late, sweep.NoFaults)
}

func TestConnectionsThatAreUnbound(t *testing.T) {
	t.Parallel()
	r := sweep.Once(t, inMemory, switching, sweep.NoFaults)
	t.Logf("switching %v", r.Report)
}
