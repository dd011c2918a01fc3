package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/url"
	"strings"
)

// Credentials are what a tenant shows to one host. The zero value is nothing but the
// headers of the Subscription.
type Credentials struct {
	// Certificate is the client's in mutual TLS, with its key. An endpoint that asks
	// for one which this is not gets no request. A connection that was opened with an
	// older one is used until it is idle for a minute.
	Certificate *tls.Certificate
	// RootCAs are the authorities of this host's certificate. nil: Config.RootCAs.
	RootCAs *x509.CertPool
	// OAuth gets the access token of the header Authorization, which the Subscription
	// then may not set. nil: no token.
	OAuth *OAuth
	// SigningKeys sign each request, every key on its own, so that a receiver that
	// knows one of them can check it: while keys are rotated there are two. None: no
	// signature.
	SigningKeys []SigningKey
}

// credentials asks the host for what a tenant shows to a host name.
//
// A panic there is no answer: it would come in a goroutine of the transport, where
// nobody else catches it.
func (s *Sender) credentials(ctx context.Context, tenant, host string) (credentials Credentials, err error) {
	if s.config.Credentials == nil {
		return Credentials{}, nil
	}
	defer func() {
		if recover() != nil {
			credentials, err = Credentials{}, errCredentials
		}
	}()
	credentials, err = s.config.Credentials(ctx, tenant, host)
	if err != nil || !credentials.usable() {
		return Credentials{}, errCredentials
	}
	return credentials, nil
}

// usable reports whether what is there is whole. Half a certificate or key would
// otherwise pass for none.
func (c *Credentials) usable() bool {
	if own := c.Certificate; own != nil && (len(own.Certificate) == 0 || own.PrivateKey == nil) {
		return false
	}
	for _, key := range c.SigningKeys {
		if key.sign == nil {
			return false
		}
	}
	return c.OAuth == nil || c.OAuth.usable()
}

// hostOf is the endpoint's host as Config's functions get it.
func hostOf(endpoint *url.URL) string {
	host := strings.ToLower(endpoint.Host)
	if endpoint.Scheme == "https" {
		return strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ":80")
}
