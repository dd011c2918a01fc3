package storetest_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

// hub is what the handles of a shared store have in common beside a memory.Store:
// hints and shards.
type hub struct {
	store *memory.Store

	mu        sync.Mutex
	listening map[chan hint]string // the node of each ear
	lost      chan struct{}        // closed when connections break
	n         int                  // of shards
	floors    map[int64]int64      // SequencedTo, by Key
}

type hint struct {
	node string
	work subscription.Work
}

func newHub(s *memory.Store) *hub {
	return &hub{store: s, listening: map[chan hint]string{}, lost: make(chan struct{}), n: 1, floors: map[int64]int64{}}
}

func (h *hub) wake(_ context.Context, node string, w subscription.Work) error {
	h.tell(hint{node, w}, func(listener string) bool { return listener != node })
	return nil
}

// tell passes a hint on to some of those who listen.
func (h *hub) tell(what hint, to func(listener string) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for ear, node := range h.listening {
		if to(node) {
			ear <- what
		}
	}
}

func (h *hub) listen(ctx context.Context, node string, f func(subscription.Work)) error {
	ear := make(chan hint, 10_000)
	h.mu.Lock()
	h.listening[ear] = node
	lost := h.lost
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.listening, ear)
	}()
	for {
		select {
		case what := <-ear:
			f(what.work)
		case <-lost:
			return errors.New("the connection is lost")
		case <-ctx.Done():
			return nil
		}
	}
}

func (h *hub) disconnect() {
	h.mu.Lock()
	defer h.mu.Unlock()
	close(h.lost)
	h.lost = make(chan struct{})
}

func (h *hub) shards(context.Context) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.n, nil
}

// fenced reports whether name is the lease of a shard that there is not.
func (h *hub) fenced(name string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for shard := range h.n {
		if name == subscription.LeaseName(shard, h.n) {
			return false
		}
	}
	return strings.HasPrefix(name, subscription.LeaseName(0, 1))
}

func (h *hub) acquire(ctx context.Context, name, node string, now, until time.Time) (lease, error) {
	if h.fenced(name) {
		return lease{}, subscription.ErrFenced
	}
	return h.store.Acquire(ctx, name, node, now, until)
}

func (h *hub) commitEvents(ctx context.Context, l lease, c subscription.Commit) error {
	if h.fenced(l.Name) {
		return subscription.ErrFenced
	}
	return h.store.CommitEvents(ctx, l, c)
}

func (h *hub) list(ctx context.Context, q subscription.ListQuery) ([]record, error) {
	list, err := h.store.ListSubscriptions(ctx, q)
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range list {
		list[i].SequencedTo = h.floors[list[i].Key]
	}
	return list, err
}

func (h *hub) reshard(n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	ctx := context.Background()
	cursors := make([]int64, h.n)
	lowest := int64(math.MaxInt64)
	for shard := range cursors {
		cursors[shard] = h.move(ctx, subscription.LeaseName(shard, h.n), math.MaxInt64)
		lowest = min(lowest, cursors[shard])
	}
	all, _ := h.store.ListSubscriptions(ctx, subscription.ListQuery{AllTenants: true, Limit: 1000})
	for _, r := range all {
		h.floors[r.Key] = max(h.floors[r.Key], cursors[r.Key%int64(h.n)])
	}
	h.n = n
	for shard := range n {
		h.move(ctx, subscription.LeaseName(shard, n), lowest)
	}
}

// move sets the cursor of a lease, takes it from whoever has it, and returns where the
// cursor was. A lease of which nothing is left holds up no pruning.
func (h *hub) move(ctx context.Context, name string, cursor int64) int64 {
	never := time.Unix(1e12, 0)
	l, err := h.store.Acquire(ctx, name, "reshard", never, never)
	if err == nil {
		err = h.store.CommitEvents(ctx, l, subscription.Commit{Cursor: cursor})
	}
	if err == nil {
		err = h.store.Release(ctx, "reshard")
	}
	if err != nil {
		panic(err)
	}
	return l.Cursor
}
