package fhirpath_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// The functions of FHIRPath 3.0 for what is known to some precision only, and for
// the time between two dates.
func ExampleExpression_Evaluate_functions() {
	for _, source := range []string{
		"1.587.lowBoundary()",
		"@2014-02.highBoundary()",
		"@1974-12-25.duration(@2026-12-24, 'year')",
		"@1974-12-25.difference(@2026-12-24, 'year')",
		"(5.5 'cm' | 4.7 'cm' | 4.8 'cm').avg()",
		"81.sqrt()",
		"'A&B'.escape('html')",
	} {
		e, _ := fhirpath.Compile(source, fhirpath.Options{Release: fhirpath.R5})
		found, err := e.Evaluate(context.Background(), fhirpath.Node{}, fhirpath.Env{})
		fmt.Println(found[0], err)
	}
	// Output:
	// 1.58650000 <nil>
	// 2014-02-28 <nil>
	// 51 <nil>
	// 52 <nil>
	// 5.0 'cm' <nil>
	// 9.0 <nil>
	// A&amp;B <nil>
}

// An error of evaluation says where in the expression it came up.
func ExampleEvaluationError() {
	doc, err := fhirpath.Parse([]byte(`{"resourceType":"Patient","name":[{"family":"Doe"},{"family":"Roe"}]}`))
	if err != nil {
		panic(err)
	}
	e, err := fhirpath.Compile("name.family.startsWith('D')", fhirpath.Options{Release: fhirpath.R4})
	if err != nil {
		panic(err)
	}
	_, err = e.Evaluate(context.Background(), doc.Root(), fhirpath.Env{})
	var failed *fhirpath.EvaluationError
	fmt.Println(errors.As(err, &failed), failed.Offset, errors.Is(err, fhirpath.ErrSingleton))
	fmt.Println(err)
	// Output:
	// true 12 true
	// fhirpath: several items where one is expected at line 1, column 13 of the expression
}
