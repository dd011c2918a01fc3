package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/carillon-fhir/carillon/channel/resthook"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// receivers is how many there are, each at an address of its own (127.0.0.1 and up) and
// all at one port: subscription i's is the one with the remainder.
const receivers = 64

// deliveries is how many are under way at once, by the engine's default and by the
// ceiling.
const deliveries = 64

// anyTopic is triggered by every Observation.
const anyTopic = `{"resourceType":"SubscriptionTopic","url":"https://bench.example.org/observation","status":"active","resourceTrigger":[{"resource":"Observation"}],"canFilterBy":[{"resource":"Observation","filterParameter":"patient"}]}`

// loopback lets notifications go to this machine over plain HTTP.
var loopback = resthook.Config{InsecureAllowHTTP: true, AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}

// newEngine returns an engine as hosts have it, with all defaults.
func newEngine(store subscription.Store, channel subscription.Channel, topics ...string) (*subscription.Engine, error) {
	if channel == nil {
		channel = resthook.New(loopback)
	}
	cfg := subscription.Config{
		Store: store, Release: subscription.R4, BaseURL: "https://bench.example.org/r4",
		Channels: []subscription.Channel{channel}, Authorizer: subscription.InsecureAllowAll{},
	}
	for _, raw := range topics {
		t, err := topic.Parse([]byte(raw))
		if err != nil {
			return nil, err
		}
		cfg.Topics = append(cfg.Topics, t)
	}
	return subscription.New(cfg)
}

// audience is all the receivers: they read what they get, and say 200.
type audience struct {
	server *http.Server
	urls   []string
}

func newAudience() (*audience, error) {
	listeners, urls, err := listenAtAll()
	if err != nil {
		return nil, err
	}
	a := &audience{urls: urls, server: &http.Server{
		Handler:  http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }),
		ErrorLog: log.New(io.Discard, "", 0),
	}}
	for _, l := range listeners {
		go func() { _ = a.server.Serve(l) }()
	}
	return a, nil
}

// listenAtAll listens at the address of each receiver.
func listenAtAll() (listeners []net.Listener, urls []string, err error) {
	port := 0
	for i := range receivers {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.%d:%d", i+1, port))
		if err != nil {
			for _, l := range listeners {
				err = errors.Join(err, l.Close())
			}
			return nil, nil, err
		}
		port = l.Addr().(*net.TCPAddr).Port
		listeners, urls = append(listeners, l), append(urls, "http://"+l.Addr().String()+"/hook")
	}
	return listeners, urls, nil
}

// host is a server with the engine, and its subscriptions.
type host struct {
	engine   *subscription.Engine
	finishes *finishes
	stop     func() error
}

// subscribe makes n subscriptions in an empty database: one by the engine, verified by
// its handshake, the others as its copies. Each is filtered by its own patient.
func subscribe(ctx context.Context, db *database, n int, endpoint, extension string) (err error) {
	store, err := db.store(nil)
	if err != nil {
		return err
	}
	engine, err := newEngine(store, nil, anyTopic)
	if err != nil {
		return err
	}
	stop := start(engine)
	defer func() { err = errors.Join(err, stop()) }()
	created, err := engine.Create(ctx, "", fmt.Appendf(nil, `{"resourceType":"Subscription","status":"requested","reason":"bench","criteria":"https://bench.example.org/observation",
		"_criteria":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-filter-criteria","valueString":"patient=Patient/p0"}]},
		"channel":{%s"type":"rest-hook","endpoint":%q,"payload":"application/fhir+json","_payload":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content","valueCode":"full-resource"}]}}}`,
		extension, endpoint))
	if err != nil {
		return err
	}
	var only subscription.Record
	for only.Status != subscription.StatusActive || len(only.Sequenced) == 0 {
		time.Sleep(10 * time.Millisecond)
		if only, err = store.GetSubscription(ctx, "", created.ID); err != nil {
			return err
		}
	}
	if err := stop(); err != nil {
		return err
	}
	stop = func() error { return nil }
	return db.multiply(ctx, only, n)
}

// start runs an engine until what it returns is called.
func start(engine *subscription.Engine) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- engine.Run(ctx) }()
	return func() error { cancel(); return <-ended }
}

// newHost runs an engine over a database whose subscriptions are there.
func newHost(db *database, subscriptions int) (*host, error) {
	h := &host{finishes: newFinishes(subscriptions)}
	store, err := db.store(h.finishes)
	if err != nil {
		return nil, err
	}
	if h.engine, err = newEngine(store, nil, anyTopic); err != nil {
		return nil, err
	}
	h.stop = start(h.engine)
	return h, nil
}

// change records a change of a subscriber's patient.
func (h *host) change(subscriber int, resource []byte, acknowledged func()) error {
	h.finishes.expect(subscriber, acknowledged)
	return h.engine.OnResourceChange(context.Background(), subscription.ResourceChange{Interaction: subscription.Create, Resource: resource})
}
