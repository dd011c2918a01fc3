package fhirserver

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/carillon-fhir/carillon/examples/host"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/subscription/console"
	"github.com/carillon-fhir/carillon/topic/celtopic"
)

// Server is a FHIR server. All methods but Close may be called at the same time.
type Server struct {
	cfg           Config
	basePath      string
	db            *database
	channels      *host.Channels
	connections   http.Handler // of the websocket
	engine        *subscription.Engine
	subscriptions http.Handler
	consolePath   string
	console       http.Handler // nil: nobody could say who may see all tenants
	capability    []byte
	metrics       http.Handler // nil: none
	offered       sync.Map     // tenants that have the topics
}

// Open opens or creates the database, checks the topics and makes the engine ready.
// It starts nothing: Run does. Its error lists everything that is wrong.
func Open(ctx context.Context, cfg Config) (_ *Server, err error) {
	cfg, err = cfg.complete()
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.db, err = openDatabase(ctx, cfg.Store, cfg.Release); err != nil {
		return nil, err
	}
	if err := s.openEngine(); err != nil {
		return nil, err
	}
	base, err := url.Parse(cfg.BaseURL)
	if err != nil {
		return nil, err
	}
	s.basePath = base.EscapedPath()
	s.consolePath = strings.TrimRight(path.Dir("/"+s.basePath), "/") + "/console"
	s.capability, err = capabilityStatement(cfg.Release, cfg.BaseURL, time.Now().UTC().Format(instant), s.engine.CapabilityFragment(cfg.Release))
	if err != nil {
		return nil, err
	}
	if cfg.TenantHeader == "" {
		return s, s.offerTopics(ctx, "")
	}
	return s, nil // each tenant gets its topics with its first request
}

// openEngine makes the engine over the database.
func (s *Server) openEngine() (err error) {
	if s.channels, err = host.OpenChannels(host.ChannelConfig{
		BaseURL: s.cfg.BaseURL, AllowPrivate: s.cfg.AllowPrivate, Mail: s.cfg.Mail, Tenant: s.tenant,
	}); err != nil {
		return err
	}
	cel, err := celtopic.New(celtopic.Config{Release: s.cfg.Release})
	if err != nil {
		return err
	}
	traffic := new(console.Traffic)
	config := subscription.Config{
		Store: s.db.Store, Channels: s.channels.List, Topics: s.cfg.Topics,
		Authorizer: subscription.InsecureAllowAll{}, Resolver: resources{s}, Evaluators: []subscription.TopicEvaluator{cel},
		BaseURL: s.cfg.BaseURL, Release: s.cfg.Release, StatusRelease: s.cfg.StatusRelease, Classic: s.cfg.Classic,
		Node: s.cfg.Node, Retry: s.cfg.Retry, HandshakeDelay: s.cfg.HandshakeDelay, MinHeartbeat: s.cfg.MinHeartbeat,
		Lease:    s.cfg.Lease,
		MaxBytes: s.cfg.MaxBytes + stampBytes,
		Logger:   s.cfg.Logger, Observer: traffic,
	}
	if s.cfg.Lease > 0 && s.cfg.Lease < time.Minute {
		config.SendTimeout = s.cfg.Lease / 2 // an attempt must end before its lease
	}
	if s.cfg.Metrics {
		observer, metrics, err := host.OpenMetrics()
		if err != nil {
			return err
		}
		config.Observer, s.metrics = subscription.Observers{observer, traffic}, metrics
	}
	if s.engine, err = subscription.New(config); err != nil {
		return err
	}
	s.subscriptions = s.engine.Handler(subscription.HandlerConfig{Tenant: s.tenant})
	s.connections = s.channels.Sockets.Handler(s.engine)
	if s.cfg.TenantHeader == "" {
		// Everybody may do everything here, as by InsecureAllowAll.
		s.console = console.New(s.engine, console.Config{Traffic: traffic, Authorize: func(*http.Request, console.Action, string, string) bool { return true }})
	}
	return nil
}

// stampBytes is more than a resource can grow by its id and meta.
const stampBytes = 1 << 10

// Run runs the engine until ctx ends, lets the deliveries under way come to their end
// and returns nil. It may be called again after it has returned.
func (s *Server) Run(ctx context.Context) error { return s.engine.Run(ctx) }

// Close closes the database. Requests must have ended and Run returned.
func (s *Server) Close() error {
	errs := []error{s.channels.Close()}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	return errors.Join(errs...)
}
