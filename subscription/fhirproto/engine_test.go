package fhirproto_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/google/fhir/go/proto/google/fhir/proto/r4/core/codes_go_proto"
	"github.com/google/fhir/go/proto/google/fhir/proto/r4/core/datatypes_go_proto"
	"github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/basic_go_proto"
	bundles "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/bundle_and_contained_resource_go_proto"
	"github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/patient_go_proto"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/subscription/fhirproto"
)

func TestNewServesR4Only(t *testing.T) {
	for _, release := range []subscription.Release{0, subscription.R4B, subscription.R5} {
		cfg := config()
		cfg.Release = release
		_, err := fhirproto.New(cfg)
		require.ErrorIs(t, err, fhirproto.ErrRelease)
	}
	_, err := fhirproto.New(subscription.Config{Release: subscription.R4})
	require.ErrorContains(t, err, "Store is required")
}

// What a change records is what a host of JSON would have recorded, the host's own protos
// stay as they were, and what no topic wants is not even written.
func TestChangesAreRecorded(t *testing.T) {
	store := memory.New()
	cfg := config()
	cfg.Store = store
	engine, err := fhirproto.New(cfg)
	require.NoError(t, err)
	before, after := encounter(codes_go_proto.EncounterStatusCode_PLANNED), encounter(codes_go_proto.EncounterStatusCode_FINISHED)
	kept := proto.Clone(after)
	broken := &patient_go_proto.Patient{Gender: &patient_go_proto.Patient_GenderCode{Value: 999}}
	contained := &bundles.ContainedResource{OneofResource: &bundles.ContainedResource_Encounter{Encounter: after}}
	tx := store.Begin()
	require.NoError(t, engine.OnResourceChange(t.Context(),
		fhirproto.ResourceChange{Interaction: subscription.Create, Resource: broken}, // no topic wants it
		fhirproto.ResourceChange{Interaction: subscription.Update, Previous: before, Resource: after},
		fhirproto.ResourceChange{Interaction: subscription.Update, Previous: after, Resource: after},
	))
	require.NoError(t, engine.OnResourceChangeTx(t.Context(), tx,
		fhirproto.ResourceChange{Interaction: subscription.Update, Previous: before, Resource: contained}))
	require.True(t, proto.Equal(kept, after))
	changes, err := store.ReadChanges(t.Context(), 0, 10)
	require.NoError(t, err)
	require.Len(t, changes, 1, "the transaction is open")
	require.NoError(t, tx.Commit())
	changes, err = store.ReadChanges(t.Context(), 0, 10)
	require.NoError(t, err)
	require.Len(t, changes, 2)
	for _, c := range changes {
		require.JSONEq(t, `{"resourceType":"Encounter","id":"e1","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/p1"}}`, string(c.Resource))
	}
}

// Nothing is recorded of changes one of which can't be written, and the error says which.
func TestChangesThatCannotBeWritten(t *testing.T) {
	store := memory.New()
	cfg := config()
	cfg.Store = store
	engine, err := fhirproto.New(cfg)
	require.NoError(t, err)
	good := fhirproto.ResourceChange{
		Interaction: subscription.Update, Previous: encounter(codes_go_proto.EncounterStatusCode_PLANNED),
		Resource: encounter(codes_go_proto.EncounterStatusCode_FINISHED),
	}
	for want, bad := range map[error]fhirproto.ResourceChange{
		fhirproto.ErrUnwritable: {Interaction: subscription.Create, Resource: encounter(999)},
		fhirproto.ErrRelease:    {Interaction: subscription.Create, Resource: &datatypes_go_proto.Coding{}},
	} {
		err := engine.OnResourceChange(t.Context(), good, bad)
		require.ErrorIs(t, err, want)
		require.ErrorContains(t, err, "change 1")
	}
	require.ErrorIs(t, engine.OnResourceChange(t.Context(), fhirproto.ResourceChange{Interaction: subscription.Delete}), fhirproto.ErrUnwritable)
	changes, err := store.ReadChanges(t.Context(), 0, 10)
	require.NoError(t, err)
	require.Empty(t, changes)
}

func TestSubscriptionsAndOperations(t *testing.T) {
	engine, err := fhirproto.New(config())
	require.NoError(t, err)
	ctx := t.Context()
	checked, err := engine.Check(ctx, "", subscribe("http://127.0.0.1:8443/x"))
	require.NoError(t, err)
	require.Equal(t, "http://127.0.0.1:8443/x", checked.Channel.Endpoint.Value)
	created, err := engine.Create(ctx, "", subscribe("http://127.0.0.1:8443/x"))
	require.NoError(t, err)
	read, err := engine.Get(ctx, "", created.ID)
	require.NoError(t, err)
	require.True(t, proto.Equal(created.Subscription, read.Subscription))
	changed := proto.CloneOf(read.Subscription)
	changed.Channel.Endpoint.Value = "http://127.0.0.1:8443/y"
	updated, isNew, err := engine.Update(ctx, "", created.ID, changed, read.VersionID)
	require.NoError(t, err)
	require.False(t, isNew)
	require.Equal(t, "http://127.0.0.1:8443/y", updated.Subscription.Channel.Endpoint.Value)

	require.NoError(t, engine.OnResourceChange(ctx, fhirproto.ResourceChange{
		Interaction: subscription.Update, Previous: encounter(codes_go_proto.EncounterStatusCode_PLANNED),
		Resource: encounter(codes_go_proto.EncounterStatusCode_FINISHED),
	}))
	status, err := engine.Status(ctx, "", []string{created.ID}, nil, "https://fhir.example.org/r4/Subscription/$status")
	require.NoError(t, err)
	require.Equal(t, codes_go_proto.BundleTypeCode_SEARCHSET, status.Type.Value)
	events, err := engine.Events(ctx, "", created.ID, 0, 0, "")
	require.NoError(t, err)
	require.Equal(t, codes_go_proto.BundleTypeCode_HISTORY, events.Type.Value)

	var refusal *subscription.Refusal
	_, err = engine.Create(ctx, "", subscribe("http://10.0.0.1/x"))
	require.ErrorAs(t, err, &refusal)
	_, err = engine.Get(ctx, "", "none")
	require.ErrorIs(t, err, subscription.ErrNotFound)
	_, _, err = engine.Update(ctx, "", created.ID, nil, "")
	require.ErrorIs(t, err, fhirproto.ErrUnwritable)
}

func TestParseTopic(t *testing.T) {
	resource, err := fhirproto.FromJSON(json.RawMessage(`{"resourceType":"Basic","modifierExtension":[{"url":"http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic.url","valueUri":"https://x.example/t"}],"code":{"coding":[{"code":"SubscriptionTopic"}]}}`))
	require.NoError(t, err)
	_, err = fhirproto.ParseTopic(resource.GetBasic())
	require.Error(t, err, "the topic package says what is wrong with it")
	_, err = fhirproto.ParseTopic((*basic_go_proto.Basic)(nil))
	require.ErrorIs(t, err, fhirproto.ErrUnwritable)
}

// BenchmarkHook is what an update costs that a trigger looks at and that does not fire: with
// protos, and with the JSON that another host has.
func BenchmarkHook(b *testing.B) {
	engine, err := fhirproto.New(config())
	require.NoError(b, err)
	state := encounter(codes_go_proto.EncounterStatusCode_PLANNED)
	raw, err := fhirproto.ToJSON(state)
	require.NoError(b, err)
	b.Run("protos", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = engine.OnResourceChange(context.Background(), fhirproto.ResourceChange{Interaction: subscription.Update, Previous: state, Resource: state})
		}
	})
	b.Run("json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = engine.Engine.OnResourceChange(context.Background(), subscription.ResourceChange{Interaction: subscription.Update, Previous: raw, Resource: raw})
		}
	})
}
