package topic

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// laboratory is a topic by which an Observation can be asked for in many ways.
var laboratory = &Topic{
	ResourceTriggers: []ResourceTrigger{{Resource: "Observation"}},
	CanFilterBy: []CanFilterBy{
		{FilterParameter: "patient"}, {FilterParameter: "status"}, {FilterParameter: "code"},
		{FilterParameter: "date", Comparators: []string{"ge", "gt", "lt", "le"}}, {FilterParameter: "value-quantity", Comparators: []string{"ge", "lt"}},
	},
}

// asked returns an index of n subscriptions and how many audiences a resource leads
// to, which are then asked about it.
func asked(t *testing.T, n int, filter func(i int) string, resource string) (x *Index, found int) {
	t.Helper()
	x = new(Index)
	for i := range n {
		parsed, err := ParseFilter(filter(i))
		require.NoError(t, err)
		f, err := laboratory.CompileFilters(parsed, Options{Release: fhirpath.R4})
		require.NoError(t, err)
		x.Add(int64(i), f)
	}
	doc, err := fhirpath.Parse([]byte(resource))
	require.NoError(t, err)
	s := new(finding)
	s.view.Reset(doc.Root(), "")
	require.NoError(t, s.find(context.Background(), *x.types.Load(), "Observation"))
	return x, len(s.candidates())
}

const result = `{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"c7"}]},
	"subject":{"reference":"Patient/p7"},"effectiveDateTime":"2026-01-08","valueQuantity":{"value":7.5,"unit":"mg"}}`

// TestIndexPlaces: whatever filters subscriptions have, a resource leads to few of
// those that it does not match.
func TestIndexPlaces(t *testing.T) {
	for _, c := range []struct {
		name   string
		filter func(i int) string
		most   int
	}{
		{"own patient", func(i int) string { return fmt.Sprintf("patient=Patient/p%d", i) }, 1},
		{"bare id", func(i int) string { return fmt.Sprintf("patient=p%d", i) }, 1},
		{"patient rather than status", func(i int) string { return fmt.Sprintf("status=final&patient=Patient/p%d", i) }, 1},
		{"the patient of many", func(i int) string { return fmt.Sprintf("patient=Patient/other&code=c%d", i) }, 5},
		{"code rather than status", func(i int) string { return fmt.Sprintf("status=final&code=c%d&date=ge%d", i%500, 1000+i) }, 50},
		{"list", func(i int) string { return fmt.Sprintf("patient=Patient/p%d,Patient/p%d,p%d", i, i+1, i+2) }, 3},
		{"since", func(i int) string { return fmt.Sprintf("date=ge2026-01-08T%02d:%02d:00Z", i/60%24, i%60) }, 2000},
		{"since later", func(i int) string { return fmt.Sprintf("date=ge2026-02-08T%02d:%02d:00Z", i/60%24, i%60) }, 0},
		{"day", func(i int) string { return fmt.Sprintf("date=%d-%02d-%02d", 2026+i/336, 1+i/28%12, 1+i%28) }, 8},
		{"interval", func(i int) string {
			return fmt.Sprintf("date=ge%d-%02d-%02d&date=lt%d", 2026+i/336, 1+i/28%12, 1+i%28, 2027+i/336)
		}, 400},
		{"interval of a day", func(i int) string {
			return fmt.Sprintf("date=ge%d-%02d-%02d&date=le%[1]d-%02[2]d-%02[3]dT23:59", 2026+i/336, 1+i/28%12, 1+i%28)
		}, 8},
		{"number", func(i int) string { return fmt.Sprintf("value-quantity=ge%d.1||mg&value-quantity=lt%d.9||mg", i, i) }, 8},
		{"other unit", func(i int) string { return fmt.Sprintf("value-quantity=ge%d||kg", i) }, 0},
		{"equal", func(i int) string { return "status=final" }, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			const n = 2000
			x, found := asked(t, n, c.filter, result)
			require.LessOrEqual(t, found, c.most)
			for i := range n {
				x.Remove(int64(i))
			}
			for _, index := range *x.types.Load() {
				require.True(t, index.rest.empty())
				if scales := index.scales.Load(); scales != nil {
					require.Empty(t, *scales)
				}
				if parameters := index.parameters.Load(); parameters != nil {
					for _, p := range *parameters {
						for i := range p.tables {
							require.Zero(t, p.tables[i].count)
						}
					}
				}
			}
			require.Zero(t, x.audiences.count)
		})
	}
}
