package channeltest_test

import (
	"fmt"
	"strings"

	"github.com/carillon-fhir/carillon/channel/channeltest"
)

func ExampleClauses() {
	for _, c := range channeltest.Clauses() {
		if strings.HasPrefix(c.Name, "Message") {
			fmt.Println(c.Name)
		}
	}
	// Output:
	// MessageArrivesAsGiven
	// MessageIsReadOnly
	// MessageIsNotKept
}
