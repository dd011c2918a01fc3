package fhirpath

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkEvaluate times the expressions that other engines were measured with,
// on resources that are indexed already.
func BenchmarkEvaluate(b *testing.B) {
	patient, observation := suiteInput(b, "patient-example.json"), suiteInput(b, "observation-example.json")
	for _, c := range []struct {
		name, expression string
		focus            []byte
	}{
		{"where", "Patient.name.where(use='official').given", patient},
		{"as", "(Observation.value as Quantity)", observation},
		{"resolve", "Observation.subject.where(resolve() is Patient)", observation},
		{"trigger", "%previous.status != 'finished' and %current.status = 'finished'", nil},
		{"telecom", "Patient.telecom.where(system='phone').value", patient},
		{"union", "Observation.code | Observation.component.code", observation},
		{"exists", "Patient.contact.relationship.coding.where(system='http://terminology.hl7.org/CodeSystem/v2-0131' and code='N').exists()", patient},
	} {
		b.Run(c.name, func(b *testing.B) {
			e, err := Compile(c.expression, Options{Release: R4})
			require.NoError(b, err)
			focus := Node{}
			env := Env{Variables: []Variable{{"current", node(b, finished)}, {"previous", node(b, inProgress)}}}
			if c.focus != nil {
				doc, err := Parse(c.focus)
				require.NoError(b, err)
				focus = doc.Root()
			}
			ctx := context.Background()
			var items []Item
			b.ReportAllocs()
			for b.Loop() {
				if items, err = e.AppendItems(ctx, items[:0], focus, env); err != nil || len(items) == 0 {
					b.Fatal(items, err)
				}
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	for name, expression := range map[string]string{
		"path":    "Patient.name.given",
		"trigger": "(%previous.id.empty() or (%previous.status != 'finished')) and (%current.status = 'finished')",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Compile(expression, Options{Release: R4}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
