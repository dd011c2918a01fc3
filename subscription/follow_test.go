package subscription_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

func TestConnectedToAnyNode(t *testing.T) {
	for name, deaf := range map[string]bool{"with hints": false, "by polling": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newSharedStore(1)
				store.deaf.Store(deaf)
				a, b := nodeWithPlug(t, store, "a"), nodeWithPlug(t, store, "b")
				synctest.Wait()
				created, err := a.Create(t.Context(), "", json.RawMessage(subscriptionJSON(anyPatient, overWebsocket)))
				require.NoError(t, err)
				onA, onB := connect(t, a, true), connect(t, b, true)
				require.NoError(t, onB.Bind(t.Context(), tokenOf(t, a, created.ID), subscription.BindOptions{}))
				require.NoError(t, onA.Bind(t.Context(), tokenOf(t, b, created.ID), subscription.BindOptions{}))
				for range 5 {
					writePatient(t, a)
					time.Sleep(time.Second + 100*time.Millisecond)
				}
				want := []string{"handshake 0", "events 1", "events 2", "events 3", "events 4", "events 5"}
				require.Equal(t, want, onA.seen())
				require.Equal(t, want, onB.seen())
				onB.Close()
				writePatient(t, b)
				time.Sleep(2 * time.Second)
				onB = connect(t, b, true)
				require.NoError(t, onB.Bind(t.Context(), tokenOf(t, b, created.ID), subscription.BindOptions{}))
				synctest.Wait()
				require.Equal(t, []string{"handshake 6"}, onB.seen(), "its subscriber has it over the other connection")
				require.NoError(t, b.Delete(t.Context(), "", created.ID, ""))
				time.Sleep(2 * time.Second)
				require.Zero(t, onA.Bindings())
			})
		})
	}
}

func nodeWithPlug(t *testing.T, store subscription.Store, name string, change ...func(*subscription.Config)) *subscription.Engine {
	w := &world{t: t, store: memory.New(), peer: new(peer)}
	w.start(append(change, withPlug, func(c *subscription.Config) { c.Store, c.Node = store, name })...)
	return w.Engine
}

func TestStoreFailsWhileConnected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &advanceFails{Store: memory.New()}
		e := nodeWithPlug(t, store, "a")
		synctest.Wait()
		created, err := e.Create(t.Context(), "", json.RawMessage(subscriptionJSON(anyPatient, overWebsocket)))
		require.NoError(t, err)
		c := connect(t, e, true)
		require.NoError(t, c.Bind(t.Context(), tokenOf(t, e, created.ID), subscription.BindOptions{}))
		store.mu.Lock()
		store.failures = 5
		store.mu.Unlock()
		for range 3 {
			writePatient(t, e)
		}
		time.Sleep(30 * time.Second)
		r, err := store.GetSubscription(t.Context(), "", created.ID)
		require.NoError(t, err)
		require.EqualValues(t, 3, r.Cursor)
		require.Equal(t, []string{"handshake 0", "events 1", "events 2", "events 3"}, c.seen())
	})
}

type advanceFails struct {
	*memory.Store
	mu       sync.Mutex
	failures int
}

func (s *advanceFails) Advance(ctx context.Context, p []subscription.Progress) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failures--; s.failures >= 0 {
		return errStore
	}
	return s.Store.Advance(ctx, p)
}
