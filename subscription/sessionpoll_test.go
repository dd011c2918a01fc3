package subscription_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

// attend connects without a goroutine that waits, and counts how often it is called.
func attend(t *testing.T, w *world) (*subscription.Session, *atomic.Int64) {
	t.Helper()
	session, err := w.Connect("", "websocket")
	require.NoError(t, err)
	t.Cleanup(session.Close)
	calls := new(atomic.Int64)
	session.Attend(func() { calls.Add(1) })
	require.EqualValues(t, 1, calls.Load(), "for what there is already")
	return session, calls
}

// poll returns what there is to send now, as kind and number.
func poll(t *testing.T, s *subscription.Session, room []byte) (list []string) {
	t.Helper()
	for {
		d, ok, err := s.Poll(t.Context(), room)
		require.NoError(t, err)
		if !ok {
			return list
		}
		n, err := notification.Parse(d.Message.Body)
		require.NoError(t, err)
		list = append(list, fmt.Sprint(n.Type, " ", n.EventsSinceSubscriptionStart))
		s.Confirm(d.Sequence)
	}
}

func TestPollIsCalledForWhatNextWouldReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withPlug)
		id := w.subscribe(anyPatient, overWebsocket, channelExtension("backport-heartbeat-period", "valueUnsignedInt", 60))
		s, calls := attend(t, w)
		require.Empty(t, poll(t, s, nil))
		called := func() bool { return calls.Swap(0) > 0 }
		called()
		require.NoError(t, s.Bind(t.Context(), w.token(id), subscription.BindOptions{}))
		require.True(t, called())
		require.Equal(t, []string{"handshake 0"}, poll(t, s, nil))
		require.False(t, called(), "there is nothing more")
		w.patients(2)
		require.True(t, called())
		require.Equal(t, []string{"event-notification 1", "event-notification 2"}, poll(t, s, make([]byte, 0, 16<<10)))
		for range 3 {
			began := time.Now()
			for time.Since(began) < 59*time.Second { // called too often is no harm
				time.Sleep(time.Second)
				require.Empty(t, poll(t, s, nil))
			}
			called()
			time.Sleep(2 * time.Second)
			require.True(t, called(), "a heartbeat is due, and nobody else would say so")
			require.Equal(t, []string{"heartbeat 2"}, poll(t, s, nil))
		}
		s.Close()
		require.True(t, called())
		_, _, err := s.Poll(t.Context(), nil)
		require.ErrorIs(t, err, subscription.ErrStopped)
		calls.Store(0)
		time.Sleep(24 * time.Hour)
		require.Zero(t, calls.Load(), "nothing is left that would call")
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		_, _, err = s.Poll(ended, nil)
		require.ErrorIs(t, err, context.Canceled)
	})
}

// What several Sessions get is never made in the room of one of them: it would be written
// over while others send it.
func TestRoomIsForWhatIsOnesOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withPlug)
		id := w.subscribe(anyPatient, overWebsocket)
		room := make([]byte, 0, 16<<10)
		inRoom := func(s *subscription.Session) bool {
			d, ok, err := s.Poll(t.Context(), room)
			require.NoError(t, err)
			require.True(t, ok)
			return &d.Message.Body[0] == &room[:1][0]
		}
		one, _ := attend(t, w)
		require.NoError(t, one.Bind(t.Context(), w.token(id), subscription.BindOptions{}))
		require.Equal(t, []string{"handshake 0"}, poll(t, one, room))
		w.patients(1)
		require.True(t, inRoom(one), "it is alone")
		two, _ := attend(t, w)
		require.NoError(t, two.Bind(t.Context(), w.token(id), subscription.BindOptions{SkipMissed: true}))
		require.Equal(t, []string{"handshake 1"}, poll(t, two, room))
		w.patients(1)
		require.False(t, inRoom(one))
		require.False(t, inRoom(two))
		two.Close()
		w.patients(1)
		require.True(t, inRoom(one), "it is alone again")
	})
}
