package websocket_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFromBindToEvents(t *testing.T) { // CH-WS-01, CH-WS-07
	inBubble(t, func(t *testing.T, n *node) {
		one, two := n.subscribe(), n.subscribe(heartbeat(60))
		w := n.bind(one, two)
		synctest.Wait()
		require.Equal(t, []string{"handshake 0", "handshake 0"}, w.seen())
		n.write(1)
		synctest.Wait()
		require.Equal(t, []string{"handshake 0", "handshake 0", "events 1", "events 1"}, w.seen())
		time.Sleep(61 * time.Second)
		require.Equal(t, "heartbeat 1", w.seen()[4])
		w.say("bind-with-token: " + n.token(one))
		synctest.Wait()
		require.Equal(t, "handshake 1", w.seen()[5])
		_, closed := w.closedWith()
		require.False(t, closed)
	})
}

func TestMedplumsJSON(t *testing.T) { // interop 2
	inBubble(t, func(t *testing.T, n *node) {
		id := n.subscribe()
		w := n.connect()
		w.say(`{"type":"ping"}`)
		token := n.token(id)
		w.say(`{"type":"bind-with-token","payload":{"token":"` + token + `"}}`)
		synctest.Wait()
		require.Equal(t, []string{`{"type":"pong"}`, "handshake 0"}, w.seen())
		w.say(`{"type":"unbind-from-token","payload":{"token":"` + token + `"}}`)
		synctest.Wait()
		n.write(1)
		w.say("ping")
		synctest.Wait()
		require.Equal(t, []string{`{"type":"pong"}`, "handshake 0", "pong"}, w.seen())
	})
}
