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

// What is wrong is refused with its place, before any resource is seen.
func ExampleCompile_refused() {
	_, err := fhirpath.Compile("%current.statuss = 'finished'", fhirpath.Options{
		Release: fhirpath.R4, Strict: true, Variables: []string{"current:Encounter"}})
	fmt.Println(err)
	var problem *fhirpath.CompileError
	fmt.Println(errors.As(err, &problem), problem.Offset)
	// Output:
	// fhirpath: no element statuss in Encounter at line 1, column 10
	// 	%current.statuss = 'finished'
	// 	         ^
	// true 9
}

// What an expression asks of its caller is known before it is evaluated.
func ExampleExpression_Needs() {
	e, err := fhirpath.Compile("%current.code.memberOf('http://example.org/vs') and %current.subject.resolve().active",
		fhirpath.Options{Release: fhirpath.R4})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%+v\n", e.Needs())
	_, err = e.Bool(context.Background(), fhirpath.Node{}, fhirpath.Env{})
	fmt.Println(err)
	// Output:
	// {Resolver:true Terminology:true Variables:[current]}
	// <nil>
}

// The texts of a result, and its first item.
func ExampleExpression_Strings() {
	references, err := fhirpath.Compile("Encounter.participant.individual.reference", fhirpath.Options{Release: fhirpath.R4})
	if err != nil {
		fmt.Println(err)
		return
	}
	doc, _ := fhirpath.Parse(encounter)
	texts, err := references.Strings(context.Background(), nil, doc.Root(), fhirpath.Env{})
	fmt.Println(texts, err)
	first, ok, err := references.First(context.Background(), doc.Root(), fhirpath.Env{})
	fmt.Println(first, first.TypeName(), ok, err)
	// Output:
	// [Practitioner/f1 Patient/p1] <nil>
	// Practitioner/f1 string true <nil>
}

// library resolves references from memory.
type library map[string]string

func (l library) Resolve(_ context.Context, reference string) (*fhirpath.Doc, error) {
	raw, ok := l[reference]
	if !ok {
		return nil, nil
	}
	return fhirpath.Parse([]byte(raw))
}

// References are followed in the document, and beyond it by the caller's Resolver.
func ExampleResolver() {
	e, err := fhirpath.Compile("Encounter.participant.individual.resolve().where($this is Practitioner).active",
		fhirpath.Options{Release: fhirpath.R4})
	if err != nil {
		fmt.Println(err)
		return
	}
	doc, _ := fhirpath.Parse(encounter)
	active, err := e.Evaluate(context.Background(), doc.Root(), fhirpath.Env{Resolver: library{
		"Practitioner/f1": `{"resourceType":"Practitioner","id":"f1","active":true}`}})
	fmt.Println(active, err)
	_, err = e.Evaluate(context.Background(), doc.Root(), fhirpath.Env{})
	fmt.Println(err)
	// Output:
	// [true] <nil>
	// fhirpath: resolve() needs a resolver at line 1, column 34 of the expression
}

// The caller sees what an expression traces.
func ExampleEnv_trace() {
	e, err := fhirpath.Compile("Encounter.status.trace('status') = 'finished'", fhirpath.Options{Release: fhirpath.R4})
	if err != nil {
		fmt.Println(err)
		return
	}
	doc, _ := fhirpath.Parse(encounter)
	_, err = e.Evaluate(context.Background(), doc.Root(), fhirpath.Env{
		Trace: func(name string, items fhirpath.Collection) { fmt.Println(name, items) }})
	fmt.Println(err)
	// Output:
	// status [finished]
	// <nil>
}

// A topic's author can be told to write or.
func ExampleExpression_UsesUnionAsOr() {
	e, _ := fhirpath.Compile("(%previous.empty() | (%previous.status != 'completed')) and %current.status = 'completed'",
		fhirpath.Options{Release: fhirpath.R5, BooleanUnion: true})
	fmt.Println(e.UsesUnionAsOr())
	// Output: true
}
