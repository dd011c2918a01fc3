// Package jetstream is a channel of a host's own: notifications go onto a subject of
// NATS JetStream. What it needs to know of Carillon is the interface
// subscription.Channel and its suite.
package jetstream

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/carillon-fhir/carillon/subscription"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Channel publishes to the subject that a Subscription's endpoint names, such as
// nats:fhir.ward7. Subscriptions are strangers' input: they reach subjects that begin
// with "fhir." and no others.
type Channel struct{ js jetstream.JetStream }

// New returns a Channel over a connection, which stays its owner's.
func New(js jetstream.JetStream) *Channel { return &Channel{js} }

// Type is what Subscriptions say: in R4 by a backport-channel-type with this system and
// code, in R5 by channelType.
func (*Channel) Type() string { return "https://carillon-fhir.github.io/channels|jetstream" }

var subject = regexp.MustCompile(`^nats:(fhir(?:\.[A-Za-z0-9_-]+)+)$`) // no wildcards

// Check contacts nobody.
func (*Channel) Check(_ context.Context, t subscription.Target) error {
	switch {
	case len(t.Endpoint) > 200 || !subject.MatchString(t.Endpoint):
		return &subscription.ElementError{Element: "Subscription.channel.endpoint", Problem: "want nats:fhir.NAME"}
	case len(t.Headers) > 0:
		return &subscription.ElementError{Element: "Subscription.channel.header", Code: "not-supported", Problem: "has no meaning here"}
	}
	return nil
}

var (
	errFull   = errors.New("jetstream: the stream takes no more for now")
	errLarge  = errors.New("jetstream: the message is too large for the stream")
	errStream = errors.New("jetstream: no stream has this subject")
	errTarget = errors.New("jetstream: endpoint or header not allowed")
)

// Send returns when the stream has stored the message, or knows it: Nats-Msg-Id is the
// same for each attempt to send the same events, and JetStream drops the second.
func (c *Channel) Send(ctx context.Context, t subscription.Target, m subscription.Message) error {
	if c.Check(ctx, t) != nil {
		return subscription.Permanent(errTarget)
	}
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	out := &nats.Msg{Subject: subject.FindStringSubmatch(t.Endpoint)[1], Data: m.Body, Header: nats.Header{"Content-Type": {m.ContentType}}}
	_, err := c.js.PublishMsg(ctx, out, jetstream.WithMsgID(m.ID), jetstream.WithRetryAttempts(0)) // to retry is the engine's
	var answer *jetstream.APIError
	switch { // no text of the broker's, which may hold the subject
	case err == nil:
		return nil
	case errors.Is(err, jetstream.ErrNoStreamResponse):
		return subscription.Permanent(errStream)
	case errors.Is(err, nats.ErrMaxPayload):
		return subscription.Permanent(errLarge)
	case errors.As(err, &answer) && answer.ErrorCode == 10054: // message size exceeds maximum allowed
		return subscription.Permanent(errLarge)
	case errors.As(err, &answer):
		return errFull
	case ctx.Err() != nil:
		return fmt.Errorf("jetstream: no answer in time: %w", ctx.Err())
	}
	return errors.New("jetstream: not published")
}
