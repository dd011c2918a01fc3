package fhirproto_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"

	"github.com/google/fhir/go/proto/google/fhir/proto/r4/core/codes_go_proto"
	"github.com/google/fhir/go/proto/google/fhir/proto/r4/core/datatypes_go_proto"
	"github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/encounter_go_proto"
	"github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/subscription_go_proto"

	"github.com/carillon-fhir/carillon/channel/resthook"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/subscription/fhirproto"
	"github.com/carillon-fhir/carillon/topic"
)

func text(s string) *datatypes_go_proto.String { return &datatypes_go_proto.String{Value: s} }

func encounter(status codes_go_proto.EncounterStatusCode_Value) *encounter_go_proto.Encounter {
	return &encounter_go_proto.Encounter{
		Id:         &datatypes_go_proto.Id{Value: "e1"},
		Status:     &encounter_go_proto.Encounter_StatusCode{Value: status},
		ClassValue: &datatypes_go_proto.Coding{Code: &datatypes_go_proto.Code{Value: "AMB"}},
		Subject: &datatypes_go_proto.Reference{Reference: &datatypes_go_proto.Reference_PatientId{
			PatientId: &datatypes_go_proto.ReferenceId{Value: "p1"},
		}},
	}
}

func subscribe(endpoint string) *subscription_go_proto.Subscription {
	return &subscription_go_proto.Subscription{
		Status:   &subscription_go_proto.Subscription_StatusCode{Value: codes_go_proto.SubscriptionStatusCode_REQUESTED},
		Reason:   text("an example"),
		Criteria: text("https://fhir.example.org/topics/finished"),
		Channel: &subscription_go_proto.Subscription_Channel{
			Type:     &subscription_go_proto.Subscription_Channel_TypeCode{Value: codes_go_proto.SubscriptionChannelTypeCode_REST_HOOK},
			Endpoint: &datatypes_go_proto.Url{Value: endpoint},
			Payload:  &subscription_go_proto.Subscription_Channel_PayloadCode{Value: "application/fhir+json"},
		},
	}
}

func config() subscription.Config {
	return subscription.Config{
		Release: subscription.R4, BaseURL: "https://fhir.example.org/r4", Store: memory.New(),
		Authorizer: subscription.InsecureAllowAll{},
		Channels: []subscription.Channel{resthook.New(resthook.Config{
			InsecureAllowHTTP: true, AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		})},
		Topics: []*topic.Topic{{
			URL: "https://fhir.example.org/topics/finished", Status: "active",
			ResourceTriggers: []topic.ResourceTrigger{{
				Resource: "Encounter",
				FHIRPath: "%previous.status != 'finished' and %current.status = 'finished'",
			}},
		}},
	}
}

// A host that keeps its resources as protos: a change goes in, and the notification that
// comes out is read as a proto again.
func Example() {
	notified := make(chan []byte, 10)
	endpoint := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		notified <- body
	}))
	defer endpoint.Close()

	engine, err := fhirproto.New(config())
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- engine.Run(ctx) }()

	created, err := engine.Create(ctx, "", subscribe(endpoint.URL))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(created.Subscription.Status.Value)
	<-notified // the handshake

	err = engine.OnResourceChange(ctx, fhirproto.ResourceChange{
		Interaction: subscription.Update,
		Previous:    encounter(codes_go_proto.EncounterStatusCode_IN_PROGRESS),
		Resource:    encounter(codes_go_proto.EncounterStatusCode_FINISHED),
	})
	if err != nil {
		log.Fatal(err)
	}
	bundle, err := fhirproto.Bundle(<-notified)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(bundle.Type.Value, len(bundle.Entry))
	for _, p := range bundle.Entry[0].Resource.GetParameters().Parameter {
		if p.Name.Value == "type" {
			fmt.Println(p.Value.GetCode().Value)
		}
	}
	stop()
	fmt.Println(<-ended)
	// Output:
	// REQUESTED
	// HISTORY 1
	// event-notification
	// <nil>
}
