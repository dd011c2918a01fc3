package fhirpath_test

import (
	"context"
	"fmt"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// The parts that and joins are told apart, and whether one can hold without a variable.
func ExampleExpression_Conjuncts() {
	e, err := fhirpath.Compile("%previous.status != 'finished' and status = 'finished'", fhirpath.Options{Release: fhirpath.R4, Variables: []string{"previous"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, part := range e.Conjuncts() {
		fmt.Println(part, part.NeverWithout("previous"))
	}
	// Output:
	// %previous.status != 'finished' true
	// status = 'finished' false
}

// The result in a slice of the caller's, as JSON.
func ExampleExpression_AppendItems() {
	e, err := fhirpath.Compile("name.given", fhirpath.Options{Release: fhirpath.R4})
	if err != nil {
		fmt.Println(err)
		return
	}
	doc, err := fhirpath.Parse([]byte(`{"resourceType":"Patient","name":[{"given":["Ana","Luz"]}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	items := make([]fhirpath.Item, 0, 8)
	items, err = e.AppendItems(context.Background(), items, doc.Root(), fhirpath.Env{})
	for _, item := range items {
		fmt.Println(string(item.JSON()))
	}
	fmt.Println(err)
	// Output:
	// "Ana"
	// "Luz"
	// <nil>
}

// The definitions of a release: what a type is and which elements it has.
func ExampleType() {
	r, err := fhirpath.ParseRelease("R4B")
	if err != nil {
		fmt.Println(err)
		return
	}
	observation, ok := r.Type("Observation")
	fmt.Println(r.Version(), ok, observation.IsResource(), observation.IsPrimitive())
	value, _ := observation.Element("value")
	for _, choice := range value.Choices()[:2] {
		fmt.Println(choice.Name(), choice.Type().Name())
	}
	doc, err := fhirpath.Parse([]byte(`{"resourceType":"Observation","valueString":"x"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	node, typ := value.In(doc.Root())
	fmt.Println(node.Text(), typ.Name(), typ.System())
	// Output:
	// 4.3.0 true true false
	// valueQuantity Quantity
	// valueCodeableConcept CodeableConcept
	// x string String
}
