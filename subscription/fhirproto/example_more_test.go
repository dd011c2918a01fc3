package fhirproto_test

import (
	"context"
	"fmt"

	"github.com/google/fhir/go/proto/google/fhir/proto/r4/core/codes_go_proto"
	"github.com/google/fhir/go/proto/google/fhir/proto/r4/core/datatypes_go_proto"
	"github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/basic_go_proto"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/subscription/fhirproto"
	"github.com/carillon-fhir/carillon/topic"
)

// A resource as a proto, and back.
func ExampleToJSON() {
	raw, err := fhirproto.ToJSON(encounter(codes_go_proto.EncounterStatusCode_PLANNED))
	fmt.Println(len(raw) > 0, err)
	contained, err := fhirproto.FromJSON(raw)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(contained.GetEncounter().Status.Value, fhirproto.Resource(contained).ProtoReflect().Descriptor().Name())
	// Output:
	// true <nil>
	// PLANNED Encounter
}

// A topic that is kept as a Basic of protos.
func ExampleParseTopic() {
	about := &topic.Topic{URL: "https://fhir.example.org/topics/finished", Status: "active", ResourceTriggers: []topic.ResourceTrigger{{Resource: "Encounter"}}}
	contained, err := fhirproto.FromJSON(about.AppendBasic(nil, "finished"))
	if err != nil {
		fmt.Println(err)
		return
	}
	parsed, err := fhirproto.ParseTopic(fhirproto.Resource(contained).(*basic_go_proto.Basic))
	fmt.Println(parsed.Canonical(), err)
	// Output: https://fhir.example.org/topics/finished <nil>
}

// Changes in the host's own transaction; Subscriptions are written and read as protos.
func ExampleEngine_OnResourceChangeTx() {
	cfg, store := config(), memory.New()
	cfg.Store = store
	engine, err := fhirproto.New(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	own := subscribe("http://127.0.0.1:8080/hook")
	own.Id = &datatypes_go_proto.Id{Value: "mine"}
	accepted, err := engine.Check(ctx, "", own) // as Update would store it
	fmt.Println(accepted.Channel.Payload.Value, err)
	_, created, err := engine.Update(ctx, "", "mine", own, "")
	fmt.Println(created, err)
	read, err := engine.Get(ctx, "", "mine")
	fmt.Println(read.Subscription.Criteria.Value, err)

	tx := store.Begin()
	err = engine.OnResourceChangeTx(ctx, tx, fhirproto.ResourceChange{
		Interaction: subscription.Update,
		Previous:    encounter(codes_go_proto.EncounterStatusCode_IN_PROGRESS),
		Resource:    encounter(codes_go_proto.EncounterStatusCode_FINISHED),
	})
	fmt.Println(err, tx.Commit())
	// Output:
	// application/fhir+json <nil>
	// true <nil>
	// https://fhir.example.org/topics/finished <nil>
	// <nil> <nil>
}
