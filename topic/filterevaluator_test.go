package topic_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
)

// organizations evaluates orgIdentifier, a name of Da Vinci PAS's topic.
type organizations struct{}

func (organizations) CompileFilter(_ *topic.Topic, f topic.Filter, resourceType string) (topic.FilterTest, error) {
	switch {
	case f.Parameter != "orgIdentifier" && f.Parameter != "hub.event":
		return nil, nil
	case f.Value == "":
		return nil, errors.New("needs a value")
	}
	return func(_ context.Context, resource fhirpath.Node) (bool, error) {
		if f.Value == "panic" {
			panic("a host's mistake")
		}
		return resource.Path("serviceProvider", "identifier", "value").Is(f.Value), nil
	}, nil
}

// TestFiltersByNamesOfATopic holds that a name that is no search parameter reaches
// the host's evaluator, and is refused without one (TOP-16, FLT-13).
// spec: FLT-13, TOP-16, USE-02
func TestFiltersByNamesOfATopic(t *testing.T) {
	about := &topic.Topic{ResourceTriggers: []topic.ResourceTrigger{{Resource: "Encounter"}},
		CanFilterBy: []topic.CanFilterBy{{FilterParameter: "orgIdentifier"}, {FilterParameter: "hub.event"}, {FilterParameter: "status"}, {FilterParameter: "other"}}}
	o := r4
	o.Filters = organizations{}
	resource := func(value string) fhirpath.Node {
		doc, err := fhirpath.Parse([]byte(`{"resourceType":"Encounter","id":"e","status":"planned","serviceProvider":{"identifier":{"value":"` + value + `"}}}`))
		require.NoError(t, err)
		return doc.Root()
	}
	for _, name := range []string{"orgIdentifier", "hub.event"} {
		f, err := about.CompileFilters([]topic.Filter{{Parameter: name, Value: "o1"}, {Parameter: "status", Value: "planned"}}, o)
		require.NoError(t, err)
		var x topic.Index
		x.Add(1, f)
		for value, want := range map[string]bool{"o1": true, "o2": false} {
			got, err := f.Match(t.Context(), "Encounter", resource(value))
			require.NoError(t, err)
			require.Equal(t, want, got)
			trials := f.Explain(t.Context(), "Encounter", resource(value))
			require.Len(t, trials, 2)
			require.Equal(t, name+"=o1", trials[1].Criterion)
			require.Equal(t, want, trials[1].Finding == topic.Met)
		}
		_, err = about.CompileFilters([]topic.Filter{{Parameter: name, Value: "o1"}}, r4)
		require.Error(t, err, "no evaluator")
		_, err = about.CompileFilters([]topic.Filter{{Parameter: name}}, o)
		require.ErrorContains(t, err, "needs a value")
		_, err = about.CompileFilters([]topic.Filter{{Parameter: name, Modifier: "exact", Value: "o1"}}, o)
		require.ErrorContains(t, err, "modifier")
	}
	var x topic.Index
	for id, value := range map[int64]string{1: "panic", 2: "o1"} {
		f, err := about.CompileFilters([]topic.Filter{{Parameter: "orgIdentifier", Value: value}}, o)
		require.NoError(t, err)
		x.Add(id, f)
	}
	ids, err := x.AppendMatches(t.Context(), nil, "Encounter", resource("o1"))
	require.NoError(t, err)
	require.Equal(t, []int64{2}, ids, "a filter that panics stops nobody else")
	_, err = about.CompileFilters([]topic.Filter{{Parameter: "other", Value: "o1"}}, o)
	require.Error(t, err, "nobody knows it")
}

// TestNamedTypesOnly holds the US Core patient data feed's reading of filters beside
// that of R5 (FLT-12, AMB-07), and that a topic keeps its choice.
// spec: FLT-12, AMB-07, USE-01
func TestNamedTypesOnly(t *testing.T) {
	raw := []byte(`{"resourceType":"SubscriptionTopic","url":"https://topics.example.org/feed","status":"active",
		"extension":[{"url":"` + topic.NamedTypesOnlyURL + `","valueBoolean":true},{"url":"` + topic.AdjustFiltersURL + `","valueBoolean":true}],
		"resourceTrigger":[{"resource":"Encounter"},{"resource":"Observation"}],
		"canFilterBy":[{"filterParameter":"patient"},{"resource":"Observation","filterParameter":"code"}]}`)
	feed, err := topic.Parse(raw)
	require.NoError(t, err)
	require.True(t, feed.NamedTypesOnly)
	require.True(t, feed.AdjustFilters)
	again, err := topic.Parse(feed.AppendBasic(nil, ""))
	require.NoError(t, err)
	require.Equal(t, feed, again)
	doc, err := fhirpath.Parse([]byte(`{"resourceType":"Encounter","id":"e","subject":{"reference":"Patient/1"}}`))
	require.NoError(t, err)
	for _, only := range []bool{true, false} {
		feed.NamedTypesOnly = only
		for text, want := range map[string]bool{
			"":                              true,
			"Encounter?patient=Patient/1":   true,
			"patient=Patient/1":             true,
			"Observation?patient=Patient/1": !only,
			"Observation?code=x":            !only,
			"Encounter?patient=Patient/2":   false,
		} {
			var filters []topic.Filter
			if text != "" {
				filters, err = topic.ParseFilter(text)
				require.NoError(t, err)
			}
			f, err := feed.CompileFilters(filters, r4)
			require.NoError(t, err)
			got, err := f.Match(t.Context(), "Encounter", doc.Root())
			require.NoError(t, err)
			require.Equal(t, want, got, "%v %s", only, text)
		}
	}
	_, err = topic.Parse([]byte(`{"resourceType":"SubscriptionTopic","url":"https://topics.example.org/feed","status":"active","extension":[{"url":"` + topic.NamedTypesOnlyURL + `","valueString":"true"}]}`))
	require.ErrorContains(t, err, "valueBoolean")
}
