package fhirserver

import (
	"errors"

	"github.com/carillon-fhir/carillon/examples/host"
)

// Config says how a Server behaves. The zero value of every field that is not marked
// as required is a good choice.
type Config struct {
	host.Config

	// TenantHeader names the header that says whose resources a request is about.
	// Something that clients cannot bypass must set it. Default: no tenants.
	TenantHeader string
	MaxBytes     int // largest body and resource; default 10 MB
}

// complete returns c with its defaults, or everything that is wrong with it.
func (c Config) complete() (Config, error) {
	var errs [2]error
	c.Config, errs[0] = c.Config.Complete()
	if c.MaxBytes == 0 {
		c.MaxBytes = 10 << 20
	}
	if c.MaxBytes < 0 {
		errs[1] = errors.New("fhirserver: MaxBytes must not be negative")
	}
	return c, errors.Join(errs[:]...)
}
