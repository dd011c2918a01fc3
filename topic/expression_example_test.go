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

func ExampleCompileTriggers() {
	about := &topic.Topic{ResourceTriggers: []topic.ResourceTrigger{
		{Resource: "Encounter", Expression: &topic.Expression{Language: "text/x-mine", Expression: "always"}},
		{Resource: "Patient", Expression: &topic.Expression{Language: "text/x-mine", Expression: "whenever"}},
	}}
	_, err := topic.CompileTriggers(about, func(tr *topic.ResourceTrigger, at string) (bool, error) {
		if tr.Expression.Expression != "always" {
			return false, &topic.ElementError{Element: at, Problem: "can't be evaluated: mine has one word only"}
		}
		return true, nil
	})
	fmt.Println(err)
	// Output: topic: SubscriptionTopic.resourceTrigger[1] can't be evaluated: mine has one word only
}
