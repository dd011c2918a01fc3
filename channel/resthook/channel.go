package resthook

import (
	"context"
	"fmt"

	"github.com/carillon-fhir/carillon/channel/egress"
	"github.com/carillon-fhir/carillon/subscription"
)

// What a rest-hook needs is what every request to an endpoint needs: see package
// egress for the fields and methods.
type (
	// Config is what a host may decide about the channel. Its zero value works and is
	// safe.
	Config = egress.Config
	// Credentials are what a tenant shows to one host.
	Credentials = egress.Credentials
	// OAuth gets access tokens by the grant client_credentials.
	OAuth = egress.OAuth
	// ClientKey is the private key of a client of SMART Backend Services.
	ClientKey = egress.ClientKey
	// SigningKey signs requests as Standard Webhooks does.
	SigningKey = egress.SigningKey
	// StatusError says that the endpoint answered, and with which status.
	StatusError = egress.StatusError
)

var (
	// ErrBlocked says that the endpoint's address is of a special-purpose range that
	// Config.AllowNetworks does not allow.
	ErrBlocked = egress.ErrBlocked
	// ErrClientKey says that a text is no key for SMART Backend Services.
	ErrClientKey = egress.ErrClientKey
	// ErrSigningKey says that a text is no signing key.
	ErrSigningKey = egress.ErrSigningKey
)

// ParseClientKey reads a private JSON Web Key; see egress.ParseClientKey. The error is
// ErrClientKey.
func ParseClientKey(jwk []byte) (*ClientKey, error) { return egress.ParseClientKey(jwk) }

// ParseSigningKey reads a key in the form of Standard Webhooks; see
// egress.ParseSigningKey. The error is ErrSigningKey.
func ParseSigningKey(text string) (SigningKey, error) { return egress.ParseSigningKey(text) }

// Channel sends notifications to HTTP endpoints. It implements
// subscription.Channel; all methods may be called from several goroutines at once.
// Make one with New.
type Channel struct {
	// ClassicPost: what a classic Subscription with a payload gets is POSTed to its
	// endpoint as it stands. Default: it is PUT to [endpoint]/[type]/[id], as the standard
	// says (CLS-07, CLS-08). It is set before the channel is used.
	ClassicPost bool

	sender *egress.Sender
}

var _ subscription.Channel = (*Channel)(nil)

// New returns a Channel. It opens nothing and starts nothing.
func New(config Config) *Channel { return &Channel{sender: egress.New(config)} }

// Type returns "rest-hook".
func (c *Channel) Type() string { return "rest-hook" }

// Check decides whether the Subscription may use this channel (ACC-04 to
// ACC-06, CH-REST-09). It contacts nobody, resolves no name, asks Config's functions
// for the credentials and secrets that Send would need, and returns an
// *subscription.ElementError that holds no value of the Subscription.
func (c *Channel) Check(ctx context.Context, t subscription.Target) error {
	if err := c.checkClassic(t); err != nil {
		return err
	}
	return c.sender.Check(ctx, t)
}

// Send makes one POST of m.Body to t.Endpoint as it is, with the Subscription's headers
// and m.ContentType (CH-REST-01 to CH-REST-03, CH-REST-07). It returns nil for
// any 2xx; Gone for a 410; RetryAfter for a 429 or 503 that says how long to wait;
// Permanent for 400, 401, 403, 404, 405, 413, 415, 422 and 501, and for a Target that
// Check would refuse; and for everything else, redirects included, an error that counts
// as transient.
//
// A StatusError, ErrBlocked, context.DeadlineExceeded or context.Canceled can be
// found in the error with errors.As and errors.Is. It holds nothing of the endpoint
// or its answer.
//
// For a classic Subscription it is what the package documentation says.
//
// What else becomes of an attempt, with access tokens, secrets and connections that
// break, is told at egress.Sender's Send.
func (c *Channel) Send(ctx context.Context, t subscription.Target, m subscription.Message) error {
	if err := c.send(ctx, t, m); err != nil {
		return fmt.Errorf("resthook: %w", err)
	}
	return nil
}

// Close closes the connections that wait for the next attempt. An attempt that is
// under way goes on, and the channel may be used again.
func (c *Channel) Close() error { return c.sender.Close() }
