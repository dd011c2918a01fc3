package exprtopic_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
)

// BenchmarkFires is the same question in expr and in the built-in FHIRPath, about two
// states of an Observation that are indexed already.
func BenchmarkFires(b *testing.B) {
	c := &topic.Change{Interaction: topic.Update, ResourceType: "Observation", Previous: node(b, before), Current: node(b, after)}
	for _, bench := range []struct{ name, expr, fhirPath string }{
		{"status", `current.status == "final" and previous.status == "final"`,
			`%current.status = 'final' and %previous.status = 'final'`},
		{"exists", `any(current.component, any(.interpretation, .text == "x"))`,
			`%current.component.exists(interpretation.exists(text = 'x'))`},
	} {
		inExpr, err := evaluator(b, fhirpath.R4).Compile(inLanguage("Observation", bench.expr))
		require.NoError(b, err)
		inFHIRPath, err := topic.Compile(&topic.Topic{ResourceTriggers: []topic.ResourceTrigger{
			{Resource: "Observation", FHIRPath: bench.fhirPath},
		}}, topic.Options{Release: fhirpath.R4})
		require.NoError(b, err)
		for _, p := range []struct {
			name string
			topic.Program
		}{{"expr", inExpr}, {"fhirpath", inFHIRPath}} {
			b.Run(bench.name+"/"+p.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if fired, err := p.Fires(b.Context(), 0, c); fired || err != nil {
						b.Fatal(fired, err)
					}
				}
			})
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	e := evaluator(b, fhirpath.R4)
	t := inLanguage("Observation", `current.status == "final" and previous.status != "final"`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Compile(t); err != nil {
			b.Fatal(err)
		}
	}
}
