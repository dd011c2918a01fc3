package topic_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
)

// feed is the US Core patient data feed of a server that has events of its own beside
// the feed's and raises them itself or takes them from changes.
const feed = `{"resourceType":"SubscriptionTopic","url":"http://hl7.org/fhir/us/core/SubscriptionTopic/patient-data-feed","status":"active",
	"extension":[{"url":"` + topic.NamedTypesOnlyURL + `","valueBoolean":true}],
	"resourceTrigger":[
		{"resource":"Observation","extension":[{"url":"` + topic.EventURL + `","valueCodeableConcept":{"coding":[
			{"system":"http://hl7.org/fhir/us/core/CodeSystem/trigger","code":"feed-event"},{"system":"http://terminology.hl7.org/CodeSystem/v2-0003","code":"R01"}]}}]},
		{"resource":"DiagnosticReport"}],
	"eventTrigger":[{"resource":"Encounter","event":{"coding":[
		{"system":"http://hl7.org/fhir/us/core/CodeSystem/trigger","code":"feed-event"},{"system":"http://terminology.hl7.org/CodeSystem/v2-0003","code":"A01"}]}}],
	"canFilterBy":[{"filterParameter":"patient"},{"filterParameter":"trigger","modifier":["not"]},{"resource":"DiagnosticReport","filterParameter":"category"}]}`

var (
	feedEvent = topic.Coding{System: "http://hl7.org/fhir/us/core/CodeSystem/trigger", Code: "feed-event"}
	result    = topic.Coding{System: "http://terminology.hl7.org/CodeSystem/v2-0003", Code: "R01"}
	admission = topic.Coding{System: "http://terminology.hl7.org/CodeSystem/v2-0003", Code: "A01"}
)

// TestFilterByEvent: FLT-12, USE-01 and the US Core page, "Subscription Filters and
// Requests". What happened counts, not what the topic could tell of.
// spec: FLT-12, USE-01
func TestFilterByEvent(t *testing.T) {
	about := parse(t, feed)
	require.Equal(t, about, parse(t, string(about.AppendBasic(nil, ""))), "the events of changes survive a Basic")
	require.Equal(t, []topic.Coding{feedEvent, result}, about.ResourceTriggers[0].Event)
	o := r4
	o.Events = true
	for _, c := range []struct {
		filter string
		events []topic.Coding
		want   bool
	}{
		{"Observation?patient=123&trigger=http://terminology.hl7.org/CodeSystem/v2-0003|R01", []topic.Coding{feedEvent, result}, true},
		{"Observation?patient=123&trigger=http://terminology.hl7.org/CodeSystem/v2-0003|R01", []topic.Coding{feedEvent}, false},
		{"Observation?patient=124&trigger=http://terminology.hl7.org/CodeSystem/v2-0003|R01", []topic.Coding{feedEvent, result}, false},
		{"Observation?trigger=feed-event", []topic.Coding{feedEvent}, true},
		{"Observation?trigger=feed-event", []topic.Coding{result}, false},
		{"Observation?trigger=feed-event", nil, false},
		{"Observation.trigger=R01", []topic.Coding{result}, true},
		{"trigger=R01", []topic.Coding{result}, true},
		{"trigger=A01,R01", []topic.Coding{result}, true},
		{"trigger=http://terminology.hl7.org/CodeSystem/v2-0003|", []topic.Coding{result}, true},
		{"trigger=http://terminology.hl7.org/CodeSystem/v2-0003|", []topic.Coding{feedEvent}, false},
		{"Observation?trigger:not=R01", []topic.Coding{feedEvent}, true},
		{"Observation?trigger:not=R01", []topic.Coding{feedEvent, result}, false},
		{"Encounter?trigger=A01", []topic.Coding{feedEvent, result}, false}, // the type isn't named
	} {
		t.Run(fmt.Sprint(c.filter, c.events), func(t *testing.T) {
			compiled, err := about.CompileFilters(filters(t, c.filter), o)
			require.NoError(t, err)
			observation := node(t, `{"resourceType":"Observation","subject":{"reference":"Patient/123"},"trigger":"R01"}`)
			ctx := topic.WithEvents(t.Context(), c.events)
			got, err := compiled.Match(ctx, "Observation", observation)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
			x := new(topic.Index)
			x.Add(7, compiled)
			ids, err := x.AppendMatches(ctx, nil, "Observation", observation)
			require.NoError(t, err)
			require.Equal(t, c.want, len(ids) == 1)
			met := true
			for _, trial := range compiled.Explain(ctx, "Observation", observation) {
				met = met && trial.Finding == topic.Met
			}
			if len(compiled.Explain(ctx, "Observation", observation)) > 0 {
				require.Equal(t, c.want, met)
			}
			_, err = about.CompileFilters(filters(t, c.filter), r4)
			require.ErrorContains(t, err, "is no search parameter", "nobody promises the events")
		})
	}
	for filter, problem := range map[string]string{
		"trigger=Z99":                 "no trigger of the topic has",
		"Encounter?trigger=R01":       "no trigger of the topic has",
		"Observation?trigger=A01":     "no trigger of the topic has",
		"DiagnosticReport?trigger=x":  "no trigger of the topic has",
		"trigger=":                    "missing",
		"trigger=a|b|c":               "can't be evaluated",
		"trigger:text=feed":           "modifier that the topic does not allow",
		"Patient?trigger=R01":         "not about",
		"Observation?trigger=feed-ev": "no trigger of the topic has",
	} {
		t.Run(filter, func(t *testing.T) {
			list, err := topic.ParseFilter(filter)
			if err == nil {
				_, err = about.CompileFilters(list, o)
			}
			require.ErrorContains(t, err, problem)
		})
	}
	compiled, err := about.CompileFilters(filters(t, "trigger=R01"), o)
	require.NoError(t, err)
	_, err = compiled.Match(t.Context(), "Observation", node(t, `{"resourceType":"Observation"}`))
	require.ErrorContains(t, err, "does not tell the events", "unknown is not no")
	none, err := about.CompileFilters([]topic.Filter{{Parameter: "trigger", Comparator: "ne", Value: "R01"}}, o)
	require.Nil(t, none)
	require.ErrorContains(t, err, "comparator")
}

// heard is an evaluator of a filter of the host's own that looks at the events.
type heard struct{}

func (heard) CompileFilter(_ *topic.Topic, f topic.Filter, _ string) (topic.FilterTest, error) {
	if f.Parameter != "loud" && f.Parameter != "trigger" {
		return nil, nil
	}
	return func(ctx context.Context, _ fhirpath.Node) (bool, error) { return len(topic.Events(ctx)) > 1, nil }, nil
}

// TestEventsReachTheEvaluator: also one that has its own idea of trigger.
func TestEventsReachTheEvaluator(t *testing.T) {
	about := parse(t, feed)
	about.CanFilterBy = append(about.CanFilterBy, topic.CanFilterBy{FilterParameter: "loud"})
	o := r4
	o.Filters, o.Events = heard{}, true
	for _, filter := range []string{"loud=yes", "trigger=Z99"} {
		compiled, err := about.CompileFilters(filters(t, filter), o)
		require.NoError(t, err)
		for _, events := range [][]topic.Coding{nil, {feedEvent}, {feedEvent, admission}} {
			got, err := compiled.Match(topic.WithEvents(t.Context(), events), "Encounter", node(t, encounterP1))
			require.NoError(t, err)
			require.Equal(t, len(events) > 1, got)
		}
	}
	require.Nil(t, topic.Events(t.Context()))
}

func TestParseEventOfChange(t *testing.T) {
	const head = `{"resourceType":"SubscriptionTopic","url":"https://topics.example.org/t","status":"active","resourceTrigger":[{"resource":"Encounter","extension":[`
	const one = `{"url":"` + topic.EventURL + `","valueCodeableConcept":{"coding":[{"code":"x"}]}}`
	for extension, problem := range map[string]string{
		one + "," + one: "may occur only once",
		`{"url":"` + topic.EventURL + `","valueString":"x"}`:               "must be a CodeableConcept",
		`{"url":"` + topic.EventURL + `","valueCodeableConcept":{}}`:       "with a coding",
		`{"url":"` + topic.EventURL + `","valueCoding":{"code":"x"}}`:      "must be a CodeableConcept",
		`{"url":"` + topic.EventURL + `","valueCodeableConcept":"secret"}`: "must be a CodeableConcept",
	} {
		_, err := topic.Parse([]byte(head + extension + "]}]}"))
		require.ErrorContains(t, err, problem)
	}
	require.Equal(t, []topic.Coding{{Code: "x"}}, parse(t, head+one+"]}]}").ResourceTriggers[0].Event)
}

func ExampleWithEvents() {
	admissions, err := topic.Parse([]byte(`{"resourceType": "SubscriptionTopic", "status": "active",
		"url": "https://topics.example.com/SubscriptionTopic/encounter-events",
		"eventTrigger": [{"resource": "Encounter", "event": {"coding": [{"code": "A01"}, {"code": "A03"}]}}],
		"canFilterBy": [{"filterParameter": "trigger"}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	asked, _ := topic.ParseFilter("Encounter?trigger=A01")
	filters, err := admissions.CompileFilters(asked, topic.Options{Release: fhirpath.R4, Events: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	encounter, _ := fhirpath.Parse([]byte(`{"resourceType": "Encounter"}`))
	for _, event := range []topic.Coding{{Code: "A01"}, {Code: "A03"}} {
		ctx := topic.WithEvents(context.Background(), []topic.Coding{event})
		ok, err := filters.Match(ctx, "Encounter", encounter.Root())
		fmt.Println(event.Code, ok, err)
	}
	// Output:
	// A01 true <nil>
	// A03 false <nil>
}
