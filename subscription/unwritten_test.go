package subscription_test

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

// unwritten is a store that shares what it has in memory with the engine. At the end of a
// test nobody may have written to it (subscription.Store). Every world has one.
type unwritten struct {
	*memory.Store

	mu     sync.Mutex
	shared [][2][]byte // what was given, and its copy; the first of them
}

const mostShared = 2000

func watch(t *testing.T, store *memory.Store) *unwritten {
	u := &unwritten{Store: store}
	t.Cleanup(func() { require.True(t, u.unchanged(), "somebody has written to what a store has returned") })
	return u
}

func (u *unwritten) unchanged() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return !slices.ContainsFunc(u.shared, func(s [2][]byte) bool { return !bytes.Equal(s[0], s[1]) })
}

func (u *unwritten) share(all ...[]byte) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, s := range all {
		if len(s) > 0 && len(u.shared) < mostShared {
			u.shared = append(u.shared, [2][]byte{s, bytes.Clone(s)})
		}
	}
}

func (u *unwritten) change(c *subscription.Change) {
	u.share(c.Resource, c.Previous, c.Events, c.Spec)
}

func (u *unwritten) record(r *subscription.Record) { u.share(r.Resource, r.Spec, r.Sequenced) }

func (u *unwritten) ReadChanges(ctx context.Context, after int64, limit int) ([]subscription.Change, error) {
	list, err := u.Store.ReadChanges(ctx, after, limit)
	for i := range list {
		u.change(&list[i])
	}
	return list, err
}

func (u *unwritten) ReadEvents(ctx context.Context, key, first, last int64, limit int) ([]subscription.Event, error) {
	list, err := u.Store.ReadEvents(ctx, key, first, last, limit)
	for i := range list {
		u.change(&list[i].Change)
	}
	return list, err
}

func (u *unwritten) GetSubscription(ctx context.Context, tenant, id string) (subscription.Record, error) {
	r, err := u.Store.GetSubscription(ctx, tenant, id)
	u.record(&r)
	return r, err
}

func (u *unwritten) PutSubscription(ctx context.Context, r subscription.Record, revision int64) (subscription.Record, error) {
	r, err := u.Store.PutSubscription(ctx, r, revision)
	u.record(&r)
	return r, err
}

func (u *unwritten) ListSubscriptions(ctx context.Context, q subscription.ListQuery) ([]subscription.Record, error) {
	list, err := u.Store.ListSubscriptions(ctx, q)
	for i := range list {
		u.record(&list[i])
	}
	return list, err
}

func (u *unwritten) Claim(ctx context.Context, node string, now, until time.Time, limit int) ([]subscription.Claim, time.Time, error) {
	claims, next, err := u.Store.Claim(ctx, node, now, until, limit)
	for i := range claims {
		u.record(&claims[i].Record)
	}
	return claims, next, err
}

// Whoever writes is found.
func TestUnwritten(t *testing.T) {
	u := &unwritten{Store: memory.New()}
	put, err := u.PutSubscription(t.Context(), subscription.Record{ID: "s", Resource: []byte(`{}`)}, 0)
	require.NoError(t, err)
	require.True(t, u.unchanged())
	put.Resource[0] = '['
	require.False(t, u.unchanged())
}
