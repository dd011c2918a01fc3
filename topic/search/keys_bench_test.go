package search_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// BenchmarkKeys gives a resource its keys for the filter index, by the parameters that
// Subscriptions are most often filtered by.
func BenchmarkKeys(b *testing.B) {
	resource := node(b, observation)
	for _, query := range []string{"patient=Patient/p1", "code=http://loinc.org|8480-6", "status=final"} {
		criteria, err := search.ParseQuery(search.Options{Release: fhirpath.R4}, "Observation", query)
		require.NoError(b, err)
		b.Run(query, func(b *testing.B) {
			v, ctx := &search.View{}, b.Context()
			var keys []uint64
			b.ReportAllocs()
			for b.Loop() {
				v.Reset(resource, base)
				if keys, err = v.AppendKeys(ctx, keys[:0], criteria[0]); err != nil || len(keys) == 0 {
					b.Fatal(keys, err)
				}
			}
		})
	}
}
