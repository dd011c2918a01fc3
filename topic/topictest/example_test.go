package topictest_test

import (
	"fmt"
	"strings"

	"github.com/carillon-fhir/carillon/topic/topictest"
)

func ExampleClauses() {
	for _, c := range topictest.Clauses() {
		if strings.HasPrefix(c.Name, "Loops") || strings.HasPrefix(c.Name, "Failure") {
			fmt.Println(c.Name)
		}
	}
	// Output:
	// FailureNeverFires
	// LoopsAreStopped
}
