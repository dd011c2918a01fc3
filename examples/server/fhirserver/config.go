package fhirserver

import (
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/channel/email"
	"github.com/carillon-fhir/carillon/examples/host"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// Config says how a Server behaves. The zero value of every field that is not marked
// as required is a good choice.
type Config struct {
	BaseURL string               // required: the FHIR base as clients know it; its path is where Handler serves
	Release subscription.Release // default R4
	Topics  []*topic.Topic       // what clients may subscribe to

	StatusRelease subscription.Release // see subscription.Config

	// Store is "memory" (the default: nothing survives), "sqlite:FILE", or, for any
	// number of servers on one database, "postgres:DSN", where DSN is a URL
	// (postgres://...) or a list such as "host=db dbname=fhir pool_max_conns=32".
	// PGHOST, PGPASSWORD and the other variables of PostgreSQL's own programs say what a
	// DSN leaves out.
	Store string

	// AllowPrivate lets Subscriptions have http endpoints and endpoints at loopback and
	// private addresses: for development, never where strangers may subscribe.
	AllowPrivate bool

	// Mail says how Subscriptions get mails; without its Server they don't. Its From is
	// fhir@ the base's host and its ConfirmationURL /confirm beside the base, which
	// Handler serves, unless they are given. AllowPrivate also allows clear text.
	Mail email.Config

	// Classic lists the resource types for which Subscriptions may have query criteria, see
	// subscription.Config; not in R5. Default: none.
	Classic []string

	// TenantHeader names the header that says whose resources a request is about.
	// Something that clients cannot bypass must set it. Default: no tenants.
	TenantHeader string
	MaxBytes     int // largest body and resource; default 10 MB

	// For the engine; see subscription.Config.
	Node           string
	Retry          []time.Duration
	Lease          time.Duration
	MinHeartbeat   time.Duration
	HandshakeDelay time.Duration

	// Metrics lets Handler serve what Prometheus asks for at /metrics, beside the base: to
	// whoever reaches the server.
	Metrics bool

	Logger *slog.Logger // default: discards everything
}

// complete returns c with its defaults, or everything that is wrong with it.
func (c Config) complete() (Config, error) {
	if c.Release == 0 {
		c.Release = subscription.R4
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = 10 << 20
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	var errs []error
	base, err := url.Parse(c.BaseURL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" || base.RawQuery != "" || base.Fragment != "" {
		errs = append(errs, errors.New("fhirserver: BaseURL must be an absolute http or https URL without query"))
	}
	if c.Release.Version() == "" {
		errs = append(errs, errors.New("fhirserver: Release must be R4, R4B or R5"))
	}
	if c.MaxBytes < 0 {
		errs = append(errs, errors.New("fhirserver: MaxBytes must not be negative"))
	}
	if err := host.CheckStore(c.Store); err != nil {
		errs = append(errs, err)
	}
	return c, errors.Join(errs...)
}
