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
	api           http.Handler // of FHIR
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
	if s.channels, err = s.cfg.OpenChannels(s.tenant); err != nil {
		return err
	}
	config, metrics, err := s.cfg.Engine(s.db.Database, s.channels)
	if err != nil {
		return err
	}
	traffic := new(console.Traffic)
	watching := subscription.Observers{traffic}
	if config.Observer != nil {
		watching = append(watching, config.Observer)
	}
	config.Authorizer, config.Resolver, config.MaxBytes, config.Observer = subscription.InsecureAllowAll{}, resources{s}, s.cfg.MaxBytes+stampBytes, watching
	s.metrics = metrics
	if s.engine, err = subscription.New(config); err != nil {
		return err
	}
	s.subscriptions = s.engine.Handler(subscription.HandlerConfig{Tenant: s.tenant})
	s.connections = s.channels.Sockets.Handler(s.engine)
	s.api = s.cfg.Traced(http.HandlerFunc(s.serveFHIR))
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
