package search_test

import (
	"context"
	"fmt"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// TestBounds holds, for every comparator on values of every precision and elements of
// every form, at and around each other's limits, that what matches is within the
// bounds: the filter index finds nobody by less.
func TestBounds(t *testing.T) {
	times := []string{
		"0001", "2025", "2026", "2026-01", "2026-02", "2026-01-31", "2026-02-01", "2026-01-31T23:59Z", "2026-02-01T00:00Z",
		"2026-02-01T00:00:00+01:00", "2026-01-31T12:00:00-14:00", "2026-02-01T12:00:00+14:00", "2026-02-01T00:00:00.001Z",
		"2026-02-01T00:00:00.0009Z", "2026-02-01T23:59:60Z", "2026-02-01T10:00:00", "9999-12-31", "9999",
	}
	decimals := []string{
		"0", "-0", "0.0", "1", "1.0", "1.00", "0.95", "1.05", "0.9999999999999999999999", "1.0000000000000000000001", "-1", "-1.05", "-0.95",
		"100", "1e2", "99.5", "100.5", "1e400", "-1e400", "1e-400", "9007199254740993", "9007199254740992",
	}
	prefixes := []string{"", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"}

	var dated, valued []string
	for _, s := range times {
		dated = append(dated, fmt.Sprintf(`"effectiveDateTime":%q`, s), fmt.Sprintf(`"effectivePeriod":{"start":%q}`, s),
			fmt.Sprintf(`"effectivePeriod":{"end":%q}`, s))
		for _, end := range times {
			dated = append(dated, fmt.Sprintf(`"effectivePeriod":{"start":%q,"end":%q}`, s, end))
		}
	}
	dated = append(dated, `"effectivePeriod":{}`, `"effectiveDateTime":"soon"`, `"effectiveTiming":{"event":["2026-02-01","2025"]}`)
	const mg = `"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"`
	for _, s := range decimals {
		valued = append(valued, fmt.Sprintf(`"valueQuantity":{"value":%s}`, s), fmt.Sprintf(`"valueQuantity":{"value":%s,%s}`, s, mg),
			fmt.Sprintf(`"valueQuantity":{"value":%s,"comparator":"<",%s}`, s, mg), fmt.Sprintf(`"valueQuantity":{"value":%s,"comparator":">="}`, s),
			fmt.Sprintf(`"component":[{"valueQuantity":{"value":%s}},{"valueQuantity":{"value":7,%s}}]`, s, mg),
			fmt.Sprintf(`"valueQuantity":{"value":%s,"system":"http://unitsofmeasure.org","code":"g"}`, s),
			fmt.Sprintf(`"valueQuantity":{"value":%s,"system":"http://unitsofmeasure.org","code":"Cel"}`, s))
	}
	for _, c := range []struct {
		parameter string
		values    []string
		elements  []string
	}{
		{"date", times, dated}, {"value-quantity", decimals, valued}, {"combo-value-quantity", decimals, valued},
	} {
		t.Run(c.parameter, func(t *testing.T) {
			var views []*search.View
			for _, e := range c.elements {
				views = append(views, search.NewView(node(t, `{"resourceType":"Observation",`+e+`}`), ""))
			}
			pairs, matched, found := 0, 0, 0
			for _, prefix := range prefixes {
				for _, value := range c.values {
					units := []string{""}
					if c.parameter != "date" {
						units = []string{"", "|http://unitsofmeasure.org|mg", "|http://unitsofmeasure.org|kg", "|http://unitsofmeasure.org|K", "||mg"}
					}
					for _, unit := range units {
						query, err := search.ParseQuery(r4, "Observation", c.parameter+"="+url.QueryEscape(prefix+value+unit))
						require.NoError(t, err)
						ranges, ok := query[0].Bounds()
						require.Equal(t, prefix != "ne" && (prefix != "ap" || c.parameter != "date"), ok, prefix)
						for i, v := range views {
							passes, err := query[0].Test(context.Background(), v)
							require.NoError(t, err)
							near := ok && overlaps(t, ranges, v, query[0])
							if passes && ok {
								require.True(t, near, "%s%s%s %s", prefix, value, unit, c.elements[i])
								matched++
							}
							if near {
								found++
							}
							pairs++
						}
					}
				}
			}
			t.Logf("%d pairs, %d within bounds, %d of them match", pairs, found, matched)
			require.Greater(t, matched*2, found, "bounds are close")
		})
	}
}

// TestBoundsNone: what is no range has none, and several ranges must be in one unit.
func TestBoundsNone(t *testing.T) {
	for _, c := range []struct {
		query string
		want  int
	}{
		{"date=2026,ge2027-02", 2}, {"date:missing=true", -1}, {"date=ge2026,ne2025", -1}, {"date=ap2026", -1}, {"code=x", -1},
		{"value-quantity=lt5,gt7", 2}, {"value-quantity=lt5,gt7||mg", -1}, {"value-quantity=lt5||mg,gt7||mg", 2},
		{"code-value-quantity=x$gt5", -1}, {"status=final", -1}, {"_filter=date gt 2026", -1},
	} {
		t.Run(c.query, func(t *testing.T) {
			query, err := search.ParseQuery(r4, "Observation", url.PathEscape(c.query))
			require.NoError(t, err)
			ranges, ok := query[0].Bounds()
			require.Equal(t, c.want >= 0, ok)
			if ok {
				require.Len(t, ranges, c.want)
			}
		})
	}
}

// TestSameScale: bounds compare within one parameter and, of quantities, one unit.
func TestSameScale(t *testing.T) {
	parse := func(query string) *search.Criterion {
		criteria, err := search.ParseQuery(r4, "Observation", query)
		require.NoError(t, err)
		return criteria[0]
	}
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"date=2026", "date=ge2025", true}, {"date=2026", "_lastUpdated=2026", false},
		{"value-quantity=5", "value-quantity=gt6", true}, {"value-quantity=5||mg", "value-quantity=gt6", false},
		{"value-quantity=5||mg", "value-quantity=gt6||mg", true}, {"value-quantity=5||mg", "value-quantity=5||g", false},
		{"value-quantity=5||mg", "value-quantity=5|http://unitsofmeasure.org|mg", false},
	} {
		require.Equal(t, c.want, parse(c.a).SameScale(parse(c.b)), "%s %s", c.a, c.b)
	}
}

// TestEqual: equal criteria have one hash, others are told apart.
func TestEqual(t *testing.T) {
	queries := []string{"code=a", "code=b", "code:not=a", "code=a,b", "status=a", "date=2026", "date=ge2026", "date:missing=true", "_filter=code eq a", "_filter=code eq b"}
	for i, a := range queries {
		for j, b := range queries {
			left, err := search.ParseQuery(r4, "Observation", url.PathEscape(a))
			require.NoError(t, err)
			right, err := search.ParseQuery(r4, "Observation", url.PathEscape(b))
			require.NoError(t, err)
			require.Equal(t, i == j, left[0].Equal(right[0]), "%s %s", a, b)
			require.Equal(t, i == j, left[0].Hash() == right[0].Hash(), "%s %s", a, b)
		}
	}
}

func ExampleView_Bounds() {
	doc, err := fhirpath.Parse([]byte(`{"resourceType": "Observation", "effectiveDateTime": "2026-02-03"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	since, err := search.Parse(search.Options{Release: fhirpath.R4}, "Observation", "date", "ge2026-02-01")
	if err != nil {
		fmt.Println(err)
		return
	}
	// What matches overlaps one of the ranges that the criterion asks for.
	ranges, _ := since.Bounds()
	have, ok, err := search.NewView(doc.Root(), "").Bounds(context.Background(), since)
	fmt.Println(ok, ranges[0].Low <= have.High, have.Low <= ranges[0].High, err)
	// Output: true true true <nil>
}
