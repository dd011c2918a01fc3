package search_test

import (
	"testing"

	"github.com/carillon-fhir/carillon/fhirpath"
)

func TestNumber(t *testing.T) {
	cases{
		{"probability=0.8", true},
		{"probability=0.80", false}, // 0.795 up to 0.805
		{"probability=8e-1", true},
		{"probability=0.833", true},
		{"probability=ne0.8", false},
		{"probability=gt0.8", true},
		{"probability=gt0.833", false},
		{"probability=ge0.8330", true},
		{"probability=lt0.8331", true},
		{"probability=le0.833", true},
		{"probability=sa0.8", true},
		{"probability=eb0.9", true},
		{"probability=ap0.9", true},
		{"probability=ap1.2", false},
		{"probability=1,0.8", true},
	}.run(t, fhirpath.R4, `{"resourceType":"RiskAssessment","prediction":[{"probabilityDecimal":0.833}]}`)
	// Decimals are exact: as float64 these two are one.
	cases{
		{"variant-start=gt9007199254740992", true},
		{"variant-start=9007199254740993", true},
		{"variant-start=le9007199254740992", false},
	}.run(t, fhirpath.R4, `{"resourceType":"MolecularSequence","variant":[{"start":9007199254740993}]}`)
}

func TestQuantity(t *testing.T) {
	cases{
		{"value-quantity=120.5", true},
		{"value-quantity=120.50", true},
		{"value-quantity=120", false}, // 119.5 up to 120.5
		{"value-quantity=121", true},
		{"value-quantity=1.2e2", true},
		{"value-quantity=120.5|http://unitsofmeasure.org|mm[Hg]", true},
		{"value-quantity=120.5|http://unitsofmeasure.org|kPa", false},
		{"value-quantity=120.5||mm[Hg]", true},
		{"value-quantity=120.5||mm[Hg]+read", true},
		{"value-quantity=gt120.4||mm[Hg]", true},
		{"value-quantity=gt120.5", false},
		{"value-quantity=ge120.5", true},
		{"value-quantity=lt200,gt300", true},
		{"value-quantity=ap115", true},
		{"value-quantity:missing=false", true},
	}.run(t, fhirpath.R4, observation)
	cases{
		{"value-quantity=gt100", true},
		{"value-quantity=lt5", false},
		{"value-quantity=5", false},
		{"value-quantity=ge1000000", true},
	}.run(t, fhirpath.R4, `{"resourceType":"Observation","valueQuantity":{"value":5,"comparator":">"}}`)
}
