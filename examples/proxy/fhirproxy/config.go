package fhirproxy

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/examples/host"
)

// Config says how a Proxy behaves. The zero value of every field that is not marked as
// required is a good choice.
type Config struct {
	host.Config // its Release is the upstream's

	Upstream string // required: the FHIR base of the server behind, such as https://ehr.example.org/r4

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

	Transport http.RoundTripper // to the upstream; default: one that dials it directly, without compression of its own
}

// complete returns c with its defaults, or everything that is wrong with it.
func (c Config) complete() (Config, error) {
	var err error
	c.Config, err = c.Config.Complete()
	errs := []error{err}
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
	c.Upstream = strings.TrimRight(c.Upstream, "/")
	if !host.IsBase(c.Upstream) {
		errs = append(errs, errors.New("fhirproxy: Upstream must be an absolute http or https URL without user and query"))
	}
	if c.Poll < 0 {
		errs = append(errs, errors.New("fhirproxy: Poll must not be negative"))
	}
	return c, errors.Join(errs...)
}
