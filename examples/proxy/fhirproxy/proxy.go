package fhirproxy

import (
	"context"
	"errors"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"

	"github.com/carillon-fhir/carillon/examples/host"
	"github.com/carillon-fhir/carillon/subscription"
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
	api           http.Handler // of FHIR
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
	if p.channels, err = cfg.OpenChannels(nil); err != nil {
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
	p.api = p.cfg.Traced(http.HandlerFunc(p.serveFHIR))
	return p, nil
}

func (p *Proxy) openEngine() error {
	config, metrics, err := p.cfg.Engine(p.db, p.channels)
	if err != nil {
		return err
	}
	config.Authorizer, config.Resolver = credentials{p}, resolver{p}
	if p.cfg.InsecureAllowAll {
		config.Authorizer = subscription.InsecureAllowAll{}
	}
	p.metrics = metrics
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
