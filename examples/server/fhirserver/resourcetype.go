package fhirserver

import (
	"slices"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// resourceTypes returns the types that have an endpoint, sorted: all of the release but
// Parameters, which are never stored.
func resourceTypes(r fhirpath.Release) []string {
	return slices.DeleteFunc(search.ResourceTypes(r), func(t string) bool { return t == "Parameters" })
}

func isResourceType(r fhirpath.Release, name string) bool {
	return name != "Parameters" && search.IsResourceType(r, name)
}
