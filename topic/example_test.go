package topic_test

import (
	"context"
	"fmt"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
)

const finished = `{"resourceType": "SubscriptionTopic", "status": "active",
	"url": "https://topics.example.com/SubscriptionTopic/encounter-finished",
	"resourceTrigger": [{
		"resource": "Encounter",
		"supportedInteraction": ["create", "update"],
		"queryCriteria": {"previous": "status:not=finished", "resultForCreate": "test-passes",
			"current": "status=finished", "requireBoth": true}
	}],
	"canFilterBy": [{"resource": "Encounter", "filterParameter": "patient"}]}`

func ExampleCompile() {
	finished, err := topic.Parse([]byte(finished))
	if err != nil {
		fmt.Println(err)
		return
	}
	program, err := topic.Compile(finished, topic.Options{Release: fhirpath.R4})
	if err != nil {
		fmt.Println(err)
		return
	}
	before, _ := fhirpath.Parse([]byte(`{"resourceType": "Encounter", "status": "in-progress"}`))
	after, _ := fhirpath.Parse([]byte(`{"resourceType": "Encounter", "status": "finished"}`))
	fired, err := program.Fires(context.Background(), 0, &topic.Change{
		Interaction: topic.Update, ResourceType: "Encounter", Previous: before.Root(), Current: after.Root(),
	})
	fmt.Println(fired, err)
	// Output: true <nil>
}

func ExampleParse() {
	_, err := topic.Parse([]byte(`{"resourceType": "SubscriptionTopic", "url": "finished",
		"resourceTrigger": [{"resource": "Encounter", "supportedInteraction": ["created"]}]}`))
	fmt.Println(err)
	// Output:
	// topic: SubscriptionTopic.url must be an absolute address, without version
	// topic: SubscriptionTopic.status is missing
	// topic: SubscriptionTopic.resourceTrigger[0].supportedInteraction[0] must be create, update or delete
}

func ExampleTopic_AppendBasic() {
	t := &topic.Topic{URL: "https://topics.example.com/any", Status: "active"}
	fmt.Println(string(t.AppendBasic(nil, "any")))
	// Output: {"resourceType":"Basic","id":"any","extension":[{"url":"http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic.url","valueUri":"https://topics.example.com/any"}],"modifierExtension":[{"url":"http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic.status","valueCode":"active"}],"code":{"coding":[{"system":"http://hl7.org/fhir/fhir-types","code":"SubscriptionTopic"}]}}
}

func ExampleParseFilter() {
	filters, err := topic.ParseFilter("Encounter?patient=Patient/1&date=ge2026-01-01")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range filters {
		fmt.Println(f.ResourceType, f.Parameter, f.Value)
	}
	// Output:
	// Encounter patient Patient/1
	// Encounter date ge2026-01-01
}

func ExampleTopic_CompileFilters() {
	finished, err := topic.Parse([]byte(finished))
	if err != nil {
		fmt.Println(err)
		return
	}
	o := topic.Options{Release: fhirpath.R4, BaseURL: "https://fhir.example.org/r4"}
	filters, err := finished.CompileFilters([]topic.Filter{{Parameter: "patient", Value: "Patient/1"}}, o)
	if err != nil {
		fmt.Println(err)
		return
	}
	encounter, _ := fhirpath.Parse([]byte(`{"resourceType": "Encounter",
		"subject": {"reference": "https://fhir.example.org/r4/Patient/1"}}`))
	fmt.Println(filters.Match(context.Background(), "Encounter", encounter.Root()))

	_, err = finished.CompileFilters([]topic.Filter{{Parameter: "location", Value: "Location/1"}}, o)
	fmt.Println(err)
	// Output:
	// true <nil>
	// topic: the filter "location" is not among those that the topic can be filtered by
}

func ExampleIndex() {
	finished, err := topic.Parse([]byte(finished))
	if err != nil {
		fmt.Println(err)
		return
	}
	index := &topic.Index{}
	for id := range int64(1000) {
		filters, err := finished.CompileFilters([]topic.Filter{
			{Parameter: "patient", Value: fmt.Sprintf("Patient/%d", id/2)},
		}, topic.Options{Release: fhirpath.R4})
		if err != nil {
			fmt.Println(err)
			return
		}
		index.Add(id, filters)
	}
	encounter, _ := fhirpath.Parse([]byte(`{"resourceType": "Encounter", "subject": {"reference": "Patient/7"}}`))
	ids, err := index.AppendMatches(context.Background(), nil, "Encounter", encounter.Root())
	fmt.Println(ids, err)
	// Output: [14 15] <nil>
}

func ExampleParseFilterBy() {
	subscription, _ := fhirpath.Parse([]byte(`{"resourceType": "Subscription", "filterBy": [
		{"resourceType": "Encounter", "filterParameter": "class", "modifier": "not", "value": "IMP"},
		{"filterParameter": "date", "comparator": "ge", "value": "2026-01-01"}]}`))
	filters, err := topic.ParseFilterBy(subscription.Root())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range filters {
		fmt.Println(f)
	}
	// Output:
	// Encounter.class:not=IMP
	// date=ge2026-01-01
}
