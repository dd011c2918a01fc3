package jetstream

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/carillon-fhir/carillon/channel/channeltest"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
)

// broker starts a NATS server in this process and connects to it.
func broker(t testing.TB) *nats.Conn {
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, MaxPayload: 8 << 20})
	require.NoError(t, err)
	s.Start()
	require.True(t, s.ReadyForConnections(time.Minute))
	conn, err := nats.Connect(s.ClientURL())
	require.NoError(t, err)
	t.Cleanup(func() {
		conn.Close()
		s.Shutdown()
		s.WaitForShutdown()
	})
	return conn
}

func streams(t testing.TB, conn *nats.Conn) jetstream.JetStream {
	js, err := jetstream.New(conn)
	require.NoError(t, err)
	return js
}

// TestContract: the suite of all channels, over the real protocol.
// spec: CH-CUS-03
func TestContract(t *testing.T) {
	conn := broker(t)
	js := streams(t, conn)
	var names atomic.Int64
	// subscriber is a stream of its own, or nobody, and one who sees what is published.
	subscriber := func(t testing.TB, config *jetstream.StreamConfig) channeltest.Endpoint {
		name := fmt.Sprintf("s%d", names.Add(1))
		on := "fhir." + name + "." + channeltest.Canary
		seen, err := conn.SubscribeSync(on)
		require.NoError(t, err)
		require.NoError(t, seen.SetPendingLimits(-1, -1))
		t.Cleanup(func() { require.NoError(t, seen.Unsubscribe()) })
		if config != nil {
			config.Name, config.Subjects = name, []string{on}
			_, err := js.CreateStream(t.Context(), *config)
			require.NoError(t, err)
		}
		var receipts []channeltest.Receipt
		return channeltest.Endpoint{
			Target: subscription.Target{Endpoint: "nats:" + on, ContentType: "application/fhir+json"},
			Received: func() []channeltest.Receipt {
				require.NoError(t, conn.Flush())
				for pending, _, _ := seen.Pending(); pending > 0; pending-- {
					m, err := seen.NextMsg(time.Minute)
					require.NoError(t, err)
					receipts = append(receipts, channeltest.Receipt{ContentType: m.Header.Get("Content-Type"), Body: m.Data})
				}
				return receipts
			},
		}
	}
	type make = func(t testing.TB, c subscription.Channel) channeltest.Endpoint
	with := func(config *jetstream.StreamConfig) make {
		return func(t testing.TB, _ subscription.Channel) channeltest.Endpoint {
			if config == nil {
				return subscriber(t, nil)
			}
			own := *config
			return subscriber(t, &own)
		}
	}
	bad := "nats:fhir.*." + channeltest.Canary
	channeltest.Run(t, channeltest.Harness{
		New:     func(t testing.TB) subscription.Channel { return New(streams(t, conn)) },
		Accepts: with(&jetstream.StreamConfig{}),
		Fails:   with(&jetstream.StreamConfig{MaxBytes: 100, Discard: jetstream.DiscardNew}), // it is full
		Refuses: with(&jetstream.StreamConfig{MaxMsgSize: 100}),
		Hangs:   with(nil),
		Unusable: []subscription.Target{
			{}, {Endpoint: bad}, {Endpoint: "nats:fhir.>"}, {Endpoint: "nats:fhir"}, {Endpoint: "nats:$JS.API.STREAM.DELETE.A"}, {Endpoint: "nats:fhir..a"},
			{Endpoint: "nats:fhir.a b"}, {Endpoint: "nats:fhir.a\r\nPUB x"}, {Endpoint: "fhir.a"},
			{Endpoint: "nats:fhir.a", Headers: []string{"X-A: " + channeltest.Canary}},
		},
	})
}

// TestNobodyStores: a subject without a stream is a mistake that waiting won't mend.
func TestNobodyStores(t *testing.T) {
	c := New(streams(t, broker(t)))
	err := c.Send(t.Context(), subscription.Target{Endpoint: "nats:fhir.nobody", Timeout: time.Minute}, subscription.Message{ID: "1"})
	require.Equal(t, subscription.Permanent(errStream), err)
}
