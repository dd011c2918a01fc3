package search_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

func BenchmarkCriterion(b *testing.B) {
	resource := node(b, observation)
	for _, query := range []string{
		"status=final", "code=http://loinc.org|8480-6", "patient=Patient/p1", "date=ge2026-01-01", "value-quantity=gt100",
		"component-code-value-quantity=B$2", "value-quantity=1.205e-1|http://unitsofmeasure.org|m[Hg]", "code:text=systolic",
		"_filter=status+eq+final",
	} {
		benchmark(b, search.Options{Release: fhirpath.R4}, query, resource)
	}
	_, o := newHost(b, fhirpath.R4, peter)
	for _, query := range []string{"family=mull", "given:contains=maria", "name=dr+anna"} {
		benchmark(b, o, query, node(b, patient))
	}
	benchmark(b, o, "patient.gender=male", node(b, bp))
}

func benchmark(b *testing.B, o search.Options, query string, resource fhirpath.Node) {
	criteria, err := search.ParseQuery(o, resource.Get("resourceType").Text(), query)
	require.NoError(b, err)
	v := &search.View{}
	b.Run(query, func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			v.Reset(resource, base)
			if ok, err := criteria.Test(context.Background(), v); !ok || err != nil {
				b.Fatal(ok, err)
			}
		}
	})
}

// BenchmarkParse is what a start with a million subscriptions does a million times.
func BenchmarkParse(b *testing.B) {
	for _, query := range []string{"patient=Patient/p1", "code=http://loinc.org|8480-6", "date=ge2026-01-01"} {
		b.Run(query, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := search.ParseQuery(search.Options{Release: fhirpath.R4}, "Observation", query); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
