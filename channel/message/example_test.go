package message_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"

	"github.com/carillon-fhir/carillon/channel/egress"
	"github.com/carillon-fhir/carillon/channel/message"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

var handshake = subscription.Message{
	ID: "0d6a3f0e-5c1b-4b7e-9c55-0f4d2f7b1a01", ContentType: "application/fhir+json", Release: subscription.R5,
	Body: []byte(`{"resourceType":"Bundle","type":"subscription-notification"}`),
}

// development lets messages go to this machine over plain HTTP.
var development = egress.Config{
	InsecureAllowHTTP: true,
	AllowNetworks:     []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
}

// A notification goes to the operation $process-message of the endpoint.
func ExampleChannel_Send() {
	ehr := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var bundle struct {
			Type  string
			Entry []struct {
				Resource struct {
					ResourceType, Type string
					EventCoding        struct{ Code string }
				}
			}
		}
		_ = json.NewDecoder(r.Body).Decode(&bundle)
		fmt.Println(r.Method, r.URL.Path, bundle.Type)
		for _, e := range bundle.Entry {
			fmt.Println(e.Resource.ResourceType, e.Resource.EventCoding.Code+e.Resource.Type)
		}
		w.WriteHeader(http.StatusAccepted)
	}))
	defer ehr.Close()

	messages, err := message.New(message.Config{
		Source: "https://fhir.example.org/r5", HTTP: development,
		Event: notification.Coding{System: "https://example.org/events", Code: "news"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = messages.Close() }()
	fmt.Println(messages.Send(context.Background(), subscription.Target{Endpoint: ehr.URL + "/fhir"}, handshake))
	// Output:
	// POST /fhir/$process-message message
	// MessageHeader news
	// Bundle subscription-notification
	// <nil>
}

// Subscriptions may name agreed destinations only.
func ExampleConfig_destinations() {
	messages, err := message.New(message.Config{
		Source: "https://fhir.example.org/r4", Destinations: []string{"https://ehr.example.org/fhir"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(messages.Check(context.Background(), subscription.Target{Endpoint: "https://ehr.example.org/fhir/"}))
	fmt.Println(messages.Check(context.Background(), subscription.Target{Endpoint: "https://ehr.example.com/fhir"}))
	// Output:
	// <nil>
	// Subscription.channel.endpoint: this server sends messages to agreed destinations only
}

// The receiver says that it won't take the message, though the status is 200.
func ExampleResponseError() {
	ehr := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`{"resourceType":"Bundle","type":"message","entry":[{"resource":{
			"resourceType":"MessageHeader","response":{"identifier":"1","code":"fatal-error"}}}]}`))
	}))
	defer ehr.Close()

	messages, err := message.New(message.Config{Source: "https://fhir.example.org/r5", HTTP: development})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = messages.Close() }()
	err = messages.Send(context.Background(), subscription.Target{Endpoint: ehr.URL}, handshake)
	fmt.Println(err)
	fmt.Println(errors.Is(err, message.FatalError))
	// Output:
	// message: response fatal-error
	// true
}
