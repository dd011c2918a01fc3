package kafka

import (
	"fmt"
	"sync"
	"testing"

	"github.com/carillon-fhir/carillon/channel/channeltest"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// broker is a Kafka broker in this process that sees every request to produce, and
// answers some of them by itself.
type broker struct {
	*kfake.Cluster

	mu       sync.Mutex
	answers  map[string]*kerr.Error // by topic; a nil one is silence
	received map[string][]kmsg.Record
}

func newBroker(t testing.TB) *broker {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.MaxVersions(kversion.V3_7_0()), // which have topics' names
		kfake.BrokerConfigs(map[string]string{"message.max.bytes": "16777216"}))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	b := &broker{Cluster: cluster, answers: map[string]*kerr.Error{}, received: map[string][]kmsg.Record{}}
	b.ControlKey(int16(kmsg.Produce), b.produce)
	return b
}

func (b *broker) produce(r kmsg.Request) (kmsg.Response, error, bool) { //nolint:staticcheck // kfake's signature
	b.KeepControl()
	request := r.(*kmsg.ProduceRequest)
	response := request.ResponseKind().(*kmsg.ProduceResponse)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, topic := range request.Topics {
		for _, partition := range topic.Partitions {
			b.received[topic.Topic] = append(b.received[topic.Topic], records(partition.Records)...)
			answer, ours := b.answers[topic.Topic]
			switch {
			case !ours:
				return nil, nil, false
			case answer == nil:
				return nil, nil, true
			}
			one := kmsg.NewProduceResponseTopicPartition()
			one.Partition, one.ErrorCode = partition.Partition, answer.Code
			in := kmsg.NewProduceResponseTopic()
			in.Topic, in.Partitions = topic.Topic, append(in.Partitions, one)
			response.Topics = append(response.Topics, in)
		}
	}
	return response, nil, true
}

// records takes a batch apart that is not compressed.
func records(raw []byte) (list []kmsg.Record) {
	var batch kmsg.RecordBatch
	if batch.ReadFrom(raw) != nil {
		return nil
	}
	for rest := batch.Records; len(rest) > 0; {
		length, n := kbin.Varint(rest)
		var one kmsg.Record
		if n == 0 || n+int(length) > len(rest) || one.ReadFrom(rest[:n+int(length)]) != nil {
			return list
		}
		list, rest = append(list, one), rest[n+int(length):]
	}
	return list
}

func (b *broker) receipts(topic string) (list []channeltest.Receipt) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.received[topic] {
		list = append(list, channeltest.Receipt{ContentType: header(r, "content-type"), Body: r.Value})
	}
	return list
}

func header(r kmsg.Record, key string) string {
	for _, h := range r.Headers {
		if h.Key == key {
			return string(h.Value)
		}
	}
	return ""
}

func channel(t testing.TB, b *broker) *Channel {
	c, err := New(kgo.SeedBrokers(b.ListenAddrs()...), kgo.ProducerBatchCompression(kgo.NoCompression()))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// TestContract: the suite of all channels, over Kafka's protocol.
// spec: CH-CUS-03
func TestContract(t *testing.T) {
	b := newBroker(t)
	admin, err := kgo.NewClient(kgo.SeedBrokers(b.ListenAddrs()...))
	require.NoError(t, err)
	defer admin.Close()
	topics := 0
	type make = func(t testing.TB, c subscription.Channel) channeltest.Endpoint
	answering := func(answers ...*kerr.Error) make {
		return func(t testing.TB, _ subscription.Channel) channeltest.Endpoint {
			topics++
			name := fmt.Sprintf("fhir.t%d-%s", topics, channeltest.Canary)
			request := kmsg.NewPtrCreateTopicsRequest()
			topic := kmsg.NewCreateTopicsRequestTopic()
			topic.Topic, topic.NumPartitions, topic.ReplicationFactor = name, 1, 1
			request.Topics = append(request.Topics, topic)
			_, err := request.RequestWith(t.Context(), admin)
			require.NoError(t, err)
			b.mu.Lock()
			if len(answers) > 0 {
				b.answers[name] = answers[0]
			}
			b.mu.Unlock()
			return channeltest.Endpoint{
				Target:   subscription.Target{Endpoint: "kafka:" + name, ContentType: "application/fhir+json"},
				Received: func() []channeltest.Receipt { return b.receipts(name) },
			}
		}
	}
	channeltest.Run(t, channeltest.Harness{
		New:     func(t testing.TB) subscription.Channel { return channel(t, b) },
		Accepts: answering(),
		Fails:   answering(kerr.NotEnoughReplicas),
		Refuses: answering(kerr.TopicAuthorizationFailed),
		Hangs:   answering(nil),
		Unusable: []subscription.Target{
			{}, {Endpoint: "kafka:" + channeltest.Canary}, {Endpoint: "kafka:fhir"}, {Endpoint: "kafka:fhir./a"}, {Endpoint: "kafka:__consumer_offsets"},
			{Endpoint: "kafka:fhir..a"}, {Endpoint: "fhir.a"}, {Endpoint: "kafka:fhir.a", Headers: []string{"X-A: " + channeltest.Canary}},
		},
	})
}
