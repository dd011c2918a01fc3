package subscription_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// idle is an engine that isn't running: its hook records all the same.
func idle(t testing.TB, store subscription.Store, topics ...*topic.Topic) *subscription.Engine {
	t.Helper()
	engine, err := subscription.New(subscription.Config{
		Store: store, Channels: []subscription.Channel{new(peer)}, Release: subscription.R4, BaseURL: base,
		Authorizer: subscription.InsecureAllowAll{}, Topics: topics,
	})
	require.NoError(t, err)
	return engine
}

func recorded(t testing.TB, store subscription.Store) []subscription.Change {
	t.Helper()
	changes, err := store.ReadChanges(t.Context(), 0, 1000)
	require.NoError(t, err)
	return changes
}

func TestHookRecordsWhatTriggers(t *testing.T) {
	store := memory.New()
	e := idle(t, store, parseTopic(t, finishedTopic), parseTopic(t, anyPatientText))
	planned := json.RawMessage(`{"resourceType":"Encounter","id":"e","status":"planned"}`)
	done := json.RawMessage(`{"resourceType":"Encounter","id":"e","status":"finished"}`)
	for _, c := range []subscription.ResourceChange{
		{Interaction: subscription.Create, Resource: json.RawMessage(`{"resourceType":"Observation","id":"o"}`)}, // no topic
		{Interaction: subscription.Create, Resource: planned},
		{Interaction: subscription.Update, Resource: done, Previous: planned}, // fires
		{Interaction: subscription.Update, Resource: done, Previous: done},
		{Interaction: subscription.Create, Resource: done}, // fires
		{Interaction: subscription.Delete, Previous: done}, // not a supported interaction
	} {
		require.NoError(t, e.OnResourceChange(t.Context(), c))
	}
	changes := recorded(t, store)
	require.Len(t, changes, 2)
	require.Equal(t, []string{finished + "|1.0.0"}, changes[0].Topics)
	require.Equal(t, "PUT Encounter/e 200", changes[0].Method+" "+changes[0].URL+" "+changes[0].ResultStatus)
	require.Equal(t, "POST Encounter 201", changes[1].Method+" "+changes[1].URL+" "+changes[1].ResultStatus)
	require.Empty(t, changes[0].Previous, "the previous state is kept only while it is needed")
}

func TestHookRefusesWhatItCannotJudge(t *testing.T) {
	store := memory.New()
	e := idle(t, store, parseTopic(t, finishedTopic), parseTopic(t, anyPatientText))
	patient := json.RawMessage(`{"resourceType":"Patient","id":"canary-77"}`)
	encounter := json.RawMessage(`{"resourceType":"Encounter","id":"canary-77","status":"finished"}`)
	for name, c := range map[string]subscription.ResourceChange{
		"no interaction":     {Resource: patient},
		"no resource":        {Interaction: subscription.Create},
		"delete without one": {Interaction: subscription.Delete, Resource: patient},
		"broken JSON":        {Interaction: subscription.Create, Resource: json.RawMessage(`{"resourceType":"Patient","id":"canary-77"`)},
		"no id":              {Interaction: subscription.Create, Resource: json.RawMessage(`{"resourceType":"Patient","x":"canary-77"}`)},
		"odd method":         {Interaction: subscription.Create, Resource: patient, Method: "put"},
		"odd id":             {Interaction: subscription.Create, Resource: json.RawMessage(`{"resourceType":"Patient","id":"canary-77/_history/1"}`)},
		"odd time":           {Interaction: subscription.Create, Resource: patient, At: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
		"no previous":        {Interaction: subscription.Update, Resource: encounter},
		"broken previous":    {Interaction: subscription.Update, Resource: encounter, Previous: json.RawMessage(`{"canary-77"`)},
	} {
		err := e.OnResourceChange(t.Context(), subscription.ResourceChange{Interaction: subscription.Create, Resource: patient}, c)
		require.ErrorIs(t, err, subscription.ErrInvalidChange, name)
		require.NotContains(t, err.Error(), "canary", name)
	}
	require.Empty(t, recorded(t, store), "all or nothing")
}

func TestWants(t *testing.T) {
	e := idle(t, memory.New(), parseTopic(t, finishedTopic), parseTopic(t, anyPatientText))
	for _, tc := range []struct {
		resourceType      string
		interaction       subscription.Interaction
		current, previous bool
	}{
		{"Encounter", subscription.Create, true, false},
		{"Encounter", subscription.Update, true, true},
		{"Encounter", subscription.Delete, false, false},
		{"Patient", subscription.Update, true, false},
		{"Patient", subscription.Delete, false, true},
		{"Observation", subscription.Create, false, false},
	} {
		current, previous := e.Wants("", tc.resourceType, tc.interaction)
		require.Equal(t, []bool{tc.current, tc.previous}, []bool{current, previous}, "%s %v", tc.resourceType, tc.interaction)
	}
}

// undecided is an evaluator whose programs fail until they are told not to.
type undecided struct{ err error }

func (*undecided) Language() string                              { return "text/test" }
func (u *undecided) Compile(*topic.Topic) (topic.Program, error) { return u, nil }
func (*undecided) NeedsPrevious(int) bool                        { return true }
func (*undecided) NeedsHost(int) bool                            { return false }
func (u *undecided) Fires(context.Context, int, *topic.Change) (bool, error) {
	if u.err == nil {
		panic("the evaluator's mistake")
	}
	return false, u.err
}

func TestTriggerThatCannotBeEvaluatedIsKeptForTheSequencer(t *testing.T) {
	for _, failure := range []error{errors.New("no answer"), nil} {
		store := memory.New()
		engine, err := subscription.New(subscription.Config{
			Store: store, Channels: []subscription.Channel{new(peer)}, Release: subscription.R4, BaseURL: base,
			Authorizer: subscription.InsecureAllowAll{}, Topics: []*topic.Topic{parseTopic(t, finishedTopic)},
			Evaluators: []subscription.TopicEvaluator{&undecided{failure}},
		})
		require.NoError(t, err)
		before, after := json.RawMessage(`{"resourceType":"Encounter","id":"e","status":"planned"}`), json.RawMessage(`{"resourceType":"Encounter","id":"e","status":"finished"}`)
		require.NoError(t, engine.OnResourceChange(t.Context(), subscription.ResourceChange{Interaction: subscription.Update, Resource: after, Previous: before}))
		changes := recorded(t, store)
		require.Len(t, changes, 1)
		require.Equal(t, []string{finished + "|1.0.0"}, changes[0].Undecided)
		require.Equal(t, before, changes[0].Previous)
	}
}

// spec: CH-01
func TestNewReportsEverything(t *testing.T) {
	_, err := subscription.New(subscription.Config{
		BaseURL: "fhir", Release: 9, Lease: 1, Retry: []time.Duration{-1},
		Channels: []subscription.Channel{new(peer), new(peer)},
		Topics:   []*topic.Topic{nil, parseTopic(t, finishedTopic), parseTopic(t, finishedTopic)},
	})
	for _, problem := range []string{"Store", "Authorizer", "BaseURL", "Release", "Lease", "Retry", "rest-hook", "topic 0 of the list", finished} {
		require.ErrorContains(t, err, problem)
	}
}

func TestAbstractTypesAreRouted(t *testing.T) {
	store := memory.New()
	e := idle(t, store,
		parseTopic(t, `{"resourceType":"SubscriptionTopic","url":"https://topics.example.org/all","status":"active","resourceTrigger":[{"resource":"DomainResource","supportedInteraction":["create"]}]}`),
		parseTopic(t, anyPatientText))
	for _, resourceType := range []string{"Observation", "Patient", "Bundle"} {
		require.NoError(t, e.OnResourceChange(t.Context(), subscription.ResourceChange{Interaction: subscription.Create,
			Resource: fmt.Appendf(nil, `{"resourceType":%q,"id":"x"}`, resourceType)}))
	}
	changes := recorded(t, store)
	require.Len(t, changes, 2, "a Bundle is no DomainResource")
	require.Len(t, changes[1].Topics, 2)
}

func TestHookWithoutTopicAllocatesNothing(t *testing.T) {
	e := idle(t, memory.New(), parseTopic(t, finishedTopic))
	resource := json.RawMessage(`{"resourceType":"Observation","id":"o"}`)
	ctx := t.Context()
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if err := e.OnResourceChange(ctx, subscription.ResourceChange{Interaction: subscription.Create, Resource: resource}); err != nil {
			t.Error(err)
		}
	}))
}

func BenchmarkHook(b *testing.B) {
	filler := strings.Repeat(`{"system":"http://terminology.example.org/codes","code":"1234-5","display":"something that takes room"},`, 18)
	observation := json.RawMessage(`{"resourceType":"Observation","id":"o","status":"final","code":{"coding":[` + filler + `{"system":"http://loinc.org","code":"1-1"}]},"subject":{"reference":"Patient/1"}}`)
	trigger := func(n int, query string) *topic.Topic {
		return parseTopic(b, fmt.Sprintf(`{"resourceType":"SubscriptionTopic","url":"https://topics.example.org/%d","status":"active","resourceTrigger":[{"resource":"Observation","queryCriteria":{"current":%q}}]}`, n, query))
	}
	run := func(name string, topics ...*topic.Topic) {
		e := idle(b, memory.New(), topics...)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			ctx := b.Context()
			for b.Loop() {
				if err := e.OnResourceChange(ctx, subscription.ResourceChange{Interaction: subscription.Create, Resource: observation}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("no topic for the type", parseTopic(b, finishedTopic))
	run("3 triggers, none fires, 2 KB", trigger(1, "status=cancelled"), trigger(2, "code=http://loinc.org|9-9"), trigger(3, "subject=Patient/2"))
}
