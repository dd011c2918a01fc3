package subscription_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

// plug is a Connector without a wire.
type plug struct{ peer }

func (*plug) Type() string { return "websocket" }
func (*plug) URL() string  { return "wss://fhir.example.org/r4/ws" }

// connected is a subscriber who is connected to a node.
type connected struct {
	*subscription.Session
	confirms bool

	mu  sync.Mutex
	got []subscription.Delivery
	err error // of Next
}

func withPlug(c *subscription.Config) { c.Channels = append(c.Channels, new(plug)) }

func overWebsocket(s map[string]any) {
	c := s["channel"].(map[string]any)
	c["type"] = "websocket"
	delete(c, "endpoint")
}

// connect connects to e and confirms whatever arrives, if told so.
func connect(t *testing.T, e *subscription.Engine, confirms bool) *connected {
	session, err := e.Connect("", "websocket")
	require.NoError(t, err)
	c := &connected{Session: session, confirms: confirms}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			d, err := session.Next(context.Background())
			c.mu.Lock()
			c.err = err
			if err == nil {
				c.got = append(c.got, d)
			}
			c.mu.Unlock()
			if err != nil {
				session.Close()
				return
			}
			if c.confirms {
				session.Confirm(d.Sequence)
			}
		}
	}()
	t.Cleanup(func() {
		session.Close()
		<-ended
	})
	return c
}

// seen is what arrived, in order, as kind or event numbers, such as "handshake 2".
func (c *connected) seen() (list []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range c.got {
		n, err := notification.Parse(d.Message.Body)
		if err != nil {
			list = append(list, err.Error())
			continue
		}
		text := fmt.Sprint(n.Type, " ", n.EventsSinceSubscriptionStart)
		if n.Type == notification.EventNotification {
			text = "events"
			for _, e := range n.Events {
				text += fmt.Sprint(" ", e.Number)
			}
		}
		list = append(list, text)
	}
	return list
}

func (c *connected) ended() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func (w *world) token(ids ...string) string {
	w.t.Helper()
	return tokenOf(w.t, w.Engine, ids...)
}

func tokenOf(t *testing.T, e *subscription.Engine, ids ...string) string {
	t.Helper()
	answer, err := e.BindingToken(t.Context(), "", ids)
	require.NoError(t, err)
	require.Equal(t, "wss://fhir.example.org/r4/ws", answer.URL)
	require.Len(t, answer.Token, 43)
	return answer.Token
}

// patients records n changes of patients and lets the engine work.
func (w *world) patients(n int) {
	w.t.Helper()
	for range n {
		writePatient(w.t, w.Engine)
	}
	synctest.Wait()
}

func writePatient(t *testing.T, e *subscription.Engine) {
	t.Helper()
	require.NoError(t, e.OnResourceChange(t.Context(), subscription.ResourceChange{
		Interaction: subscription.Create, Resource: json.RawMessage(`{"resourceType":"Patient","id":"p","gender":"female"}`),
	}))
}

func (w *world) record(id string) subscription.Record {
	w.t.Helper()
	r, err := w.store.GetSubscription(w.t.Context(), "", id)
	require.NoError(w.t, err)
	return r
}

// spec: CH-WS-01, CH-WS-03, CH-WS-06
func TestConnectedSubscriberGetsHandshakeMissedAndNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withPlug)
		id := w.subscribe(anyPatient, overWebsocket)
		require.Equal(t, subscription.StatusActive, w.record(id).Status, "nobody is there to be asked")
		w.patients(3)
		require.Zero(t, w.record(id).Cursor)
		require.Empty(t, w.peer.seen(notification.EventNotification))
		c := connect(t, w.Engine, true)
		require.NoError(t, c.Bind(t.Context(), w.token(id), subscription.BindOptions{}))
		synctest.Wait()
		w.patients(2)
		require.Equal(t, []string{"handshake 0", "events 1", "events 2", "events 3", "events 4", "events 5"}, c.seen())
		time.Sleep(time.Second)
		require.EqualValues(t, 5, w.record(id).Cursor)

		c.Close()
		w.patients(2)
		again := connect(t, w.Engine, true)
		require.NoError(t, again.Bind(t.Context(), w.token(id), subscription.BindOptions{}))
		synctest.Wait()
		require.Equal(t, []string{"handshake 5", "events 6", "events 7"}, again.seen())
		require.ErrorIs(t, c.ended(), subscription.ErrStopped)
	})
}

func TestWhatIsNotConfirmedComesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withPlug)
		id := w.subscribe(anyPatient, overWebsocket, channelExtension("backport-max-count", "valuePositiveInt", 10))
		w.patients(25)
		lost := connect(t, w.Engine, false)
		require.NoError(t, lost.Bind(t.Context(), w.token(id), subscription.BindOptions{}))
		synctest.Wait()
		require.Equal(t, []string{"handshake 0", "events 1 2 3 4 5 6 7 8 9 10", "events 11 12 13 14 15 16 17 18 19 20", "events 21 22 23 24 25"}, lost.seen())
		lost.Confirm(lost.got[1].Sequence)
		lost.Close()
		time.Sleep(time.Second)
		require.EqualValues(t, 10, w.record(id).Cursor)
		c := connect(t, w.Engine, true)
		require.NoError(t, c.Bind(t.Context(), w.token(id), subscription.BindOptions{}))
		synctest.Wait()
		require.Equal(t, []string{"handshake 10", "events 11 12 13 14 15 16 17 18 19 20", "events 21 22 23 24 25"}, c.seen())
		require.Equal(t, lost.got[2].Message.ID, c.got[1].Message.ID, "the same events have the same id")
	})
}

func TestDeadConnectionSwallowsOneWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withPlug)
		id := w.subscribe(anyPatient, overWebsocket)
		w.patients(1000)
		time.Sleep(time.Second) // many at once are sequenced together
		dead := connect(t, w.Engine, false)
		require.NoError(t, dead.Bind(t.Context(), w.token(id), subscription.BindOptions{}))
		synctest.Wait()
		require.Len(t, dead.seen(), 256)
		dead.Confirm(dead.got[255].Sequence)
		synctest.Wait()
		require.Len(t, dead.seen(), 512, "it was not dead after all")
	})
}

func TestHeartbeatsOverConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withPlug)
		id := w.subscribe(anyPatient, overWebsocket, channelExtension("backport-heartbeat-period", "valueUnsignedInt", 60))
		quiet := w.subscribe(anyPatient, overWebsocket)
		c := connect(t, w.Engine, true)
		require.NoError(t, c.Bind(t.Context(), w.token(id, quiet), subscription.BindOptions{}))
		time.Sleep(90 * time.Second)
		w.patients(1)
		time.Sleep(59 * time.Second)
		require.Len(t, c.seen(), 5)
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, []string{"handshake 0", "handshake 0", "heartbeat 0", "events 1", "events 1", "heartbeat 1"}, c.seen())
		time.Sleep(time.Second)
		require.EqualValues(t, 1, w.record(id).Cursor)
	})
}

func TestAbandonedSubscriptionIsTurnedOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withPlug, func(c *subscription.Config) {
			c.Retention, c.BindingTime, c.Poll = 48*time.Hour, 30*24*time.Hour, 20*time.Second
		})
		alone, quiet := w.subscribe(anyPatient, overWebsocket), w.subscribe(finished, overWebsocket)
		w.patients(1)
		c := connect(t, w.Engine, false)
		require.NoError(t, c.Bind(t.Context(), w.token(quiet), subscription.BindOptions{}))
		time.Sleep(time.Second)
		c.Confirm(1)
		time.Sleep(47 * time.Hour)
		require.Equal(t, subscription.StatusActive, w.record(alone).Status)
		time.Sleep(2 * time.Hour)
		require.Equal(t, subscription.StatusOff, w.record(alone).Status)
		require.Equal(t, "not-connected", w.record(alone).Error)
		time.Sleep(10 * 24 * time.Hour)
		require.Equal(t, subscription.StatusActive, w.record(quiet).Status, "there is a connection")
		c.Close()
		time.Sleep(47 * time.Hour)
		require.Equal(t, subscription.StatusActive, w.record(quiet).Status)
		time.Sleep(2 * time.Hour)
		require.Equal(t, subscription.StatusOff, w.record(quiet).Status)
	})
}

func TestMissedEventsAreLeftToQueries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withPlug)
		id := w.subscribe(anyPatient, overWebsocket)
		w.patients(3)
		c := connect(t, w.Engine, true)
		require.NoError(t, c.Bind(t.Context(), w.token(id), subscription.BindOptions{SkipMissed: true}))
		w.patients(1)
		require.Equal(t, []string{"handshake 3", "events 4"}, c.seen())
	})
}

func TestManyConnectionsAreGivenOneNotification(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withPlug)
		id := w.subscribe(anyPatient, overWebsocket)
		var all []*connected
		for range 100 {
			c := connect(t, w.Engine, true)
			require.NoError(t, c.Bind(t.Context(), w.token(id), subscription.BindOptions{}))
			all = append(all, c)
		}
		synctest.Wait()
		w.patients(1)
		asked := 0
		for _, c := range all {
			require.Equal(t, []string{"handshake 0", "events 1"}, c.seen())
			require.Same(t, &all[0].got[1].Message.Body[0], &c.got[1].Message.Body[0], "the same bytes")
			if c.got[1].Confirm {
				asked++
			}
		}
		require.Equal(t, 4, asked)
	})
}

func TestPrunedEventsArePassedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		brief := func(c *subscription.Config) { c.Retention = time.Hour; c.BindingTime = 24 * time.Hour }
		store := newSharedStore(1)
		a := nodeWithPlug(t, store, "a", brief)
		synctest.Wait()
		b := nodeWithPlug(t, store, "b", brief) // which remembers nothing of what a has numbered
		synctest.Wait()
		created, err := a.Create(t.Context(), "", json.RawMessage(subscriptionJSON(anyPatient, overWebsocket)))
		require.NoError(t, err)
		quick, slow := connect(t, a, true), connect(t, b, false)
		for _, c := range []*connected{quick, slow} {
			require.NoError(t, c.Bind(t.Context(), tokenOf(t, a, created.ID), subscription.BindOptions{}))
		}
		for range 1000 {
			writePatient(t, a)
		}
		time.Sleep(2 * time.Second)
		require.Len(t, slow.seen(), 256, "it has not said that anything arrived")
		time.Sleep(2 * time.Hour)
		slow.Confirm(256)
		writePatient(t, a)
		time.Sleep(2 * time.Second)
		require.Equal(t, "events 1001", slow.seen()[256])
		require.Equal(t, "events 1001", quick.seen()[1001])
	})
}

func TestSessionsEndWithRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withPlug)
		id := w.subscribe(anyPatient, overWebsocket)
		c := connect(t, w.Engine, true)
		require.NoError(t, c.Bind(t.Context(), w.token(id), subscription.BindOptions{}))
		w.patients(2)
		require.NoError(t, w.stop())
		require.ErrorIs(t, c.ended(), subscription.ErrStopped)
		require.EqualValues(t, 2, w.record(id).Cursor, "what was confirmed is recorded at the end")
		_, err := w.Engine.Connect("", "websocket")
		require.ErrorIs(t, err, subscription.ErrStopped)
	})
}
