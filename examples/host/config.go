package host

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/carillon-fhir/carillon/channel/email"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
	"github.com/carillon-fhir/carillon/topic/celtopic"
)

// Config is what every host may be told. The zero value of every field that is not marked
// as required is a good choice.
type Config struct {
	BaseURL string               // required: the FHIR base as clients know it; its path is where the host serves
	Release subscription.Release // of its resources; default R4
	Topics  []*topic.Topic       // what clients may subscribe to

	StatusRelease subscription.Release // see subscription.Config

	// Store is "memory" (the default: nothing survives), "sqlite:FILE", or, for any number
	// of processes on one database, "postgres:DSN", where DSN is a URL (postgres://...) or a
	// list such as "host=db dbname=fhir pool_max_conns=32". PGHOST, PGPASSWORD and the other
	// variables of PostgreSQL's own programs say what a DSN leaves out.
	Store string

	// AllowPrivate lets Subscriptions have http endpoints and endpoints at loopback and
	// private addresses: for development, never where strangers may subscribe.
	AllowPrivate bool

	// Mail says how Subscriptions get mails; without its Server they don't. Its From is
	// fhir@ the base's host and its ConfirmationURL /confirm beside the base, which the
	// host serves, unless they are given. AllowPrivate also allows clear text.
	Mail email.Config

	// Classic lists the resource types for which Subscriptions may have query criteria, see
	// subscription.Config; not in R5. Default: none.
	Classic []string

	// For the engine; see subscription.Config.
	Node           string
	Retry          []time.Duration
	Lease          time.Duration
	MinHeartbeat   time.Duration
	HandshakeDelay time.Duration

	// Metrics lets the host serve what Prometheus asks for at MetricsPath, beside the base: to
	// whoever reaches it.
	Metrics bool

	// TracerProvider gets a trace of each request to the FHIR API, on to the notifications about
	// what it has changed. nil: there are none.
	TracerProvider trace.TracerProvider

	Logger *slog.Logger // default: discards everything
}

// Complete returns c with its defaults, or everything that is wrong with it.
func (c Config) Complete() (Config, error) {
	if c.Release == 0 {
		c.Release = subscription.R4
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	var errs []error
	if !IsBase(c.BaseURL) {
		errs = append(errs, errors.New("host: BaseURL must be an absolute http or https URL without user and query"))
	}
	if c.Release.Version() == "" {
		errs = append(errs, errors.New("host: Release must be R4, R4B or R5"))
	}
	if _, err := opener(c.Store); err != nil {
		errs = append(errs, err)
	}
	return c, errors.Join(errs...)
}

// IsBase reports whether a text can be the base of a FHIR server.
func IsBase(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") && u.RawQuery == "" && u.Fragment == "" && u.User == nil
}

// Engine returns what c says of an engine over a database and channels, and what shows its
// metrics, nil without them. Who may subscribe, and what the engine may read, is the host's
// to add.
func (c Config) Engine(db *Database, channels *Channels) (config subscription.Config, metrics http.Handler, err error) {
	cel, err := celtopic.New(celtopic.Config{Release: c.Release})
	if err != nil {
		return config, nil, err
	}
	config = subscription.Config{
		Store: db.Store, Channels: channels.List, Topics: c.Topics, Evaluators: []subscription.TopicEvaluator{cel},
		BaseURL: c.BaseURL, Release: c.Release, StatusRelease: c.StatusRelease, Classic: c.Classic,
		Node: c.Node, Retry: c.Retry, HandshakeDelay: c.HandshakeDelay, MinHeartbeat: c.MinHeartbeat, Lease: c.Lease,
		Logger: c.Logger,
	}
	if c.Lease > 0 && c.Lease < time.Minute {
		config.SendTimeout = c.Lease / 2 // an attempt must end before its lease
	}
	config.Observer, metrics, err = c.observer()
	return config, metrics, err
}
