package cases_test

import (
	"context"
	"fmt"

	"github.com/carillon-fhir/carillon/examples/fhirpath/cases"
	"github.com/carillon-fhir/carillon/fhirpath"
)

func ExampleRunner_Run() {
	runner := cases.Runner{Release: fhirpath.R4}
	for _, c := range []cases.Case{
		{Expression: "1 / 2", Outputs: []cases.Output{{Type: "decimal", Value: []byte(`"0.50"`)}}},
		{Expression: "7 div 2", Outputs: []cases.Output{{Type: "integer", Value: []byte(`"4"`)}}},
		{Expression: "(1 | 2) + 1", Error: "execution"},
	} {
		result := runner.Run(context.Background(), c)
		fmt.Println(c.Expression, result.Verdict)
		if result.Reason != "" {
			fmt.Println(result.Reason)
		}
	}
	// Output:
	// 1 / 2 passed
	// 7 div 2 failed
	// wanted [integer 4]
	// got [integer 3]
	// (1 | 2) + 1 passed
}
