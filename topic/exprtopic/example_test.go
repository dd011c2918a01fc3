package exprtopic_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
	"github.com/carillon-fhir/carillon/topic/exprtopic"
)

func Example() {
	finished, err := topic.Parse([]byte(`{"resourceType": "SubscriptionTopic", "status": "active",
		"url": "https://topics.example.com/SubscriptionTopic/encounter-finished",
		"resourceTrigger": [{
			"resource": "Encounter",
			"extension": [{
				"url": "https://carillon-fhir.github.io/fhir/StructureDefinition/resourceTrigger-expression",
				"valueExpression": {
					"language": "text/x-expr",
					"expression": "current.status == 'finished' and previous.status != 'finished'"
				}
			}]
		}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	expr, err := exprtopic.New(exprtopic.Config{Release: fhirpath.R4})
	if err != nil {
		fmt.Println(err)
		return
	}
	program, err := expr.Compile(finished)
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
	expr, err := exprtopic.New(exprtopic.Config{Release: fhirpath.R4})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, criterion := range []string{
		`current.statuss == "finished"`,
		`current.status == 3`,
		`any(current.type, .coding.code == "AMB")`,
		`all(1..1000000, true)`,
	} {
		_, err := expr.Compile(&topic.Topic{ResourceTriggers: []topic.ResourceTrigger{{
			Resource: "Encounter", Expression: &topic.Expression{Language: expr.Language(), Expression: criterion},
		}}})
		var element *topic.ElementError
		if errors.As(err, &element) {
			fmt.Println(element.Problem)
		}
	}
	// Output:
	// can't be evaluated: Encounter has no element statuss at line 1, column 9
	// can't be evaluated: a string does not go with a number at line 1, column 16
	// can't be evaluated: a list has no element code: use any, all or another loop at line 1, column 27
	// can't be evaluated: the operator .. is not for criteria at line 1, column 6
}
