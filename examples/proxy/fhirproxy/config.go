package fhirproxy

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/channel/email"
	"github.com/carillon-fhir/carillon/examples/host"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// Config says how a Proxy behaves. The zero value of every field that is not marked as
// required is a good choice.
type Config struct {
	Upstream string               // required: the FHIR base of the server behind, such as https://ehr.example.org/r4
	BaseURL  string               // required: the FHIR base as clients know it; its path is where Handler serves
	Release  subscription.Release // the upstream's; default R4
	Topics   []*topic.Topic       // what clients may subscribe to

	// Authorization is the value of the header Authorization by which the proxy itself reads
	// from the upstream: what a resource was before a write, what a crash has left open, the
	// history, what topics include. Without it, what belongs to a request is read with that
	// request's own headers, and all else with none.
	Authorization string

	// Poll is how often the upstream's history is asked for writes that did not come
	// through the proxy. Default: never, but for one time at the start, which finds
	// what was written while the proxy was not there.
	Poll time.Duration

	// InsecureAllowAll lets everybody subscribe to everything and get whole resources,
	// whatever the upstream would let them read. Without it, see the package documentation.
	InsecureAllowAll bool

	Store         string               // see host.CheckStore; default memory: nothing survives
	AllowPrivate  bool                 // see host.ChannelConfig
	Mail          email.Config         // see host.ChannelConfig; Handler serves its page
	Classic       []string             // see subscription.Config
	StatusRelease subscription.Release // see subscription.Config
	Metrics       bool                 // Handler serves what Prometheus asks for at host.MetricsPath, to whoever reaches it

	// For the engine; see subscription.Config.
	Node           string
	Retry          []time.Duration
	Lease          time.Duration
	MinHeartbeat   time.Duration
	HandshakeDelay time.Duration

	Transport http.RoundTripper // to the upstream; default: one that dials it directly, without compression of its own
	Logger    *slog.Logger      // default: discards everything
}

// complete returns c with its defaults, or everything that is wrong with it.
func (c Config) complete() (Config, error) {
	if c.Release == 0 {
		c.Release = subscription.R4
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Node == "" {
		name, err := os.Hostname()
		if err != nil {
			return c, fmt.Errorf("fhirproxy: Node: %w", err)
		}
		c.Node = name
	}
	if c.Transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.Proxy, t.DisableCompression, t.MaxIdleConnsPerHost = nil, true, 100 // what passes through stays as it is
		c.Transport = t
	}
	c.BaseURL, c.Upstream = strings.TrimRight(c.BaseURL, "/"), strings.TrimRight(c.Upstream, "/")
	var errs []error
	for name, value := range map[string]string{"BaseURL": c.BaseURL, "Upstream": c.Upstream} {
		u, err := url.Parse(value)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			errs = append(errs, errors.New("fhirproxy: "+name+" must be an absolute http or https URL without user and query"))
		}
	}
	if c.Release.Version() == "" {
		errs = append(errs, errors.New("fhirproxy: Release must be R4, R4B or R5"))
	}
	if c.Poll < 0 {
		errs = append(errs, errors.New("fhirproxy: Poll must not be negative"))
	}
	if err := host.CheckStore(c.Store); err != nil {
		errs = append(errs, err)
	}
	return c, errors.Join(errs...)
}
