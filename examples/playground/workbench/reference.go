package workbench

import (
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// cutReference takes type and id out of a reference, relative or absolute, with or
// without a version.
func cutReference(reference string) (resourceType, id string, ok bool) {
	reference, _, _ = strings.Cut(reference, "/_history/")
	parts := strings.Split(reference, "/")
	if len(parts) < 2 {
		return "", "", false
	}
	resourceType, id = parts[len(parts)-2], parts[len(parts)-1]
	return resourceType, id, resourceType != "" && fhirpath.IsID(id)
}
