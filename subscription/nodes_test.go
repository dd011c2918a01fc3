package subscription_test

import (
	"context"
	"encoding/json"
	"errors"

	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

// sharedStore is a memory store as several nodes share it: it passes hints on and has
// shards.
type sharedStore struct {
	*memory.Store
	mu        sync.Mutex
	listening map[string]func(subscription.Work)
	deaf      atomic.Bool // hints can't be heard
	hints     atomic.Int64
	shards    int
	floors    map[int64]int64 // SequencedTo by Key
}

func newSharedStore(shards int) *sharedStore {
	return &sharedStore{Store: memory.New(), shards: shards, listening: map[string]func(subscription.Work){}, floors: map[int64]int64{}}
}

func (s *sharedStore) Wake(_ context.Context, node string, w subscription.Work) error {
	s.hints.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	for other, f := range s.listening {
		if other != node {
			f(w)
		}
	}
	return nil
}

func (s *sharedStore) Listen(ctx context.Context, node string, f func(subscription.Work)) error {
	if s.deaf.Load() {
		return errStore
	}
	s.mu.Lock()
	s.listening[node] = f
	s.mu.Unlock()
	<-ctx.Done()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listening, node)
	return nil
}

func (s *sharedStore) Shards(context.Context) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shards, nil
}

func (s *sharedStore) Acquire(ctx context.Context, name, node string, now, until time.Time) (subscription.Lease, error) {
	n, _ := s.Shards(ctx)
	for shard := range n {
		if name == subscription.LeaseName(shard, n) {
			return s.Store.Acquire(ctx, name, node, now, until)
		}
	}
	return subscription.Lease{}, subscription.ErrFenced
}

func (s *sharedStore) ListSubscriptions(ctx context.Context, q subscription.ListQuery) ([]subscription.Record, error) {
	list, err := s.Store.ListSubscriptions(ctx, q)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range list {
		list[i].SequencedTo = s.floors[list[i].Key]
	}
	return list, err
}

// reshard does what the contract says of another number of shards, while no sequencer
// works: the tests stop them.
func (s *sharedStore) reshard(t *testing.T, n int) {
	ctx, now := t.Context(), time.Now()
	s.mu.Lock()
	old := s.shards
	s.mu.Unlock()
	cursors := make([]int64, old)
	lowest := int64(1 << 62)
	for shard := range old {
		l, err := s.Store.Acquire(ctx, subscription.LeaseName(shard, old), "reshard", now, now.Add(time.Hour))
		require.NoError(t, err)
		cursors[shard] = l.Cursor
		lowest = min(lowest, l.Cursor)
	}
	list, err := s.Store.ListSubscriptions(ctx, subscription.ListQuery{AllTenants: true, Limit: 1000})
	require.NoError(t, err)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range list {
		s.floors[r.Key] = max(s.floors[r.Key], cursors[r.Key%int64(old)])
	}
	for shard := range n {
		l, err := s.Store.Acquire(ctx, subscription.LeaseName(shard, n), "reshard", now, now)
		require.NoError(t, err)
		require.NoError(t, s.CommitEvents(ctx, l, subscription.Commit{Cursor: lowest, At: now}))
	}
	require.NoError(t, s.Release(ctx, "reshard"))
	s.shards = n
}

// twoNodes runs an engine called a and one called b over a store.
func twoNodes(t *testing.T, store subscription.Store, change ...func(*subscription.Config)) (a, b *world) {
	on := func(node string) []func(*subscription.Config) {
		return append(change, func(c *subscription.Config) { c.Store, c.Node = store, node })
	}
	a = newWorld(t, on("a")...)
	synctest.Wait() // a holds the leases
	b = &world{t: t, peer: a.peer}
	b.start(on("b")...)
	return a, b
}

func TestHintsReachTheOtherNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(c *subscription.Config) { c.Poll = 15 * time.Second }
		store := newSharedStore(1)
		a, b := twoNodes(t, store, slow)
		id := b.subscribe(anyPatient)
		time.Sleep(time.Second)
		for i := range 10 {
			before := time.Now()
			b.write("p", i+1, id)
			synctest.Wait()
			for !b.peer.checker.Complete() {
				time.Sleep(time.Millisecond)
			}
			require.Less(t, time.Since(before), 100*time.Millisecond, "by a hint, not by the poll")
			time.Sleep(time.Minute)
		}
		before := store.hints.Load()
		for i := range 500 { // a busy second
			b.write("p", 20+i, id)
			time.Sleep(2 * time.Millisecond)
		}
		require.LessOrEqual(t, store.hints.Load()-before, int64(210), "at most a hundred a second of each kind")
		time.Sleep(time.Minute)
		require.NoError(t, a.peer.checker.Report().Err())
		require.NoError(t, errors.Join(a.stop(), b.stop()))
	})
}

func TestPollIsTheNetOfLostHints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newSharedStore(1)
		store.deaf.Store(true)
		a, b := twoNodes(t, store)
		id := b.subscribe(anyPatient)
		time.Sleep(time.Minute)
		b.write("p", 1, id)
		time.Sleep(3 * time.Second)
		require.True(t, b.peer.checker.Complete())
		require.NoError(t, errors.Join(a.stop(), b.stop()))
	})
}

func TestShardsSequenceSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newSharedStore(3)
		a, b := twoNodes(t, store)
		var ids []string
		for range 10 {
			ids = append(ids, a.subscribe(anyPatient))
		}
		for i := range 100 {
			[]*world{a, b}[i%2].write("p", i+1, ids...)
		}
		time.Sleep(time.Second)
		require.NoError(t, a.stop()) // b takes over
		for i := range 100 {
			b.write("p", 101+i, ids...)
		}
		time.Sleep(time.Minute)
		require.True(t, b.peer.checker.Complete())
		require.NoError(t, b.peer.checker.Report().Err())
		require.NoError(t, b.stop())
	})
}

// Whatever the shards are changed to while changes wait, none is lost and none numbered
// twice.
func TestOtherNumberOfShards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newSharedStore(2)
		w := newWorld(t, func(c *subscription.Config) { c.Store = store })
		var ids []string
		for range 7 {
			ids = append(ids, w.subscribe(anyPatient))
		}
		for i, shards := range []int{1, 3, 2, 5, 1} {
			w.write("p", 2*i+1, ids...)
			time.Sleep(time.Second)
			require.NoError(t, w.stop())
			w.write("p", 2*i+2, ids...)
			advance(t, store, i%store.shards)
			store.reshard(t, shards)
			w.start(func(c *subscription.Config) { c.Store = store })
			time.Sleep(time.Minute)
			require.True(t, w.peer.checker.Complete(), "%d shards: %v", shards, w.peer.checker.Report())
		}
		require.NoError(t, w.peer.checker.Report().Err())
		require.NoError(t, w.stop())
	})
}

// advance lets one shard alone sequence what waits, as if the others' nodes were slow.
func advance(t *testing.T, store *sharedStore, shard int) {
	now := time.Now()
	l, err := store.Acquire(t.Context(), subscription.LeaseName(shard, store.shards), "slow", now, now.Add(time.Minute))
	require.NoError(t, err)
	changes, err := store.ReadChanges(t.Context(), l.Cursor, 100)
	require.NoError(t, err)
	list, err := store.ListSubscriptions(t.Context(), subscription.ListQuery{AllTenants: true, Limit: 100})
	require.NoError(t, err)
	c := subscription.Commit{At: now, Cursor: l.Cursor}
	for _, change := range changes {
		c.Cursor = change.Position
		if change.Subscription != 0 || change.Position <= store.floors[int64(shard)] {
			continue
		}
		for i := range list {
			if r := &list[i]; r.Key%int64(store.shards) == int64(shard) && change.Position > r.SequencedTo {
				r.Count++
				c.Events = append(c.Events, subscription.NewEvent{Key: r.Key, Number: r.Count, Position: change.Position})
			}
		}
	}
	require.NoError(t, store.CommitEvents(t.Context(), l, c))
	require.NoError(t, store.Release(t.Context(), "slow"))
}

func TestHookThatIsCalledTwice(t *testing.T) { // C13
	synctest.Test(t, func(t *testing.T) {
		store := newSharedStore(1)
		a, b := twoNodes(t, store)
		id := a.subscribe(anyPatient)
		for i := range 200 {
			a.write("p", i+1, id)
			again := patient("p", i+1)
			require.NoError(t, []*world{a, b}[i%2].OnResourceChange(t.Context(), again))
			if i == 100 {
				time.Sleep(time.Second)
				require.NoError(t, a.stop()) // and b goes on
				require.NoError(t, b.OnResourceChange(t.Context(), again))
			}
		}
		time.Sleep(time.Minute)
		require.NoError(t, b.peer.checker.Report().Err())
		require.True(t, b.peer.checker.Complete())
		require.Len(t, numbers(b.peer.seen(notification.EventNotification)), 200)
		require.NoError(t, b.stop())
	})
}

// What only looks like a repetition is none.
func TestNoRepetitions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.subscribe(anyPatient)
		change := func(i subscription.Interaction, tenant, resource string) {
			require.NoError(t, w.OnResourceChange(t.Context(), subscription.ResourceChange{
				Tenant: tenant, Interaction: i, Resource: json.RawMessage(resource), Previous: json.RawMessage(resource),
			}))
		}
		const versionless, versioned = `{"resourceType":"Patient","id":"a"}`, `{"resourceType":"Patient","id":"b","meta":{"versionId":"1"}}`
		change(subscription.Update, "", versionless) // nobody can tell
		change(subscription.Update, "", versionless)
		change(subscription.Create, "", versioned)
		change(subscription.Delete, "", versioned)
		change(subscription.Update, "other", versioned)
		change(subscription.Update, "", versioned)
		change(subscription.Update, "", `{"resourceType":"Patient","id":"b","meta":{"versionId":"1"},"active":true}`)
		time.Sleep(time.Minute)
		require.Len(t, numbers(w.peer.seen(notification.EventNotification)), 6)
		require.NoError(t, w.stop())
	})
}
