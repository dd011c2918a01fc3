package search_test

import (
	"testing"

	"github.com/carillon-fhir/carillon/fhirpath"
)

func TestString(t *testing.T) {
	cases{
		{"family=mull", true},
		{"family=M%C3%BCller", true},
		{"family=oz", false},
		{"family:contains=OZ", true},
		{"family:exact=M%C3%BCller-%C3%96z", true},
		{"family:exact=muller-oz", false},
		{"family=strasse", true},
		{"given=anna", true},
		{"given=maria", false},
		{"given=anna+m", true},
		{"given=zoe", true},
		{"name=dr.", true},
		{"name=old", false},
		{"address=main", true},
		{"address-city=lodz", true},
		{"address-postalcode=90", true},
		{"address=home", false},
		{"family=x,stra", true},
		{"family:missing=false", true},
	}.run(t, fhirpath.R4, patient)
}

func TestURI(t *testing.T) {
	cases{
		{"_source=http://source.example.org/a/b", true},
		{"_source=http://source.example.org/a", false},
		{"_source:below=http://source.example.org/a", true},
		{"_source:below=http://source.example.org/", true},
		{"_source:below=http://source.example.org/a/b/c", false},
		{"_source:below=http://source.example.or", false},
		{"_source:above=http://source.example.org/a/b/c", true},
		{"_source:above=http://source.example.org/a/bc", false},
		{"_profile=http://example.org/StructureDefinition/vital", true},
		{"_profile=http://example.org/StructureDefinition/vital|2.0", true},
		{"_profile=http://example.org/StructureDefinition/vital|1.0", false},
		{"_profile=http://example.org/StructureDefinition/vit", false},
	}.run(t, fhirpath.R4, observation)
	cases{ // a reference to a canonical since R5
		{"_profile=http://example.org/StructureDefinition/vital", true},
		{"_profile=http://example.org/StructureDefinition/vital|1.0", false},
	}.run(t, fhirpath.R5, observation)
}
