package topic_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
)

// TestOracle holds the filters of a topic, one by one and through the index, against
// an oracle in plain Go, for 100,000 and more pairs of filters and resources.
func TestOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 11))
	var observations []observed
	var nodes []fhirpath.Node
	for i := range 250 {
		o := randomObservation(r, i)
		observations, nodes = append(observations, o), append(nodes, node(t, o.json()))
	}
	about := &topic.Topic{ResourceTriggers: []topic.ResourceTrigger{{Resource: "Observation"}, {Resource: "Encounter"}}}
	for _, name := range []string{"code", "category", "_tag", "status", "subject", "patient", "date", "value-quantity", "value-string", "component-code-value-quantity", "_id"} {
		about.CanFilterBy = append(about.CanFilterBy, topic.CanFilterBy{
			FilterParameter: name, Comparators: comparators, Modifiers: []string{"not", "missing", "exact", "contains", "type", "identifier"},
		})
	}
	named := *about
	named.NamedTypesOnly = true
	x := new(topic.Index)
	var all [][]asked
	var compiled []*topic.Filters
	kinds := map[string]int{}
	for len(all) < 420 {
		var list []asked
		var filters []topic.Filter
		for range 1 + r.IntN(3) {
			a := randomAsked(r)
			switch r.IntN(5) {
			case 0:
				a.filter.ResourceType = "Observation"
			case 1:
				if a.filter.Parameter == "status" && a.filter.Modifier == "" && r.IntN(2) == 0 { // of the other type only
					a.filter.ResourceType, a.filter.Value = "Encounter", "finished"
					a.holds = func(*observed) bool { return true }
				}
			}
			kinds[a.filter.Parameter+":"+a.filter.Modifier]++
			list, filters = append(list, a), append(filters, a.filter)
		}
		of := about
		if r.IntN(4) == 0 {
			of = &named
			if !slices.ContainsFunc(filters, func(f topic.Filter) bool { return f.ResourceType != "Encounter" }) {
				list = append(list, asked{holds: func(*observed) bool { return false }})
			}
		}
		f, err := of.CompileFilters(filters, r4)
		require.NoError(t, err, "%v", filters)
		x.Add(int64(len(all)), f)
		all, compiled = append(all, list), append(compiled, f)
	}
	pairs, matches := 0, 0
	for i, resource := range nodes {
		var want []int64
		for id, list := range all {
			holds := !slices.ContainsFunc(list, func(a asked) bool { return !a.holds(&observations[i]) })
			got := passes(t, compiled[id], "Observation", resource)
			require.Equal(t, holds, got, "%v of %s", list, observations[i].json())
			if pairs++; holds {
				want = append(want, int64(id))
			}
		}
		matches += len(want)
		require.Equal(t, want, appendMatches(t, x, nil, "Observation", resource), observations[i].json())
	}
	require.Greater(t, pairs, 100_000)
	require.Greater(t, matches, pairs/20)
	require.Less(t, matches, pairs/2)
	for _, kind := range []string{"code:", "code:not", "category:missing", "subject:", "subject:missing", "subject:Patient", "subject:identifier", "patient:",
		"date:", "date:missing", "value-quantity:", "value-quantity:missing", "value-string:exact", "value-string:contains", "component-code-value-quantity:", "_id:not"} {
		require.Positive(t, kinds[kind], kind)
	}
	t.Logf("%d pairs, %d match", pairs, matches)
}
