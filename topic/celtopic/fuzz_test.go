package celtopic_test

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
		`current.status == "final" && previous.status != "final"`,
		`current.category.exists(c, c.text in ["a", "b"])`,
		`current.contained.all(r, r.resourceType == "Patient" ? r.active == true : r.id != null)`,
		`timestamp(current.issued) > now - duration("24h") || current.valueQuantity.value + 1.0 > 7.3`,
		`current.component.filter(c, has(c.value)).size() > 2 && current.value == previous.value`,
		`current.category.map(c, c.text)[0].matches("^a") && type(current.value) != string`,
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
