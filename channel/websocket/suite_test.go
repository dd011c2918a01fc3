package websocket_test

import (
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/channel/channeltest"
	"github.com/carillon-fhir/carillon/channel/websocket"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

// suite is the channel with subscribers who are connected to a node of their own kind.
func suite(t *testing.T, newNode func(t testing.TB) *node) channeltest.Harness {
	nodes := map[subscription.Channel]*node{}
	subscriber := func(t testing.TB, c subscription.Channel, mute bool) channeltest.Endpoint {
		n := nodes[c]
		id := n.subscribe()
		w := n.connect()
		w.mu.Lock()
		w.mute = mute
		w.mu.Unlock()
		w.say("bind-with-token " + n.token(id))
		for len(w.heard()) == 0 {
			time.Sleep(time.Millisecond)
		}
		return channeltest.Endpoint{
			Target: subscription.Target{Subscription: id},
			Received: func() (list []channeltest.Receipt) {
				for _, text := range w.heard() {
					if !strings.HasPrefix(kind(text), "handshake") {
						list = append(list, channeltest.Receipt{Body: []byte(text)})
					}
				}
				return list
			},
		}
	}
	return channeltest.Harness{
		New: func(t testing.TB) subscription.Channel {
			n := newNode(t)
			nodes[n.channel] = n
			return n.channel
		},
		Accepts: func(t testing.TB, c subscription.Channel) channeltest.Endpoint { return subscriber(t, c, false) },
		Hangs:   func(t testing.TB, c subscription.Channel) channeltest.Endpoint { return subscriber(t, c, true) },
		Absent: func(t testing.TB, c subscription.Channel) channeltest.Endpoint {
			return channeltest.Endpoint{Target: subscription.Target{Subscription: nodes[c].subscribe()}, Received: func() []channeltest.Receipt { return nil }}
		},
	}
}

func TestSuite(t *testing.T) {
	h := suite(t, onLoopback)
	channeltest.Run(t, h)
}

func TestSuiteInBubbles(t *testing.T) {
	h := suite(t, func(t testing.TB) *node { return newNode(t, memory.New()) })
	h.Bubble = func(t testing.TB, f func(testing.TB)) {
		synctest.Test(t.(*testing.T), func(t *testing.T) { f(t) })
	}
	for _, c := range channeltest.Clauses() {
		if strings.HasSuffix(c.Name, "EndsSend") {
			t.Run(c.Name, func(t *testing.T) { c.Test(t, h) })
		}
	}
}

// onLoopback is a node behind a socket of the kernel's.
func onLoopback(t testing.TB) *node {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var d net.Dialer
	to := dialer(d.DialContext).at(listener.Addr().String())
	return begin(t, memory.New(), settings{name: "a", listener: listener, dial: to, engine: func(*subscription.Config) {}})
}

func TestConfigIsChecked(t *testing.T) {
	for name, cfg := range map[string]websocket.Config{
		"no URL":           {},
		"http":             {URL: "https://fhir.example.org/ws"},
		"no host":          {URL: "wss:/ws"},
		"relative":         {URL: "/ws"},
		"origin's path":    {URL: "wss://h/ws", Origins: []string{"https://app.example.org/"}},
		"origin's scheme":  {URL: "wss://h/ws", Origins: []string{"app.example.org"}},
		"negative time":    {URL: "wss://h/ws", PingEvery: -1},
		"negative limit":   {URL: "wss://h/ws", MaxText: -1},
		"origin any":       {URL: "wss://h/ws", Origins: []string{"*"}},
		"fragment":         {URL: "wss://h/ws#x"},
		"unreadable":       {URL: "wss://h:port/ws"},
		"unreadable again": {URL: "wss://h/ws", Origins: []string{"https://a b"}},
	} {
		_, err := websocket.New(cfg)
		require.Error(t, err, name)
	}
	c, err := websocket.New(websocket.Config{URL: "wss://h/ws"})
	require.NoError(t, err)
	require.Equal(t, "websocket", c.Type())
	require.Equal(t, "wss://h/ws", c.URL())
	require.NoError(t, c.Check(t.Context(), subscription.Target{Headers: []string{"X: y"}}))
}
