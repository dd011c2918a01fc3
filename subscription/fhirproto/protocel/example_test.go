package protocel_test

import (
	"fmt"

	"github.com/carillon-fhir/carillon/subscription/fhirproto/protocel"
	"github.com/carillon-fhir/carillon/topic"
)

// Criteria over protos, checked when the topic is loaded.
func ExampleNew() {
	cel, err := protocel.New(protocel.Config{MaxCost: 10_000})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, criterion := range []string{"current.status.value == EncounterStatusCode.Value.FINISHED", "current.statuss.value == 1"} {
		program, err := cel.Compile(&topic.Topic{ResourceTriggers: []topic.ResourceTrigger{{
			Resource: "Encounter", Expression: &topic.Expression{Language: cel.Language(), Expression: criterion},
		}}})
		fmt.Println(program != nil, err == nil)
	}
	// Output:
	// true true
	// false false
}
