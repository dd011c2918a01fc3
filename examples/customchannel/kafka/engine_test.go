package kafka

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
	fhirtopic "github.com/carillon-fhir/carillon/topic"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	finished = "https://topics.example.com/SubscriptionTopic/encounter-finished"
	guide    = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
	system   = "https://carillon-fhir.github.io/channels"
)

// TestEngine: a Subscription of each release puts its notifications onto a topic, in
// their order.
func TestEngine(t *testing.T) {
	for release, text := range map[subscription.Release]string{
		subscription.R4: `{"resourceType":"Subscription","status":"requested","reason":"test","criteria":"` + finished + `","channel":{"type":"rest-hook",
			"_type":{"extension":[{"url":"` + guide + `backport-channel-type","valueCoding":{"system":"` + system + `","code":"%s"}}]},
			"endpoint":"kafka:fhir.ward7","payload":"application/fhir+json"}}`,
		subscription.R5: `{"resourceType":"Subscription","status":"requested","topic":"` + finished + `","channelType":{"system":"` + system + `","code":"%s"},
			"endpoint":"kafka:fhir.ward7","contentType":"application/fhir+json"}`,
	} {
		t.Run(release.String(), func(t *testing.T) {
			cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, "fhir.ward7"))
			require.NoError(t, err)
			defer cluster.Close()
			channel, err := New(kgo.SeedBrokers(cluster.ListenAddrs()...))
			require.NoError(t, err)
			defer func() { require.NoError(t, channel.Close()) }()
			consumer, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.ConsumeTopics("fhir.ward7"))
			require.NoError(t, err)
			defer consumer.Close()
			var waiting []*kgo.Record
			next := func() *notification.Notification {
				for len(waiting) == 0 {
					fetches := consumer.PollFetches(t.Context())
					require.NoError(t, fetches.Err())
					waiting = fetches.Records()
				}
				record := waiting[0]
				waiting = waiting[1:]
				n, err := notification.Parse(record.Value)
				require.NoError(t, err)
				require.Equal(t, kgo.RecordHeader{Key: "id", Value: []byte(n.ID)}, record.Headers[0])
				require.Equal(t, kgo.RecordHeader{Key: "content-type", Value: []byte("application/fhir+json")}, record.Headers[1])
				return n
			}

			about, err := fhirtopic.Parse([]byte(`{"resourceType":"SubscriptionTopic","url":"` + finished + `","status":"active",
				"resourceTrigger":[{"resource":"Encounter","supportedInteraction":["create"]}]}`))
			require.NoError(t, err)
			engine, err := subscription.New(subscription.Config{
				Release: release, BaseURL: "https://fhir.example.org/fhir", Store: memory.New(), Channels: []subscription.Channel{channel},
				Topics: []*fhirtopic.Topic{about}, Authorizer: subscription.InsecureAllowAll{},
			})
			require.NoError(t, err)
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() { ended <- engine.Run(ctx) }()
			defer func() {
				cancel()
				require.NoError(t, <-ended)
			}()

			_, err = engine.Create(ctx, "", json.RawMessage(fmt.Sprintf(text, "jetstream")))
			var refusal *subscription.Refusal
			require.True(t, errors.As(err, &refusal), "it isn't registered here")
			_, err = engine.Create(ctx, "", json.RawMessage(fmt.Sprintf(text, "kafka")))
			require.NoError(t, err)
			require.Equal(t, notification.Handshake, next().Type)
			for number := range int64(20) {
				require.NoError(t, engine.OnResourceChange(ctx, subscription.ResourceChange{Interaction: subscription.Create,
					Resource: json.RawMessage(fmt.Sprintf(`{"resourceType":"Encounter","id":"%d"}`, number))}))
			}
			for number := range int64(20) {
				require.Equal(t, number+1, next().Events[0].Number)
			}
		})
	}
}

// TestUnknownTopic: waiting won't mend it.
func TestUnknownTopic(t *testing.T) {
	err := channel(t, newBroker(t)).Send(t.Context(), subscription.Target{Endpoint: "kafka:fhir.nobody", Timeout: time.Minute}, subscription.Message{ID: "1"})
	require.EqualError(t, err, "kafka: UNKNOWN_TOPIC_OR_PARTITION")
	require.Equal(t, subscription.Permanent(errors.New("kafka: UNKNOWN_TOPIC_OR_PARTITION")), err)
}
