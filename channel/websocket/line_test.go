package websocket

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// The first to come is the first to be served, each once, however the line grows and
// shrinks.
func TestLine(t *testing.T) {
	var l, other line
	var order []*socket
	next := 0
	for round := range 200 {
		for range round % 7 {
			s := new(socket)
			l.join(s)
			order = append(order, s)
		}
		if round%3 == 0 {
			l.move(&other, 2)
		}
		for !other.empty() {
			require.Same(t, order[next], other.next())
			next++
		}
		if !l.empty() {
			require.Same(t, order[next], l.next())
			next++
		}
		require.Equal(t, len(order)-next, l.len())
	}
	require.Less(t, cap(l.all), 2048, "what was served does not stay")
}

// Texts go before pings, but no ping waits for long.
func TestTextsGoBeforePings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := writers{most: 0} // nobody is hired: the test is the only writer
		text, pinged := new(socket), new(socket)
		var own, asks line
		for range 3 {
			w.call(text)
		}
		asks.join(pinged)
		take := func() (s *socket, ping bool) {
			t.Helper()
			ping, ok := w.next(&own, &asks)
			require.True(t, ok)
			s = own.next()
			for !own.empty() { // what it has taken at once goes back
				w.called.join(own.next())
			}
			return s, ping
		}
		s, ping := take()
		require.Same(t, text, s)
		require.False(t, ping)
		time.Sleep(askPatience + time.Millisecond)
		s, ping = take()
		require.Same(t, pinged, s)
		require.True(t, ping)
		for range 2 {
			s, ping = take()
			require.Same(t, text, s)
			require.False(t, ping)
		}
		_, ok := w.next(&own, &asks)
		require.False(t, ok)
	})
}
