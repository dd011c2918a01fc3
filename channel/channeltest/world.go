package channeltest

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

// patience is what an attempt may take where no clause is about its time.
const patience = 30 * time.Second

// world is a channel under test.
type world struct {
	testing.TB
	ctx     context.Context
	channel subscription.Channel
}

func newWorld(t testing.TB, h Harness) *world {
	return &world{t, context.Background(), h.New(t)}
}

// send makes an attempt as the engine does.
func (w *world) send(e Endpoint, m subscription.Message) error {
	return w.channel.Send(w.ctx, withTimeout(e, patience), m)
}

// requireReceived demands that e got just the one message, as it was given.
func (w *world) requireReceived(e Endpoint, contentType string, body []byte) {
	w.Helper()
	received := e.Received()
	require.Len(w, received, 1)
	require.True(w, bytes.Equal(body, received[0].Body), "the message is not what was given: %d bytes of %d", len(received[0].Body), len(body))
	if told := received[0].ContentType; told != "" {
		require.Equal(w, contentType, told)
	}
}

// withTimeout is what the engine makes of a Target for Send.
func withTimeout(e Endpoint, timeout time.Duration) subscription.Target {
	t := e.Target
	t.Timeout = timeout
	return t
}

// need skips a clause for what the harness lacks.
func need(t testing.TB, there bool, lack string) {
	t.Helper()
	if !there {
		t.Skip("left out: ", lack)
	}
}

// message makes an event notification for e about a resource with that much text.
func message(t testing.TB, e Endpoint, number int64, text string) subscription.Message {
	id := fmt.Sprintf("0d6a3f0e-5c1b-4b7e-9c55-%012d", number)
	n := &notification.Notification{
		ID: id, StatusID: id, Timestamp: time.Date(2026, 3, 2, 8, 15, 30, 0, time.UTC),
		Type: notification.EventNotification, Content: notification.FullResource, Status: "active",
		Subscription: "https://fhir.example.org/r4/Subscription/1", EventsSinceSubscriptionStart: number,
		Events: []notification.Event{{Number: number, Focus: notification.Entry{
			FullURL: "https://fhir.example.org/r4/Patient/" + Canary, Method: "PUT", URL: "Patient/" + Canary, Status: "200",
			Resource: fmt.Appendf(nil, `{ "resourceType":"Patient","id":%q, "name":[{"text":"Zoë \u00e9 €\\ %s"}] }`, Canary, text),
		}}},
	}
	body, err := notification.Append(nil, fhirpath.R4, n)
	require.NoError(t, err)
	contentType := e.Target.ContentType
	if contentType == "" {
		contentType = "application/fhir+json"
	}
	return subscription.Message{ID: id, ContentType: contentType, Release: fhirpath.R4, Body: body, Notification: n}
}
