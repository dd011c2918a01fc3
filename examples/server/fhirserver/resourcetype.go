package fhirserver

import (
	"slices"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// resourceTypes returns the types that have an endpoint, sorted: all of FHIR R4 but
// Parameters, which are never stored.
func resourceTypes() []string {
	return slices.DeleteFunc(search.ResourceTypes(fhirpath.R4), func(t string) bool { return t == "Parameters" })
}

func isResourceType(name string) bool {
	return name != "Parameters" && search.IsResourceType(fhirpath.R4, name)
}
