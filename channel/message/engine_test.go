package message_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/channel/egress"
	"github.com/carillon-fhir/carillon/channel/message"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

const finished = "https://topics.example.com/SubscriptionTopic/encounter-finished"

// received is one message as its receiver got it.
type received struct {
	header, destination string
	notification        *notification.Notification
}

// TestEngine is CH-MSG-04: a Subscription starts as requested, its handshake comes as a
// message, and when it is taken the Subscription is active; events follow, and each
// attempt to send the same ones has the same ids.
// spec: CH-MSG-01, CH-MSG-04
func TestEngine(t *testing.T) {
	messages := make(chan received, 16)
	answers := make(chan string, 16)
	ehr := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.URL.Path != "/fhir/$process-message" {
			t.Error(r.URL.Path, err)
		}
		var bundle struct {
			Entry []struct{ Resource json.RawMessage }
		}
		var header struct {
			ID          string
			Destination []struct{ Endpoint string }
		}
		if json.Unmarshal(body, &bundle) != nil || len(bundle.Entry) != 2 || json.Unmarshal(bundle.Entry[0].Resource, &header) != nil {
			t.Error("no message")
			return
		}
		n, err := notification.Parse(bundle.Entry[1].Resource)
		if err != nil {
			t.Error(err)
		}
		messages <- received{header.ID, header.Destination[0].Endpoint, n}
		_, _ = io.WriteString(w, `{"resourceType":"Bundle","type":"message","entry":[{"resource":{"resourceType":"MessageHeader","response":{"code":"`+<-answers+`"}}}]}`)
	}))
	defer ehr.Close()

	channel, err := message.New(message.Config{
		Source: "https://fhir.example.org/r4", Destinations: []string{ehr.URL + "/fhir"},
		HTTP: egress.Config{InsecureAllowHTTP: true, AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, channel.Close()) }()
	about, err := topic.Parse([]byte(`{"resourceType":"SubscriptionTopic","url":"` + finished + `","status":"active",
		"resourceTrigger":[{"resource":"Encounter","supportedInteraction":["create"]}]}`))
	require.NoError(t, err)
	active := make(chan subscription.Status, 16)
	engine, err := subscription.New(subscription.Config{
		Release: subscription.R4, BaseURL: "https://fhir.example.org/r4", Store: memory.New(), Channels: []subscription.Channel{channel},
		Topics: []*topic.Topic{about}, Authorizer: subscription.InsecureAllowAll{}, Retry: []time.Duration{time.Millisecond, time.Millisecond},
		OnStatus: func(_ context.Context, s subscription.StatusUpdate) error { active <- s.Status; return nil },
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- engine.Run(ctx) }()
	defer func() {
		cancel()
		require.NoError(t, <-ended)
	}()

	subscribe := func(endpoint string) error {
		_, err := engine.Create(ctx, "", json.RawMessage(`{"resourceType":"Subscription","status":"requested","reason":"Discharge follow-up","criteria":"`+finished+`",
			"channel":{"type":"message","endpoint":"`+endpoint+`","payload":"application/fhir+json","_payload":{"extension":[{
			"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content","valueCode":"full-resource"}]}}}`))
		return err
	}
	require.ErrorContains(t, subscribe(ehr.URL+"/other"), "agreed destinations only")
	require.NoError(t, subscribe(ehr.URL+"/fhir"))
	answers <- "transient-error"
	answers <- "ok"
	first, handshake := <-messages, <-messages
	require.Equal(t, notification.Handshake, first.notification.Type)
	require.Equal(t, notification.Handshake, handshake.notification.Type)
	require.Equal(t, "requested", handshake.notification.Status)
	require.Equal(t, ehr.URL+"/fhir", handshake.destination)
	for status := range active {
		if status == subscription.StatusActive {
			break
		}
	}

	require.NoError(t, engine.OnResourceChange(ctx, subscription.ResourceChange{Interaction: subscription.Create,
		Resource: json.RawMessage(`{"resourceType":"Encounter","id":"1","status":"finished"}`)}))
	answers <- "transient-error"
	answers <- "ok"
	once, again := <-messages, <-messages
	require.Equal(t, once.header, again.header)
	require.Equal(t, once.notification.ID, again.notification.ID)
	require.NotEqual(t, handshake.header, again.header)
	require.Equal(t, notification.EventNotification, again.notification.Type)
	require.JSONEq(t, `{"resourceType":"Encounter","id":"1","status":"finished"}`, string(again.notification.Events[0].Focus.Resource))

	// What is fatal is given up soon.
	require.NoError(t, engine.OnResourceChange(ctx, subscription.ResourceChange{Interaction: subscription.Create,
		Resource: json.RawMessage(`{"resourceType":"Encounter","id":"2","status":"finished"}`)}))
	for range 8 {
		answers <- "fatal-error"
	}
	require.Equal(t, int64(2), (<-messages).notification.Events[0].Number)
	require.Equal(t, subscription.StatusError, <-active)
}
