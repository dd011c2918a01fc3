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

// A slow connection may come to events that another one has long got.
func TestPrunedEventsAreLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newSharedStore(1)
		long := func(c *subscription.Config) { c.Retention, c.BindingTime = time.Hour, 100*time.Hour }
		start := func(name string) *subscription.Engine {
			w := &world{t: t, store: memory.New(), peer: new(peer)}
			w.start(withPlug, long, func(c *subscription.Config) { c.Store, c.Node = store, name })
			synctest.Wait()
			return w.Engine
		}
		a, b := start("a"), start("b") // a sequences: b remembers no events
		created, err := a.Create(t.Context(), "", json.RawMessage(subscriptionJSON(anyPatient, overWebsocket)))
		require.NoError(t, err)
		for range 300 {
			writePatient(t, a)
		}
		time.Sleep(time.Second)
		slow, quick := connect(t, b, false), connect(t, b, true)
		require.NoError(t, slow.Bind(t.Context(), tokenOf(t, b, created.ID), subscription.BindOptions{}))
		require.NoError(t, quick.Bind(t.Context(), tokenOf(t, b, created.ID), subscription.BindOptions{}))
		time.Sleep(3 * time.Hour)
		require.Len(t, slow.seen(), 256)
		require.Len(t, quick.seen(), 301)
		slow.Confirm(256)
		time.Sleep(time.Second)
		writePatient(t, a)
		time.Sleep(2 * time.Second)
		require.Equal(t, "events 301", slow.seen()[256], "the rest is gone")
	})
}

// Once a write has returned, nothing that follows the former version is handed out.
func TestWritesReachConnectionsAtOnce(t *testing.T) {
	for name, write := range map[string]func(t *testing.T, w *world, id string){
		"deleted": func(t *testing.T, w *world, id string) { require.NoError(t, w.Delete(t.Context(), "", id, "")) },
		"turned off": func(t *testing.T, w *world, id string) {
			off := subscriptionJSON(anyPatient, overWebsocket, func(s map[string]any) { s["id"], s["status"] = id, "off" })
			_, _, err := w.Update(t.Context(), "", id, json.RawMessage(off), "")
			require.NoError(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				held := &heldReads{Store: memory.New()}
				w := newWorld(t, withPlug, func(c *subscription.Config) { c.Store = held })
				id := w.subscribe(anyPatient, overWebsocket)
				w.patients(2)
				session, err := w.Connect("", "websocket")
				require.NoError(t, err)
				defer session.Close()
				require.NoError(t, session.Bind(t.Context(), w.token(id), subscription.BindOptions{}))
				held.hold()
				defer held.free()
				write(t, w, id)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, err = session.Next(ctx)
				require.ErrorIs(t, err, context.DeadlineExceeded)
			})
		})
	}
}

// What was read before a Subscription became active again ends no binding that came
// after.
func TestAnOldPositionEndsNoBinding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := &heldReads{Store: memory.New()}
		w := newWorld(t, withPlug, func(c *subscription.Config) { c.Store = held })
		id := w.subscribe(anyPatient, overWebsocket)
		first := connect(t, w.Engine, true)
		require.NoError(t, first.Bind(t.Context(), w.token(id), subscription.BindOptions{}))
		synctest.Wait()
		status := func(status string) {
			resource := subscriptionJSON(anyPatient, overWebsocket, func(s map[string]any) { s["id"], s["status"] = id, status })
			_, _, err := w.Update(t.Context(), "", id, json.RawMessage(resource), "")
			require.NoError(t, err)
		}
		held.hold()
		status("off")
		time.Sleep(2 * time.Second) // the node has read that it is off, and does not know yet
		status("requested")
		second := connect(t, w.Engine, true)
		require.NoError(t, second.Bind(t.Context(), w.token(id), subscription.BindOptions{}))
		held.free()
		time.Sleep(2 * time.Second)
		w.patients(1)
		require.Equal(t, 1, second.Bindings())
		require.Equal(t, []string{"handshake 0", "events 1"}, second.seen())
	})
}

// heldReads keeps what it has read of positions to itself for a while.
type heldReads struct {
	*memory.Store
	mu   sync.Mutex
	gate chan struct{} // nil: open
}

func (s *heldReads) hold() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate = make(chan struct{})
}

func (s *heldReads) free() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gate != nil {
		close(s.gate)
	}
	s.gate = nil
}

func (s *heldReads) Positions(ctx context.Context, keys []int64) ([]subscription.Position, error) {
	positions, err := s.Store.Positions(ctx, keys)
	s.mu.Lock()
	gate := s.gate
	s.mu.Unlock()
	if gate != nil && len(keys) > 0 {
		<-gate
	}
	return positions, err
}
