package topics_test

import (
	"fmt"
	"log"

	"github.com/carillon-fhir/carillon/examples/server/topics"
	"github.com/carillon-fhir/carillon/fhirpath"
)

func ExampleShipped() {
	shipped, err := topics.Shipped(fhirpath.R4)
	if err != nil {
		log.Fatal(err)
	}
	for _, t := range shipped {
		fmt.Println(t.Title, "-", t.Description)
	}
	// Output:
	// High bilirubin - A final bilirubin result (LOINC 1975-2) above 1.0 mg/dL is recorded or updated.
	// Encounter complete - An encounter is, or becomes, finished.
	// Encounter start - An encounter is, or becomes, in progress.
	// Laboratory result - A laboratory result is new, or becomes final.
	// Patient change - A patient's record is created, updated or deleted.
}
