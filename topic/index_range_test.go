package topic_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/topic"
)

// ranges is a topic by which ranges of every kind can be asked for.
var ranges = &topic.Topic{
	ResourceTriggers: []topic.ResourceTrigger{{Resource: "Observation"}, {Resource: "RiskAssessment"}},
	CanFilterBy: []topic.CanFilterBy{
		{FilterParameter: "date", Comparators: comparators, Modifiers: []string{"missing"}},
		{FilterParameter: "value-quantity", Comparators: comparators},
		{FilterParameter: "combo-value-quantity", Comparators: comparators},
		{FilterParameter: "probability", Comparators: comparators},
		{FilterParameter: "status"},
	},
}

// TestIndexOfRanges: every comparator at and around limits of every precision, alone,
// as an interval and in lists, on elements of every form.
func TestIndexOfRanges(t *testing.T) {
	times := []string{"2026", "2026-02", "2026-01-31", "2026-02-01", "2026-02-01T00:00Z", "2026-01-31T23:59:59.999Z", "2026-02-01T00:00:00%2B14:00", "2025", "2027-01-01"}
	numbers := []string{"1", "1.0", "0.95", "1.05", "-1", "100", "1e2", "0", "99.5", "0.4"}
	var all []string
	for _, prefix := range append(comparators, "") {
		for i, s := range times {
			all = append(all, "Observation?date="+prefix+s, "Observation?date="+prefix+s+"&date=lt"+times[(i+3)%len(times)],
				"Observation?date="+prefix+s+"&status=final", "Observation?date=2020,"+prefix+s, "Observation?date="+prefix+s+"&date:missing=false")
		}
		for i, s := range numbers {
			all = append(all, "RiskAssessment?probability="+prefix+s, "RiskAssessment?probability="+prefix+s+"&probability=ge"+numbers[(i+3)%len(numbers)])
			for _, unit := range []string{"", "||mg", "|http://unitsofmeasure.org|mg", "|http://unitsofmeasure.org|g"} {
				all = append(all, "Observation?value-quantity="+prefix+s+unit,
					"Observation?value-quantity="+prefix+s+unit+",gt7000||x", "Observation?value-quantity=gt0.5&combo-value-quantity="+prefix+s+unit)
			}
		}
	}
	decode := strings.NewReplacer("%2B", "+")
	var resources []string
	for i, s := range times {
		s, end := decode.Replace(s), decode.Replace(times[(i+4)%len(times)])
		resources = append(resources, fmt.Sprintf(`"effectiveDateTime":%q`, s), fmt.Sprintf(`"effectivePeriod":{"start":%q}`, s),
			fmt.Sprintf(`"effectivePeriod":{"end":%q}`, s), fmt.Sprintf(`"effectivePeriod":{"start":%q,"end":%q}`, s, end),
			fmt.Sprintf(`"status":"final","effectiveTiming":{"event":[%q,%q]}`, s, end))
	}
	for i, s := range numbers {
		const mg = `"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"`
		other := numbers[(i+4)%len(numbers)]
		resources = append(resources, fmt.Sprintf(`"valueQuantity":{"value":%s}`, s), fmt.Sprintf(`"valueQuantity":{"value":%s,%s}`, s, mg),
			fmt.Sprintf(`"valueQuantity":{"value":%s,"comparator":">",%s}`, s, mg),
			fmt.Sprintf(`"component":[{"valueQuantity":{"value":%s}},{"valueQuantity":{"value":%s,%s}}],"valueQuantity":{"value":7000,%s}`, s, other, mg, mg))
	}
	for i := range resources {
		resources[i] = `{"resourceType":"Observation",` + resources[i] + `}`
	}
	for i, s := range numbers {
		resources = append(resources, fmt.Sprintf(`{"resourceType":"RiskAssessment","prediction":[{"probabilityDecimal":%s},{"probabilityRange":{"low":{"value":%s},"high":{"value":%s}}}]}`,
			s, numbers[(i+1)%len(numbers)], numbers[(i+2)%len(numbers)]))
	}
	x := indexOf(t, ranges, r4, all...)
	require.Equal(t, len(all), x.Len())
	compiled := make([]*topic.Filters, len(all))
	for id, f := range all {
		compiled[id] = compiledFor(t, ranges, r4, f)
	}
	matches := 0
	for _, raw := range resources {
		r := node(t, raw)
		resourceType := r.Get("resourceType").Text()
		var want []int64
		for id, f := range compiled {
			if passes(t, f, resourceType, r) {
				want = append(want, int64(id))
			}
		}
		require.Equal(t, want, appendMatches(t, x, nil, resourceType, r), raw)
		matches += len(want)
	}
	t.Logf("%d filters, %d resources, %d matches", len(all), len(resources), matches)
}

// TestIndexOfManyUnits: subscribers may think of more units than there are scales.
func TestIndexOfManyUnits(t *testing.T) {
	var all []string
	for i := range 100 {
		all = append(all, fmt.Sprintf("Observation?value-quantity=gt1||u%d", i))
	}
	x := indexOf(t, ranges, r4, all...)
	for _, i := range []int64{0, 63, 64, 99} {
		r := node(t, fmt.Sprintf(`{"resourceType":"Observation","valueQuantity":{"value":2,"unit":"u%d"}}`, i))
		require.Equal(t, []int64{i}, appendMatches(t, x, nil, "Observation", r))
		x.Remove(i)
		require.Empty(t, appendMatches(t, x, nil, "Observation", r))
		x.Add(i, compiledFor(t, ranges, r4, all[i]))
		require.Equal(t, []int64{i}, appendMatches(t, x, nil, "Observation", r))
	}
}
