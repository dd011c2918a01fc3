package topic_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
	"github.com/carillon-fhir/carillon/topic/search"
)

// Review tells an author what a topic can't do.
func ExampleTopic_Review() {
	about := &topic.Topic{ResourceTriggers: []topic.ResourceTrigger{{
		Resource: "Encounter", Interactions: []topic.Interaction{topic.Create}, FHIRPath: "%previous.status != %current.status",
	}}}
	for _, w := range about.Review(topic.Options{Release: fhirpath.R4}) {
		fmt.Println(w.Element, w.Never)
	}
	// Output: SubscriptionTopic.resourceTrigger[0].fhirPathCriteria true
}

// A topic in the form of a release, under its canonical.
func ExampleTopic_AppendResource() {
	about := &topic.Topic{URL: "https://example.org/topics/patient", Version: "1.0.0", Status: "active",
		ResourceTriggers: []topic.ResourceTrigger{{Resource: "Patient"}}}
	fmt.Println(about.Canonical())
	fmt.Println(string(about.AppendResource(nil, fhirpath.R4B, "patient")))
	// Output:
	// https://example.org/topics/patient|1.0.0
	// {"resourceType":"SubscriptionTopic","id":"patient","url":"https://example.org/topics/patient","version":"1.0.0","status":"active","resourceTrigger":[{"resource":"http://hl7.org/fhir/StructureDefinition/Patient"}]}
}

// What goes along with a notification, and what may be asked about it.
func ExampleTopic_CompileShapes() {
	about := &topic.Topic{NotificationShapes: []topic.NotificationShape{{
		Resource: "Encounter", Includes: []string{"Encounter:patient", "Encounter:nonsense"},
		RelatedQueries: []topic.RelatedQuery{{Query: "MedicationRequest?encounter=[id]"}},
	}}}
	fmt.Println(about.QueriesAbout("Encounter", "e")[0].Query)
	shapes, ignored := about.CompileShapes(topic.Options{Release: fhirpath.R4, Host: search.Host{Resolver: hospital}})
	fmt.Println(ignored, shapes.Empty("Encounter"), shapes.Empty("Patient"))
	encounter, err := fhirpath.Parse([]byte(`{"resourceType":"Encounter","id":"e","subject":{"reference":"Patient/r"}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	related, err := shapes.Related(context.Background(), "Encounter", encounter.Root(), 10)
	fmt.Println(len(related), related[0].Root().Get("id").Text(), err)
	// Output:
	// MedicationRequest?encounter=e
	// [Encounter:nonsense] false true
	// 1 r <nil>
}

// An evaluator of a topic's own filters learns what happened.
func ExampleEvents() {
	ctx := topic.WithEvents(context.Background(), []topic.Coding{{System: "urn:feed", Code: "new"}})
	fmt.Println(topic.Events(ctx)[0].Code)
	// Output: new
}

// An index forgets who is gone.
func ExampleIndex_Remove() {
	index := &topic.Index{}
	about := &topic.Topic{ResourceTriggers: []topic.ResourceTrigger{{Resource: "Patient"}}, CanFilterBy: []topic.CanFilterBy{{FilterParameter: "gender"}}}
	filters, err := about.CompileFilters([]topic.Filter{{Parameter: "gender", Value: "female"}}, topic.Options{Release: fhirpath.R4})
	if err != nil {
		fmt.Println(err)
		return
	}
	index.Add(1, filters)
	index.Add(2, filters)
	index.Remove(1)
	fmt.Println(index.Len())
	// Output: 1
}

// What a change must have, and which types a trigger is about.
func ExampleChange_Complete() {
	patient, err := fhirpath.Parse([]byte(`{"resourceType":"Patient","id":"1"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	c := topic.Change{Interaction: topic.Update, ResourceType: "Patient", Current: patient.Root()}
	fmt.Println(c.Complete(false), errors.Is(c.Complete(true), topic.ErrNoState))
	everything := topic.ResourceTrigger{Resource: "Resource"}
	raised := topic.EventTrigger{Resource: "Encounter"}
	fmt.Println(everything.Covers("Patient"), raised.Covers("Patient"))
	// Output:
	// <nil> true
	// true false
}
