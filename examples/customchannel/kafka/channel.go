// Package kafka is a channel of a host's own: notifications go onto a topic of Kafka.
package kafka

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/carillon-fhir/carillon/subscription"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Channel produces to the topic that a Subscription's endpoint names, such as
// kafka:fhir.ward7. Subscriptions are strangers' input: they reach topics that begin with
// "fhir." and no others.
type Channel struct{ client *kgo.Client }

// New returns a Channel to the brokers that options name. Close it in the end.
func New(options ...kgo.Opt) (*Channel, error) {
	client, err := kgo.NewClient(append(slices.Clone(options),
		// To retry is the engine's, and an attempt ends when its time is up.
		kgo.RecordRetries(0), kgo.UnknownTopicRetries(0), kgo.DisableIdempotentWrite(),
		kgo.ProducerLinger(0), kgo.ProducerBatchMaxBytes(16<<20))...)
	if err != nil {
		return nil, err
	}
	return &Channel{client}, nil
}

// Type is what Subscriptions say: in R4 by a backport-channel-type with this system and
// code, in R5 by channelType.
func (*Channel) Type() string { return "https://carillon-fhir.github.io/channels|kafka" }

var topic = regexp.MustCompile(`^kafka:(fhir(?:\.[A-Za-z0-9_-]+)+)$`)

// Check contacts nobody.
func (*Channel) Check(_ context.Context, t subscription.Target) error {
	switch {
	case len(t.Endpoint) > 200 || !topic.MatchString(t.Endpoint):
		return &subscription.ElementError{Element: "Subscription.channel.endpoint", Problem: "want kafka:fhir.NAME"}
	case len(t.Headers) > 0:
		return &subscription.ElementError{Element: "Subscription.channel.header", Code: "not-supported", Problem: "has no meaning here"}
	}
	return nil
}

var errTarget = errors.New("kafka: endpoint or header not allowed")

// Send returns when all replicas have the record. One partition has all of a
// Subscription's, in their order. The header id is the same for each attempt to send the
// same events, so that consumers can drop the second.
func (c *Channel) Send(ctx context.Context, t subscription.Target, m subscription.Message) error {
	if c.Check(ctx, t) != nil {
		return subscription.Permanent(errTarget)
	}
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	if ctx.Err() != nil {
		return fmt.Errorf("kafka: not sent: %w", ctx.Err())
	}
	answered := make(chan error, 1)
	c.client.Produce(ctx, &kgo.Record{
		Topic: topic.FindStringSubmatch(t.Endpoint)[1], Key: []byte(t.Tenant + "/" + t.Subscription),
		Value:   bytes.Clone(m.Body), // the client may go on reading after Send has returned
		Headers: []kgo.RecordHeader{{Key: "id", Value: []byte(m.ID)}, {Key: "content-type", Value: []byte(m.ContentType)}},
	}, func(_ *kgo.Record, err error) { answered <- err })
	select {
	case err := <-answered:
		return classify(ctx, err)
	case <-ctx.Done():
		return fmt.Errorf("kafka: no answer in time: %w", ctx.Err())
	}
}

// classify keeps the broker's code and nothing else of an error.
func classify(ctx context.Context, err error) error {
	var broker *kerr.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &broker) && (!broker.Retriable || broker == kerr.UnknownTopicOrPartition):
		return subscription.Permanent(errors.New("kafka: " + broker.Message))
	case broker != nil:
		return errors.New("kafka: " + broker.Message)
	case ctx.Err() != nil:
		return fmt.Errorf("kafka: no answer in time: %w", ctx.Err())
	}
	return errors.New("kafka: not produced")
}

// Close ends the connections to the brokers.
func (c *Channel) Close() error {
	c.client.Close()
	return nil
}
