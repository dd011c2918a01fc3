package websocket_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// spec: CH-WS-01, CH-WS-07, CH-WS-09, CH-WS-10, CH-WS-04, CH-05
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

// spec: CH-WS-02
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

// spec: CLS-10, CH-WS-12
func TestClassicSubscriptions(t *testing.T) { // CLS-10
	right := new(rights)
	right.owner.Store("ada")
	inBubble(t, func(t *testing.T, n *node) {
		classic := func(s map[string]any) {
			s["criteria"] = "Patient?_id=p"
			s["channel"] = map[string]any{"type": "websocket"}
		}
		one, two, modern := n.subscribe(classic), n.subscribe(classic), n.subscribe()
		w := n.connect()
		w.say("bind " + one + "," + two)
		synctest.Wait()
		n.write(1)
		synctest.Wait()
		require.ElementsMatch(t, []string{"bound " + one, "bound " + two, "ping " + one, "ping " + two}, w.seen())
		require.Equal(t, "bound", w.seen()[0][:5])
		w.say("unbind " + two)
		synctest.Wait()
		n.write(2)
		synctest.Wait()
		require.Equal(t, "ping "+one, w.seen()[4])
		require.Len(t, w.seen(), 5)

		byToken := n.bind(two)
		synctest.Wait()
		require.Equal(t, []string{"bound " + two, "ping " + two}, byToken.seen(), "what was missed")

		stranger := n.connect()
		stranger.say("bind " + modern)
		stranger.say("bind nobody")
		right.strangers.Store(true)
		stranger.say("bind " + one)
		synctest.Wait()
		require.Equal(t, []string{"outcome", "outcome", "outcome"}, stranger.seen())
		code, closed := stranger.closedWith()
		require.True(t, closed)
		require.Equal(t, 1008, code)
	}, func(s *settings) {
		s.engine = func(c *subscription.Config) { c.Classic, c.Authorizer = []string{"Patient"}, right }
	})
}
