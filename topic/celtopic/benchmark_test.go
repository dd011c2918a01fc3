package celtopic_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
	"github.com/carillon-fhir/carillon/topic/celtopic"
)

// BenchmarkFires is the same question in CEL and in the built-in FHIRPath, about two
// states of an Encounter that are indexed already.
func BenchmarkFires(b *testing.B) {
	evaluator, err := celtopic.New(celtopic.Config{Release: fhirpath.R4})
	require.NoError(b, err)
	c := &topic.Change{
		Interaction: topic.Update, ResourceType: "Encounter",
		Previous: node(b, encounter("planned")), Current: node(b, encounter("arrived")),
	}
	for _, bench := range []struct{ name, cel, fhirPath string }{
		{"status", `current.status == "finished" && previous.status != "finished"`,
			`%current.status = 'finished' and %previous.status != 'finished'`},
		{"both", `previous.status != "finished" && current.status == "finished"`,
			`%previous.status != 'finished' and %current.status = 'finished'`},
		{"exists", `current.type.exists(t, t.coding.exists(c, c.system == "http://example.org/types" && c.code == "y"))`,
			`%current.type.exists(coding.exists(system = 'http://example.org/types' and code = 'y'))`},
	} {
		inCEL, err := evaluator.Compile(inLanguage(bench.cel))
		require.NoError(b, err)
		inFHIRPath, err := topic.Compile(&topic.Topic{ResourceTriggers: []topic.ResourceTrigger{
			{Resource: "Encounter", FHIRPath: bench.fhirPath},
		}}, topic.Options{Release: fhirpath.R4})
		require.NoError(b, err)
		for _, p := range []struct {
			name string
			topic.Program
		}{{"cel", inCEL}, {"fhirpath", inFHIRPath}} {
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
	evaluator, err := celtopic.New(celtopic.Config{Release: fhirpath.R4})
	require.NoError(b, err)
	t := inLanguage(`current.status == "finished" && previous.status != "finished"`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := evaluator.Compile(t); err != nil {
			b.Fatal(err)
		}
	}
}
