package subscription

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"
)

// Engine turns changes of resources into notifications. All methods may be called
// at the same time. Before Run is called it already records changes and answers
// clients; only sequencing and delivery wait for it.
type Engine struct {
	cfg      Config
	form     *form
	base     *url.URL
	topics   atomic.Pointer[topicSet]
	channels map[string]Channel
	retry    schedule

	running    atomic.Bool
	changes    signals         // there may be something to sequence
	deliveries signal          // there may be something to deliver
	fresh      fresh           // events that were sequenced here of late
	served     served          // Subscriptions that were delivered to of late
	waker      Waker           // the store, if it is one
	sharded    Sharded         // the store, if it is
	tracer     Tracer          // the Observer, if it is one
	measurer   Measurer        // the store, if it is one
	measures   atomic.Bool     // the first shard is sequenced here
	hints      map[Work]signal // for the nodes that share the store
	shards     atomic.Int64    // that are sequenced here, or on other nodes
	leading    atomic.Int64    // those of them whose lease is this node's
	flights    *flights        // attempts under way
	resends    *resends
	follower   *follower // subscribers who are connected here
	isolation  *isolation
	clock      *clock
	quota      *quota // of Subscriptions
	tokens     *quota
	firings    firings
	conditions turns[condition] // of conditional creates under way
}

// New checks the configuration and compiles the topics; it starts nothing. Its
// error lists everything that is wrong.
func New(cfg Config) (*Engine, error) {
	cfg, err := cfg.complete()
	topics, topicErr := loadTopics(cfg, cfg.Topics)
	if err := errors.Join(err, topicErr); err != nil {
		return nil, err
	}
	waker, _ := cfg.Store.(Waker)
	sharded, _ := cfg.Store.(Sharded)
	timekeeper, _ := cfg.Store.(Timekeeper)
	tracer, _ := cfg.Observer.(Tracer)
	measurer, _ := cfg.Store.(Measurer)
	if cfg.Sealer != nil {
		cfg.Store = sealingStore{cfg.Store, cfg.Sealer}
	}
	e := &Engine{
		waker: waker, sharded: sharded, tracer: tracer, measurer: measurer,
		cfg: cfg, form: formOf(cfg.Release),
		channels:   make(map[string]Channel, len(cfg.Channels)),
		retry:      schedule(cfg.Retry),
		deliveries: newSignal(),
		hints:      map[Work]signal{WorkChanges: newSignal(), WorkDeliveries: newSignal()},
		flights:    newFlights(),
		resends:    newResends(),
		follower:   newFollower(),
		isolation:  newIsolation(cfg),
		clock:      newClock(timekeeper, cfg.Lease/6),
	}
	e.quota, e.tokens = e.newQuotas()
	e.topics.Store(topics)
	e.base, _ = url.Parse(cfg.BaseURL) // checked by complete
	for _, ch := range cfg.Channels {
		e.channels[ch.Type()] = ch
	}
	return e, nil
}

// ErrRunning is what Run returns while another Run of the same Engine goes on.
var ErrRunning = errors.New("subscription: engine is running already")

// Run sequences and delivers until ctx ends, then lets the attempts under way come
// to their end, for at most DrainTimeout, records their outcomes and gives its leases
// back, for at most SendTimeout each if the store hangs, and returns nil.
// Failures of the store don't end it: it waits and tries again. It may be called
// again after it has returned.
func (e *Engine) Run(ctx context.Context) error {
	if !e.running.CompareAndSwap(false, true) {
		return ErrRunning
	}
	defer e.running.Store(false)

	// What an earlier process of this name still held is ours.
	if err := e.release(ctx); err != nil && ctx.Err() == nil {
		e.cfg.Logger.Warn("leases of an earlier run stay until they run out", "error", err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { e.sequence(ctx) })
	wg.Go(func() { e.exchange(ctx) })
	wg.Go(func() { (&deliverer{engine: e}).run(ctx) })
	wg.Go(func() { e.follow(ctx) })
	wg.Go(func() { e.prune(ctx) })
	wg.Go(func() { e.measure(ctx) })
	wg.Wait()

	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.cfg.SendTimeout)
	defer cancel()
	if err := e.release(last); err != nil {
		return fmt.Errorf("subscription: leases stay until they run out: %w", err)
	}
	return nil
}

func (e *Engine) release(ctx context.Context) error {
	return e.cfg.Store.Release(ctx, e.cfg.Node)
}

// bounded is ctx for a call of the store that would not be worth waiting for any
// longer: the connection may be dead, and another one alive.
func (e *Engine) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, 2*e.cfg.Lease)
}

// location returns the absolute URL of a resource on the host's server.
func (e *Engine) location(parts ...string) string {
	length := len(e.cfg.BaseURL)
	for _, part := range parts {
		length += 1 + len(part)
	}
	var url strings.Builder
	url.Grow(length)
	url.WriteString(e.cfg.BaseURL)
	for _, part := range parts {
		url.WriteByte('/')
		url.WriteString(part)
	}
	return url.String()
}

// newID returns a random UUID.
func newID() string {
	var id uuid.UUID
	_, _ = rand.Read(id[:])                         // which never fails
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // version 4 of RFC 9562
	return id.String()
}
