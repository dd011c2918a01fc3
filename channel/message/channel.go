package message

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/carillon-fhir/carillon/channel/egress"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

// Config is what a host decides about the channel.
type Config struct {
	// Source is the URL of this server, for MessageHeader.source. Required.
	Source string
	// Event says what the messages are about, for MessageHeader.event. Receivers choose
	// by it what to do. The standard fixes none; the zero value is that of its examples:
	// system http://example.org/fhir/message-events, code subscription-notification.
	Event notification.Coding
	// Destinations are the base URLs of the servers that Subscriptions may name as their
	// endpoint (CH-MSG-05). None: all that HTTP lets through.
	Destinations []string
	// HTTP is how they are reached. Its zero value is safe on the open internet.
	HTTP egress.Config
}

// Channel sends notifications as FHIR messages. It implements subscription.Channel; all
// methods may be called from several goroutines at once. Make one with New.
type Channel struct {
	source       string
	event        notification.Coding
	destinations map[string]bool // nil: all
	sender       *egress.Sender
}

var _ subscription.Channel = (*Channel)(nil)

// New returns a Channel, or all that is wrong with config. It opens nothing and starts
// nothing.
func New(config Config) (*Channel, error) {
	c := &Channel{source: config.Source, event: config.Event}
	var errs []error
	if canonical(config.Source) == "" {
		errs = append(errs, errors.New("message: Source must be an absolute http or https URL"))
	}
	switch {
	case c.event == notification.Coding{}:
		c.event = notification.Coding{System: "http://example.org/fhir/message-events", Code: "subscription-notification"}
	case c.event.System == "" || c.event.Code == "":
		errs = append(errs, errors.New("message: Event needs a System and a Code"))
	}
	for i, destination := range config.Destinations {
		base := canonical(strings.TrimSuffix(destination, "/"))
		if base == "" {
			errs = append(errs, fmt.Errorf("message: Destinations[%d] must be an absolute http or https URL", i))
		}
		if c.destinations == nil {
			c.destinations = map[string]bool{}
		}
		c.destinations[base] = true
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	c.sender = egress.New(config.HTTP)
	return c, nil
}

// Type returns "message".
func (c *Channel) Type() string { return "message" }

// Check decides whether the Subscription may use this channel: its endpoint must be the
// base of a FHIR server, without a query (CH-MSG-01), and one of Destinations.
// The rest is egress.Sender's Check. It contacts nobody and returns an
// *subscription.ElementError that holds no value of the Subscription.
func (c *Channel) Check(ctx context.Context, t subscription.Target) error {
	base, problem := c.base(t.Endpoint)
	if err := c.sender.Check(ctx, operation(t, base)); err != nil {
		return err
	}
	if problem != "" {
		return &subscription.ElementError{Element: "Subscription.channel.endpoint", Problem: problem}
	}
	return nil
}

// Send makes one POST of a message to $process-message at t.Endpoint, with the
// Subscription's headers and m.ContentType. What it returns is what egress.Sender's Send
// does for the same status, but that the answer to a 2xx counts: a message whose
// MessageHeader.response has code transient-error is a transient error, one with
// fatal-error a Permanent one, and an OperationOutcome is the one or the other by the
// codes of its issues of severity error and fatal. If an attempt has failed before, the code
// duplicate is success: the receiver has taken that one. A body that is neither, or none at
// all, is success.
//
// A ResponseError, egress.StatusError, egress.ErrBlocked, context.DeadlineExceeded or
// context.Canceled can be found in the error with errors.As and errors.Is. It holds
// nothing of the endpoint or its answer.
//
// Failure policy: an attempt whose answer breaks off, is longer than 64 KiB or is XML
// fails, though the endpoint may have taken the message; the engine sends it again, and
// the MessageHeader.id, which is the same, tells the receiver.
func (c *Channel) Send(ctx context.Context, t subscription.Target, m subscription.Message) error {
	if err := c.send(ctx, t, m); err != nil {
		return fmt.Errorf("message: %w", err)
	}
	return nil
}

func (c *Channel) send(ctx context.Context, t subscription.Target, m subscription.Message) (err error) {
	base, problem := c.base(t.Endpoint)
	if problem != "" {
		return subscription.Permanent(errTarget)
	}
	if m.Body, err = c.bundle(base, m); err != nil {
		return err
	}
	return c.sender.Ask(ctx, operation(t, base), m, understanding(m.Failed > 0))
}

var errTarget = errors.New("endpoint not allowed")

// Close closes the connections that wait for the next attempt. An attempt that is under
// way goes on, and the channel may be used again.
func (c *Channel) Close() error { return c.sender.Close() }

// base returns the base of the FHIR server that an endpoint is, and what else than
// egress.Sender's Check would say is wrong with it.
func (c *Channel) base(endpoint string) (base, problem string) {
	base = strings.TrimSuffix(endpoint, "/")
	switch {
	case strings.Contains(base, "?"):
		return base, "want the base URL of a FHIR server, without a query"
	case strings.HasSuffix(base, processMessage):
		return base, "want the base URL of a FHIR server: " + processMessage + " is appended to it"
	case c.destinations != nil && !c.destinations[canonical(base)]:
		return base, "this server sends messages to agreed destinations only"
	}
	return base, ""
}

const processMessage = "/$process-message"

// operation is t with the operation of its base for an endpoint.
func operation(t subscription.Target, base string) subscription.Target {
	if base != "" {
		t.Endpoint = base + processMessage
	}
	return t
}

// canonical returns a base URL in a form that can be compared, or "" if it is none.
func canonical(base string) string {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || strings.ContainsAny(base, "?#") {
		return ""
	}
	host := strings.ToLower(u.Host)
	host = strings.TrimSuffix(host, map[string]string{"https": ":443", "http": ":80"}[u.Scheme])
	return u.Scheme + "://" + host + u.EscapedPath()
}
