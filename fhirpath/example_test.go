package fhirpath_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/carillon-fhir/carillon/fhirpath"
)

var encounter = []byte(`{"resourceType":"Encounter","status":"finished",
	"class":{"code":"AMB"},"length":{"value":30.50,"code":"min"},
	"participant":[{"individual":{"reference":"Practitioner/f1"}},{"individual":{"reference":"Patient/p1"}}]}`)

// Index a resource once, then read whatever is needed of it.
func ExampleParse() {
	doc, err := fhirpath.Parse(encounter)
	if err != nil {
		fmt.Println(err)
		return
	}
	root := doc.Root()
	fmt.Println(root.Get("status").Text(), root.Path("length", "value").Text(), root.Get("period").Exists())
	for participant := range root.Get("participant").Elements() {
		fmt.Println(participant.Path("individual", "reference").Text())
	}
	_, err = fhirpath.Parse([]byte(`{"status":"a","status":"b"}`))
	fmt.Println(err)
	// Output:
	// finished 30.50 false
	// Practitioner/f1
	// Patient/p1
	// fhirpath: invalid JSON at byte 14: duplicate name in an object
}

// The members and the bytes of a part of a resource.
func ExampleNode_Members() {
	doc, _ := fhirpath.Parse(encounter)
	for name, member := range doc.Root().Members() {
		fmt.Println(name, member.Kind(), len(member.Raw()), member.Len())
	}
	// Output:
	// resourceType string 11 1
	// status string 10 1
	// class object 14 1
	// length object 28 1
	// participant array 90 2
}

// The type of a resource that is not going to be parsed.
func ExampleResourceTypeOf() {
	fmt.Printf("%s\n", fhirpath.ResourceTypeOf(encounter))
	// Output: Encounter
}

// A trigger of a topic: compile once, ask for every change.
func ExampleExpression_Bool() {
	finished, err := fhirpath.Compile(
		"(%previous.id.empty() or %previous.status != 'finished') and %current.status = 'finished'",
		fhirpath.Options{Release: fhirpath.R4, BooleanUnion: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	doc, _ := fhirpath.Parse(encounter)
	fires, err := finished.Bool(context.Background(), doc.Root(), fhirpath.Env{
		Variables: []fhirpath.Variable{{Name: "current", Value: doc.Root()}}, // a create: no %previous
	})
	fmt.Println(fires, err)
	// Output: true <nil>
}

// The elements that an expression of a search parameter finds.
func ExampleExpression_Evaluate() {
	practitioner, err := fhirpath.Compile(
		"Encounter.participant.individual.where(resolve() is Practitioner)", fhirpath.Options{Release: fhirpath.R4})
	if err != nil {
		fmt.Println(err)
		return
	}
	doc, _ := fhirpath.Parse(encounter)
	found, err := practitioner.Evaluate(context.Background(), doc.Root(), fhirpath.Env{})
	for _, item := range found {
		element, _ := item.Node()
		fmt.Println(element.Get("reference").Text(), err)
	}
	// Output: Practitioner/f1 <nil>
}

// What can't be answered is refused with its place, before any resource is seen.
func ExampleCompile_refused() {
	_, err := fhirpath.Compile("%current.code.memberOf('http://example.org/vs')", fhirpath.Options{Release: fhirpath.R4})
	fmt.Println(err)
	var problem *fhirpath.CompileError
	fmt.Println(errors.As(err, &problem), problem.Offset)
	// Output:
	// fhirpath: function memberOf is not supported: it needs a terminology service at line 1, column 15
	// 	%current.code.memberOf('http://example.org/vs')
	// 	              ^
	// true 14
}

// A topic's author can be told to write or.
func ExampleExpression_UsesUnionAsOr() {
	e, _ := fhirpath.Compile("(%previous.empty() | (%previous.status != 'completed')) and %current.status = 'completed'",
		fhirpath.Options{Release: fhirpath.R5, BooleanUnion: true})
	fmt.Println(e.UsesUnionAsOr())
	// Output: true
}
