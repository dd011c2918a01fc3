package websocket_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/channel/websocket"
	"github.com/carillon-fhir/carillon/internal/memnet"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

const (
	anyPatient = "https://topics.example.org/patient"
	backport   = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
)

// node is one server of a host.
type node struct {
	*subscription.Engine
	t       testing.TB
	store   subscription.Store
	channel *websocket.Channel
	dial    dialer
	web     *http.Server
	stopRun func()
	stop    func()
}

type settings struct {
	name      string
	listener  net.Listener
	dial      dialer
	websocket websocket.Config
	engine    func(*subscription.Config)
}

// newNode is a server in memory, for a bubble of synctest; its clients are too.
func newNode(t testing.TB, store subscription.Store, change ...func(*settings)) *node {
	network := memnet.New()
	s := settings{name: "a", listener: network, dial: network.DialContext, engine: func(*subscription.Config) {}}
	return begin(t, store, s, change...)
}

func begin(t testing.TB, store subscription.Store, s settings, change ...func(*settings)) *node {
	t.Helper()
	s.websocket.URL = "ws://fhir.example.org/r4/ws"
	s.websocket.Tenant = func(r *http.Request) string { return r.Header.Get("X-Tenant") }
	for _, f := range change {
		f(&s)
	}
	channel, err := websocket.New(s.websocket)
	require.NoError(t, err)
	parsed, err := topic.Parse([]byte(`{"resourceType":"SubscriptionTopic","url":"` + anyPatient + `","status":"active","resourceTrigger":[{"resource":"Patient"}]}`))
	require.NoError(t, err)
	cfg := subscription.Config{
		Store: store, Channels: []subscription.Channel{channel}, Release: subscription.R4, BaseURL: "http://fhir.example.org/r4",
		Authorizer: subscription.InsecureAllowAll{}, Node: s.name, Topics: []*topic.Topic{parsed},
	}
	s.engine(&cfg)
	engine, err := subscription.New(cfg)
	require.NoError(t, err)
	n := &node{Engine: engine, t: t, store: store, channel: channel, dial: s.dial}
	ctx, cancel := context.WithCancel(context.Background())
	ran, served := make(chan error, 1), make(chan error, 1)
	go func() { ran <- engine.Run(ctx) }()
	mux := http.NewServeMux()
	mux.Handle("/r4/ws", channel.Handler(engine))
	n.web = &http.Server{Handler: mux}
	go func() { served <- n.web.Serve(s.listener) }()
	n.stopRun = sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-ran)
	})
	n.stop = sync.OnceFunc(func() {
		n.stopRun()
		require.NoError(t, channel.Close())
		_ = n.web.Close()
		<-served
	})
	t.Cleanup(n.stop)
	for { // connections are refused until Run has begun
		if session, err := engine.Connect("", "websocket"); err == nil {
			session.Close()
			return n
		}
		time.Sleep(time.Millisecond)
	}
}

// inBubble runs a test in a bubble with one node.
func inBubble(t *testing.T, f func(t *testing.T, n *node), change ...func(*settings)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newNode(t, memory.New(), change...)) })
}

// subscribe creates a Subscription; channel holds further members of it as JSON.
func (n *node) subscribe(edit ...func(map[string]any)) string {
	n.t.Helper()
	s, err := n.Create(context.Background(), "", subscriptionJSON(edit...))
	require.NoError(n.t, err)
	return s.ID
}

func subscriptionJSON(edit ...func(map[string]any)) json.RawMessage {
	s := map[string]any{
		"resourceType": "Subscription", "status": "requested", "reason": "test", "criteria": anyPatient,
		"channel": map[string]any{
			"type": "websocket", "payload": "application/fhir+json",
			"_payload": map[string]any{"extension": []any{map[string]any{"url": backport + "backport-payload-content", "valueCode": "full-resource"}}},
		},
	}
	for _, f := range edit {
		f(s)
	}
	raw, _ := json.Marshal(s)
	return raw
}

func heartbeat(seconds int) func(map[string]any) {
	return func(s map[string]any) {
		s["channel"].(map[string]any)["extension"] = []any{map[string]any{"url": backport + "backport-heartbeat-period", "valueUnsignedInt": seconds}}
	}
}

func (n *node) token(ids ...string) string {
	n.t.Helper()
	answer, err := n.BindingToken(context.Background(), "", ids)
	require.NoError(n.t, err)
	return answer.Token
}

// write records a change.
func (n *node) write(version int) {
	n.t.Helper()
	n.writeText(version, "")
}

func (n *node) writeText(version int, text string) {
	n.t.Helper()
	require.NoError(n.t, n.OnResourceChange(context.Background(), subscription.ResourceChange{
		Interaction: subscription.Create,
		Resource:    fmt.Appendf(nil, `{"resourceType":"Patient","id":"p","meta":{"versionId":"%d"},"name":[{"text":%q}]}`, version, "canary-7c1e93"+text),
	}))
}

// connect opens a connection.
func (n *node) connect(header ...string) *wire {
	n.t.Helper()
	o := open(n.t, n.dial, "/r4/ws", header...)
	require.Equal(n.t, http.StatusSwitchingProtocols, o.status)
	return o.wire
}

// bind opens a connection and binds it.
func (n *node) bind(ids ...string) *wire {
	n.t.Helper()
	w := n.connect()
	w.say("bind-with-token " + n.token(ids...))
	return w
}

// seen is what arrived: kind, or event numbers, such as "handshake 2".
func (w *wire) seen() (list []string) {
	for _, text := range w.heard() {
		list = append(list, kind(text))
	}
	return list
}

func kind(text string) string {
	n, err := notification.Parse([]byte(text))
	switch {
	case err != nil && strings.Contains(text, "OperationOutcome"):
		return "outcome"
	case err != nil:
		return text
	case n.Type != notification.EventNotification:
		return fmt.Sprint(n.Type, " ", n.EventsSinceSubscriptionStart)
	}
	kind := "events"
	for _, e := range n.Events {
		kind += fmt.Sprint(" ", e.Number)
	}
	return kind
}

// numbers are those of the events that arrived.
func (w *wire) numbers() (list []int64) {
	for _, text := range w.heard() {
		if n, err := notification.Parse([]byte(text)); err == nil && n.Type == notification.EventNotification {
			for _, e := range n.Events {
				list = append(list, e.Number)
			}
		}
	}
	return list
}
