package jetstream

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
	"github.com/carillon-fhir/carillon/topic"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
)

const finished = "https://topics.example.com/SubscriptionTopic/encounter-finished"

// custom writes a Subscription over a channel of that system and code.
var custom = map[subscription.Release]func(system, code, endpoint string) string{
	subscription.R4: func(system, code, endpoint string) string {
		const guide = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
		return fmt.Sprintf(`{"resourceType":"Subscription","status":"requested","reason":"test","criteria":%q,"channel":{"type":"rest-hook",
			"_type":{"extension":[{"url":"%sbackport-channel-type","valueCoding":{"system":%q,"code":%q}}]},"endpoint":%q,"payload":"application/fhir+json",
			"_payload":{"extension":[{"url":"%[2]sbackport-payload-content","valueCode":"full-resource"}]}}}`, finished, guide, system, code, endpoint)
	},
	subscription.R5: func(system, code, endpoint string) string {
		return fmt.Sprintf(`{"resourceType":"Subscription","status":"requested","topic":%q,"channelType":{"system":%q,"code":%q},
			"endpoint":%q,"contentType":"application/fhir+json","content":"full-resource"}`, finished, system, code, endpoint)
	},
}

// TestEngine: Subscriptions name the channel as their release has it, and its
// notifications arrive in the stream, each once.
func TestEngine(t *testing.T) {
	const system = "https://carillon-fhir.github.io/channels"
	for release, write := range custom {
		t.Run(release.String(), func(t *testing.T) {
			js := streams(t, broker(t))
			stream, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "fhir", Subjects: []string{"fhir.>"}})
			require.NoError(t, err)
			consumer, err := stream.OrderedConsumer(t.Context(), jetstream.OrderedConsumerConfig{})
			require.NoError(t, err)
			messages, err := consumer.Messages()
			require.NoError(t, err)
			defer messages.Stop()
			next := func() (*notification.Notification, string) {
				m, err := messages.Next()
				require.NoError(t, err)
				require.Equal(t, "fhir.ward7", m.Subject())
				n, err := notification.Parse(m.Data())
				require.NoError(t, err)
				require.Equal(t, n.ID, m.Headers().Get("Nats-Msg-Id"))
				return n, m.Headers().Get("Content-Type")
			}

			about, err := topic.Parse([]byte(`{"resourceType":"SubscriptionTopic","url":"` + finished + `","status":"active",
				"resourceTrigger":[{"resource":"Encounter","supportedInteraction":["create"]}]}`))
			require.NoError(t, err)
			active := make(chan bool, 1)
			channel := New(js)
			engine, err := subscription.New(subscription.Config{
				Release: release, BaseURL: "https://fhir.example.org/fhir", Store: memory.New(), Channels: []subscription.Channel{channel},
				Topics: []*topic.Topic{about}, Authorizer: subscription.InsecureAllowAll{},
				OnStatus: func(_ context.Context, s subscription.StatusUpdate) error {
					if s.Status == subscription.StatusActive {
						active <- true
					}
					return nil
				},
			})
			require.NoError(t, err)
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() { ended <- engine.Run(ctx) }()
			defer func() {
				cancel()
				require.NoError(t, <-ended)
			}()

			channelType, endpoint := "Subscription.channel.type", "Subscription.channel.endpoint"
			if release == subscription.R5 {
				channelType, endpoint = "Subscription.channelType", "Subscription.endpoint"
			}
			for name, refused := range map[string]struct{ raw, element string }{
				"another channel": {write(system, "carrier-pigeon", "nats:fhir.ward7"), channelType},
				"another system":  {write("https://example.org", "jetstream", "nats:fhir.ward7"), channelType},
				"no code":         {write(system, "", "nats:fhir.ward7"), channelType},
				"all subjects":    {write(system, "jetstream", "nats:fhir.>"), endpoint},
			} {
				_, err := engine.Create(ctx, "", json.RawMessage(refused.raw))
				var refusal *subscription.Refusal
				require.True(t, errors.As(err, &refusal), name)
				require.Contains(t, refusal.Issues[0].Element, refused.element, name)
			}

			_, err = engine.Create(ctx, "", json.RawMessage(write(system, "jetstream", "nats:fhir.ward7")))
			require.NoError(t, err)
			handshake, contentType := next()
			require.Equal(t, notification.Handshake, handshake.Type)
			require.Equal(t, "application/fhir+json", contentType)
			<-active
			encounter := json.RawMessage(`{"resourceType":"Encounter","id":"1","status":"finished"}`)
			require.NoError(t, engine.OnResourceChange(ctx, subscription.ResourceChange{Interaction: subscription.Create, Resource: encounter}))
			event, _ := next()
			require.Equal(t, int64(1), event.Events[0].Number)
			require.JSONEq(t, string(encounter), string(event.Events[0].Focus.Resource))

			// An attempt whose answer was lost is made again, and the stream knows it.
			again := subscription.Message{ID: event.ID, ContentType: contentType, Body: []byte("again")}
			require.NoError(t, channel.Send(ctx, subscription.Target{Endpoint: "nats:fhir.ward7", Timeout: time.Minute}, again))
			info, err := stream.Info(ctx)
			require.NoError(t, err)
			require.Equal(t, uint64(2), info.State.Msgs)
		})
	}
}
