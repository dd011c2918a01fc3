package celtopic_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
	"github.com/carillon-fhir/carillon/topic/celtopic"
)

func Example() {
	finished, err := topic.Parse([]byte(`{"resourceType": "SubscriptionTopic", "status": "active",
		"url": "https://topics.example.com/SubscriptionTopic/encounter-finished",
		"resourceTrigger": [{
			"resource": "Encounter",
			"extension": [{
				"url": "https://carillon-fhir.github.io/fhir/StructureDefinition/resourceTrigger-expression",
				"valueExpression": {
					"language": "text/cel",
					"expression": "current.status == 'finished' && previous.status != 'finished'"
				}
			}]
		}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	cel, err := celtopic.New(celtopic.Config{Release: fhirpath.R4})
	if err != nil {
		fmt.Println(err)
		return
	}
	program, err := cel.Compile(finished)
	if err != nil {
		fmt.Println(err)
		return
	}
	after, _ := fhirpath.Parse([]byte(`{"resourceType": "Encounter", "status": "finished"}`))
	fmt.Println(program.Fires(context.Background(), 0, &topic.Change{
		Interaction: topic.Create, ResourceType: "Encounter", Current: after.Root(),
	}))
	// Output: true <nil>
}

func ExampleEvaluator_Compile() {
	cel, err := celtopic.New(celtopic.Config{Release: fhirpath.R4})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, criterion := range []string{
		`current.statuss == "finished"`,
		`current.status == 3`,
		`current.type.coding.exists(c, c.code == "AMB")`,
		`previous == null`,
	} {
		_, err := cel.Compile(&topic.Topic{ResourceTriggers: []topic.ResourceTrigger{{
			Resource: "Encounter", Expression: &topic.Expression{Language: cel.Language(), Expression: criterion},
		}}})
		var element *topic.ElementError
		if errors.As(err, &element) {
			fmt.Println(element.Problem)
		}
	}
	// Output:
	// can't be evaluated: undefined field 'statuss' at line 1, column 8
	// can't be evaluated: found no matching overload for '_==_' applied to '(wrapper(string), int)' at line 1, column 16
	// can't be evaluated: type 'list(fhir.CodeableConcept)' does not support field selection at line 1, column 13
	// can't be evaluated: an element with children is never null: use has() or exists()
}
