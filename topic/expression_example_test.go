package topic_test

import (
	"fmt"

	"github.com/carillon-fhir/carillon/topic"
)

// An evaluator's Compile begins with the question whose topic it is.
func ExampleTopic_WrittenIn() {
	t := &topic.Topic{ResourceTriggers: []topic.ResourceTrigger{
		{Resource: "Encounter", Expression: &topic.Expression{Language: "text/cel", Expression: "current.status == 'finished'"}},
	}}
	fmt.Println(t.WrittenIn("text/cel"))
	fmt.Println(t.WrittenIn("text/x-expr"))
	t.ResourceTriggers = append(t.ResourceTriggers, topic.ResourceTrigger{Resource: "Encounter", FHIRPath: "true"})
	fmt.Println(t.WrittenIn("text/cel"))
	// Output:
	// true <nil>
	// false <nil>
	// false topic: SubscriptionTopic.resourceTrigger[1] has criteria that are not in text/cel like those of other triggers, and one evaluator decides a whole topic
}
