package subscription_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

const (
	admission      = "https://topics.example.org/admission"
	admissionTopic = `{"resourceType":"SubscriptionTopic","url":"` + admission + `","status":"active","eventTrigger":[
		{"event":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0003","code":"A01"},{"system":"urn:local","code":"in"}]},"resource":"Encounter"}],
		"canFilterBy":[{"resource":"Encounter","filterParameter":"patient"}]}`
)

var admitted = topic.Coding{System: "http://terminology.hl7.org/CodeSystem/v2-0003", Code: "A01"}

// An event that the host raises reaches the subscriptions whose topic names one of
// its codings for the type of the focus (TOP-09).
// spec: TOP-09
func TestEventsOfTheHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withTopics(parseTopic(t, admissionTopic), parseTopic(t, finishedTopic)))
		all := w.subscribe(admission)
		filtered := w.subscribe(admission, filter("Encounter?patient=Patient/p1"))
		changes := w.subscribe(finished)
		raise := func(coding topic.Coding, focus string) {
			require.NoError(t, w.OnEvent(t.Context(), subscription.TopicEvent{Events: []topic.Coding{coding}, Focus: json.RawMessage(focus)}))
		}
		raise(admitted, `{"resourceType":"Encounter","id":"e1","status":"finished","subject":{"reference":"Patient/p1"}}`)
		raise(topic.Coding{System: "urn:local", Code: "in"}, `{"resourceType":"Encounter","id":"e2","status":"finished"}`)
		raise(topic.Coding{System: "urn:local", Code: "A01"}, `{"resourceType":"Encounter","id":"e3"}`)
		raise(admitted, `{"resourceType":"Patient","id":"p1"}`)
		time.Sleep(time.Second)
		require.Equal(t, 2, w.peer.checker.Received(all))
		require.Equal(t, 1, w.peer.checker.Received(filtered))
		require.Equal(t, 0, w.peer.checker.Received(changes), "an event is no change")
	})
}

func TestEventsThatAreWrong(t *testing.T) {
	e := idle(t, memory.New(), parseTopic(t, admissionTopic))
	focus := json.RawMessage(`{"resourceType":"Encounter","id":"e1"}`)
	for name, ev := range map[string]subscription.TopicEvent{
		"no coding": {Focus: focus},
		"no code":   {Events: []topic.Coding{{System: "x"}}, Focus: focus},
		"no focus":  {Events: []topic.Coding{admitted}},
		"no id":     {Events: []topic.Coding{admitted}, Focus: json.RawMessage(`{"resourceType":"Encounter"}`)},
		"no type":   {Events: []topic.Coding{admitted}, Focus: json.RawMessage(`{"id":"1"}`)},
		"no json":   {Events: []topic.Coding{admitted}, Focus: json.RawMessage(`{`)},
	} {
		require.ErrorIs(t, e.OnEvent(t.Context(), ev), subscription.ErrInvalidChange, name)
	}
}

// Topics are replaced while the engine runs: what is new can be subscribed to and
// fires, what is gone is refused, and what stays loses nothing.
func TestTopicsAtRunTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withTopics(versioned(t, "1.0.0", "active", `"create"`)))
		stays := w.subscribe(anyPatient)
		w.write("p1", 1, stays)
		_, err := w.Create(t.Context(), "", json.RawMessage(subscriptionJSON(admission)))
		require.Error(t, err)

		require.NoError(t, w.SetTopics(t.Context(), versioned(t, "1.1.0", "active", `"create"`), parseTopic(t, admissionTopic)))
		added := w.subscribe(admission)
		w.write("p2", 1, stays)
		require.NoError(t, w.OnEvent(t.Context(), subscription.TopicEvent{Events: []topic.Coding{admitted},
			Focus: json.RawMessage(`{"resourceType":"Encounter","id":"e1"}`)}))
		time.Sleep(time.Second)
		require.Equal(t, 2, w.peer.checker.Received(stays))
		require.Equal(t, 1, w.peer.checker.Received(added))

		// One that is wrong changes nothing.
		err = w.SetTopics(t.Context(), parseTopic(t, finishedTopic), nil)
		require.ErrorContains(t, err, "topic 1 of the list is nil")
		w.write("p3", 1, stays)

		// Without its topic a Subscription can't be served, and says so.
		require.NoError(t, w.SetTopics(t.Context(), versioned(t, "1.1.0", "active", `"create"`)))
		time.Sleep(2 * time.Second)
		w.write("p4", 1, stays)
		time.Sleep(time.Second)
		require.Equal(t, 4, w.peer.checker.Received(stays))
		require.Contains(t, w.status(added), "error")
	})
}

// A derived topic keeps the filters and the subject of its base (TOP-20).
// spec: TOP-20
func TestDerivedTopics(t *testing.T) {
	derived := func(resource, filters string) *topic.Topic {
		return parseTopic(t, `{"resourceType":"SubscriptionTopic","url":"https://topics.example.org/derived","status":"active",
			"derivedFrom":["`+anyPatient+`"],"resourceTrigger":[{"resource":"`+resource+`"}],"canFilterBy":[`+filters+`]}`)
	}
	base := parseTopic(t, anyPatientText)
	const gender, id = `{"resource":"Patient","filterParameter":"gender"}`, `{"resource":"Patient","filterParameter":"_id"}`
	e := idle(t, memory.New(), base)
	require.NoError(t, e.SetTopics(t.Context(), base, derived("Patient", gender+","+id+`,{"filterParameter":"birthdate"}`)))
	require.NoError(t, e.SetTopics(t.Context(), derived("Patient", gender)), "its base is not here")
	require.ErrorContains(t, e.SetTopics(t.Context(), base, derived("Patient", gender)), "canFilterBy lacks _id")
	require.ErrorContains(t, e.SetTopics(t.Context(), base, derived("Encounter", gender+","+id)), "about Encounter")
}

// Whatever is wrong with many topics is reported at once (I5 of docs/delivery-rows.md), and
// however many triggers there are, they load.
func TestTopicsThatAreWrong(t *testing.T) {
	e := idle(t, memory.New())
	bad := func(name, from, trigger string) *topic.Topic {
		return parseTopic(t, `{"resourceType":"SubscriptionTopic","url":"https://topics.example.org/`+name+`","status":"active",
			"derivedFrom":["https://topics.example.org/`+from+`"],"resourceTrigger":[`+trigger+`]}`)
	}
	patient := `{"resource":"Patient"}`
	err := e.SetTopics(t.Context(),
		bad("a", "b", patient), bad("b", "c", patient), bad("c", "a", patient), bad("self", "self", patient), bad("twice", "x", patient), bad("twice", "x", patient),
		bad("type", "x", `{"resource":"Pacient"}`), bad("path", "x", `{"resource":"Patient","fhirPathCriteria":"%current.nam.exists()"}`),
		bad("syntax", "x", `{"resource":"Patient","fhirPathCriteria":"%current.name and"}`),
		bad("query", "x", `{"resource":"Patient","queryCriteria":{"current":"nonsense=1"}}`), nil)
	for _, problem := range []string{"/a: derivedFrom leads back", "/b: derivedFrom leads back", "/c: derivedFrom leads back", "/self: derivedFrom leads back",
		"two topics are called https://topics.example.org/twice", "resourceTrigger[0].resource", "no element nam in Patient", "expected an expression",
		"queryCriteria.current", "topic 10 of the list is nil"} {
		require.ErrorContains(t, err, problem)
	}
	triggers := strings.Repeat(`{"resource":"Patient","queryCriteria":{"current":"gender=female"}},`, 9_999) + patient
	require.NoError(t, e.SetTopics(t.Context(), bad("many", "x", triggers)))
	require.NoError(t, e.OnResourceChange(t.Context(), subscription.ResourceChange{Interaction: subscription.Create, Resource: patientJSON("p", 1)}))
}

// A call that came too late changes nothing, as its error says.
func TestSetTopicsWhenItIsTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withTopics(parseTopic(t, finishedTopic)))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, w.SetTopics(ctx), context.Canceled)
		w.subscribe(finished)
	})
}
