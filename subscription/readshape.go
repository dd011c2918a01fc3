package subscription

import (
	"regexp"
	"slices"
	"strings"

	"github.com/carillon-fhir/carillon/internal/fhirjson"
)

// maxShapeIssues is how many issues of form one answer lists.
const maxShapeIssues = 20

// shape adds what is no FHIR JSON of the release, wherever it is: what looks like nothing,
// such as "_criteria": {}, may have been meant to narrow something. What the other checks
// have named is not named twice, and an id on creation is ignored, whatever it is.
func (r *reader) shape() {
	named := make([]string, len(r.issues))
	for i, issue := range r.issues {
		named[i] = withoutIndexes(r.form.element(issue.Element))
	}
	for _, issue := range fhirjson.Check(r.limits.Release, r.root, maxShapeIssues) {
		path := withoutIndexes(issue.Path)
		parent := path[:max(0, strings.LastIndexByte(path, '.'))]
		if path == "Subscription.id" || slices.ContainsFunc(named, func(element string) bool {
			return element == path || element == parent || element != "Subscription" && strings.HasPrefix(path, element+".")
		}) {
			continue
		}
		r.issues = append(r.issues, ElementError{issue.Path, "structure", "The element " + issue.Problem})
	}
}

// withoutIndexes leaves the names of a path.
func withoutIndexes(path string) string { return indexes.ReplaceAllString(path, "") }

var indexes = regexp.MustCompile(`\[[0-9]+\]|\('[^']*'\)`)
