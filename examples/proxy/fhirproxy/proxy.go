package fhirproxy

import (
	"context"
	"errors"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/carillon-fhir/carillon/examples/host"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic/celtopic"
	"github.com/carillon-fhir/carillon/topic/search"
)

// Proxy stands before a FHIR server. All methods but Close may be called at the same time.
type Proxy struct {
	cfg      Config
	base     *url.URL
	upstream *upstream
	db       *host.Database
	journal  *journal
	channels *host.Channels
	engine   *subscription.Engine
	pass     *httputil.ReverseProxy
	locks    locks
	offered  map[string][]string // resource types by the topics' canonicals; see credentials
	wanted   []string            // resource types that any topic looks at
	caughtUp atomic.Bool         // what was written before the start is recorded
	warned   atomic.Int64        // when it was said last that something can't be settled, in seconds

	subscriptions http.Handler
	connections   http.Handler // of the websocket
	metrics       http.Handler // nil: none
}

// Open opens or creates the database, checks the topics and makes the engine ready. It
// starts nothing, and does not speak to the upstream: Run does. Its error lists
// everything that is wrong.
func Open(ctx context.Context, cfg Config) (_ *Proxy, err error) {
	if cfg, err = cfg.complete(); err != nil {
		return nil, err
	}
	p := &Proxy{cfg: cfg, offered: typesOf(cfg.Topics)}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Close())
		}
	}()
	if p.base, err = url.Parse(cfg.BaseURL); err != nil {
		return nil, err
	}
	if p.upstream, err = newUpstream(cfg); err != nil {
		return nil, err
	}
	if p.db, err = host.Open(ctx, cfg.Store, schema()); err != nil {
		return nil, err
	}
	if p.channels, err = host.OpenChannels(host.ChannelConfig{BaseURL: cfg.BaseURL, AllowPrivate: cfg.AllowPrivate, Mail: cfg.Mail}); err != nil {
		return nil, err
	}
	if err = p.openEngine(); err != nil {
		return nil, err
	}
	for _, t := range search.ResourceTypes(cfg.Release) {
		if p.wants(t, subscription.Create, subscription.Update, subscription.Delete) {
			p.wanted = append(p.wanted, t)
		}
	}
	p.journal = &journal{db: p.db, node: cfg.Node, engine: p.engine}
	if err = p.journal.reclaim(ctx); err != nil {
		return nil, err
	}
	p.subscriptions = p.engine.Handler(subscription.HandlerConfig{})
	p.connections = p.channels.Sockets.Handler(p.engine)
	p.pass = p.reverse()
	return p, nil
}

func (p *Proxy) openEngine() error {
	cel, err := celtopic.New(celtopic.Config{Release: p.cfg.Release})
	if err != nil {
		return err
	}
	config := subscription.Config{
		Store: p.db.Store, Channels: p.channels.List, Topics: p.cfg.Topics,
		Authorizer: credentials{p}, Resolver: resolver{p}, Evaluators: []subscription.TopicEvaluator{cel},
		BaseURL: p.cfg.BaseURL, Release: p.cfg.Release, StatusRelease: p.cfg.StatusRelease, Classic: p.cfg.Classic,
		Node: p.cfg.Node, Retry: p.cfg.Retry, HandshakeDelay: p.cfg.HandshakeDelay, MinHeartbeat: p.cfg.MinHeartbeat,
		Lease: p.cfg.Lease, Logger: p.cfg.Logger,
	}
	if p.cfg.InsecureAllowAll {
		config.Authorizer = subscription.InsecureAllowAll{}
	}
	if p.cfg.Lease > 0 && p.cfg.Lease < time.Minute {
		config.SendTimeout = p.cfg.Lease / 2 // an attempt must end before its lease
	}
	if p.cfg.Metrics {
		if config.Observer, p.metrics, err = host.OpenMetrics(); err != nil {
			return err
		}
	}
	p.engine, err = subscription.New(config)
	return err
}

// Run runs the engine, settles what writes have left open, and follows the upstream's
// history, until ctx ends; deliveries under way come to their end. It returns nil.
func (p *Proxy) Run(ctx context.Context) error {
	ended := make(chan struct{}, 2)
	go func() { p.settleAll(ctx); ended <- struct{}{} }()
	go func() { p.follow(ctx); ended <- struct{}{} }()
	err := p.engine.Run(ctx)
	<-ended
	<-ended
	return err
}

// Close closes the database and connections. Requests must have ended and Run returned.
func (p *Proxy) Close() error {
	errs := []error{p.channels.Close()}
	if t, ok := p.cfg.Transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
	if p.db != nil {
		errs = append(errs, p.db.Close())
	}
	return errors.Join(errs...)
}

// wants reports whether any topic looks at one of the interactions on a resource type.
func (p *Proxy) wants(resourceType string, interactions ...subscription.Interaction) bool {
	for _, i := range interactions {
		if current, previous := p.engine.Wants("", resourceType, i); current || previous {
			return true
		}
	}
	return false
}
