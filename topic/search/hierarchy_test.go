package search_test

import (
	"testing"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// TestHierarchies goes through the FHIR search page, "Searching Hierarchies".
func TestHierarchies(t *testing.T) {
	place := func(id, parent string) string {
		return `{"resourceType":"Location","id":"` + id + `","partOf":{"reference":"` + parent + `"}}`
	}
	_, o := newHost(t, fhirpath.R4, place("A101", "Location/A100"), place("A100", base+"/Location/BuildingA"), `{"resourceType":"Location","id":"BuildingA"}`,
		place("round", "Location/about"), place("about", "Location/round"), place("lost", "Location/nowhere"), visit, stay)
	at := func(id string) string {
		return `{"resourceType":"Procedure","location":{"reference":"Location/` + id + `"}}`
	}
	check(t, o, at("A101"), `
	+ location:below=BuildingA
	+ location:below=Location/A100
	+ location:below=A101
	+ location:below=https://fhir.example.org/r4/Location/BuildingA
	- location:below=A102
	- location:above=BuildingA
	+ location:above=A101
	- location:above=A100
	- location:below=X,Y
	+ location:below=X,BuildingA
	x location:below=Patient/1
	x location:below=Location/A100/_history/1
	- performer:below=1
	x patient:above=1
	- based-on:below=1
	`)
	check(t, o, at("A100"), `
	+ location:above=A101
	+ location:below=BuildingA
	- location:below=A101
	`)
	check(t, o, at("BuildingA"), "+ location:above=A101\n + location:above=A100\n - location:below=A100\n")
	check(t, o, at("round"), "+ location:below=about\n - location:below=BuildingA\n + location:above=about")
	check(t, o, at("lost"), "+ location:below=nowhere\n - location:below=BuildingA")
	check(t, o, `{"resourceType":"Procedure"}`, "- location:below=BuildingA")
	check(t, o, `{"resourceType":"MedicationAdministration","context":{"reference":"Encounter/stay"}}`, `
	+ context:above=Encounter/e
	- context:below=Encounter/e
	`)
}
