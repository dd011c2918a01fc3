package topic

import (
	"slices"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/fhirjson"
)

// maxFormIssues is how many problems of form are listed.
const maxFormIssues = 20

// checkForm adds what is no FHIR JSON of a release that has such topics. Elements that
// were found wrong already, or have something wrong in them, are not named twice.
func (r *reader) checkForm(root element) {
	releases := []fhirpath.Release{fhirpath.R5, fhirpath.R4B}
	if root.basic {
		releases = []fhirpath.Release{fhirpath.R4, fhirpath.R4B, fhirpath.R5}
	}
	var issues []fhirjson.Issue
	for i, release := range releases {
		found := fhirjson.Check(release, root.node, maxFormIssues)
		if len(found) == 0 {
			return
		}
		if i == 0 {
			issues = found
		}
	}
	for _, issue := range issues {
		if !slices.ContainsFunc(r.problems, func(err error) bool {
			named, ok := err.(*ElementError)
			return ok && (named.Element == issue.Path || strings.HasPrefix(named.Element, issue.Path+"."))
		}) {
			r.problem(issue.Path, issue.Problem)
		}
	}
}
