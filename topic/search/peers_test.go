package search_test

import (
	"testing"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// TestR36 is defect R36: a composite parameter followed by another parameter, where
// both must hold; and a composite's parts must hold of the same element.
func TestR36(t *testing.T) {
	cases{
		{"component-code-value-quantity=http://loinc.org|A$1", true},
		{"component-code-value-quantity=A$2", false},
		{"component-code-value-quantity=A$2,B$2", true},
		{"component-code-value-quantity=A$1&status=final", true},
		{"component-code-value-quantity=A$1&status=amended", false},
		{"status=amended&component-code-value-quantity=A$1", false},
		{"code-value-quantity=8480-6$gt120", true},
		{"code-value-quantity=8480-6$lt120", false},
		{"combo-code-value-quantity=B$2", true},
		{"combo-code-value-quantity=8480-6$120.5", true},
		{"combo-code-value-quantity=8480-6$2", false},
	}.run(t, fhirpath.R4, observation)
}

func TestR27(t *testing.T) {
	cases{
		{"subject:missing=false", true},
		{"subject:missing=true", false},
		{"value-quantity=gt1", true},
	}.run(t, fhirpath.R4, observation)
	cases{
		{"_filter=status+eq+final", true},
		{"_filter=status+ne+final", false},
	}.run(t, fhirpath.R4, observation)
}
