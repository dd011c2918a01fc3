package exprtopic_test

import (
	"strings"
	"testing"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
)

// FuzzCompile holds that no expression brings the program down or holds it up, and
// that no error shows the resource.
func FuzzCompile(f *testing.F) {
	for _, seed := range []string{
		`current.status == "final" and previous.status != "final"`,
		`any(current.category, .text in ["a", "b"])`,
		`let c = current.contained; all(c, .resourceType == "Patient" ? .active == true : #.id != nil)`,
		`date(current.issued) > now - duration("24h") or current.valueQuantity.value + 1 > 7.3`,
		`len(filter(current.component, exists(.value))) > 2 and current.value == previous.value`,
		`find(map(current.category, .text), # matches "^a") ?? "x" startsWith "a"`,
	} {
		f.Add(seed)
	}
	e := evaluator(f, fhirpath.R4)
	const secret = "S4711"
	c := &topic.Change{Interaction: topic.Update, ResourceType: "Observation",
		Previous: node(f, before), Current: node(f, strings.ReplaceAll(after, "final", secret))}
	f.Fuzz(func(t *testing.T, criterion string) {
		p, err := e.Compile(inLanguage("Observation", criterion))
		if err != nil {
			return
		}
		if _, err := p.Fires(t.Context(), 0, c); err != nil && strings.Contains(err.Error(), secret) {
			t.Fatal("the error has content of the resource")
		}
	})
}
