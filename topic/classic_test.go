package topic_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
	"github.com/carillon-fhir/carillon/topic/search"
)

// compileText reads and compiles query criteria.
func compileText(text string, o topic.Options) (string, *topic.Filters, error) {
	resourceType, filters, err := topic.ParseCriteria(text)
	if err != nil {
		return "", nil, err
	}
	compiled, err := topic.CompileCriteria(resourceType, filters, o)
	return resourceType, compiled, err
}

// spec: CLS-02, CLS-03
func TestClassicTriggers(t *testing.T) { // CLS-02, CLS-03
	of := topic.Classic("Observation", "Patient")
	program, err := topic.Compile(of, r4)
	require.NoError(t, err)
	require.Len(t, of.ResourceTriggers, 2)
	for i, tr := range of.ResourceTriggers {
		require.Equal(t, []topic.Interaction{topic.Create, topic.Update}, tr.Interactions)
		require.False(t, program.NeedsHost(i))
		require.False(t, program.NeedsPrevious(i), "the new version alone counts")
		fires, err := program.Fires(t.Context(), i, &topic.Change{Interaction: topic.Create, ResourceType: tr.Resource, Current: node(t, `{"resourceType":"`+tr.Resource+`"}`)})
		require.NoError(t, err)
		require.True(t, fires)
	}
	require.Equal(t, topic.ClassicURL, of.Canonical())
	require.True(t, topic.Classic("Resource").ResourceTriggers[0].Covers("Observation"))
}

// spec: CLS-01
func TestParseCriteria(t *testing.T) { // CLS-01
	for text, want := range map[string]string{
		"Observation?code=http://loinc.org|1975-2":       "Observation [Observation.code=http://loinc.org|1975-2]",
		"/Observation?code=1975-2":                       "Observation [Observation.code=1975-2]",
		"Observation?":                                   "Observation []",
		"Observation":                                    "Observation []",
		"Observation?code:not=a&date=ge2026":             "Observation [Observation.code:not=a Observation.date=ge2026]",
		"Observation?subject:Patient.name:exact=A%20b+c": "Observation [Observation.subject:Patient.name:exact=A%20b%20c]",
		"Patient?_has:Observation:patient:code=1975-2":   "Patient [Patient._has:Observation:patient:code=1975-2]",
		"Observation?code=a%26status%3Dfinal":            "Observation [Observation.code=a%26status=final]",
	} {
		resourceType, filters, err := topic.ParseCriteria(text)
		require.NoError(t, err, text)
		require.Equal(t, want, fmt.Sprint(resourceType, " ", filters), text)
	}
	for _, text := range []string{
		"", "?code=1", "/", "//Observation?code=1", "observation?code=1", "Observation/o1", "Observation ?code=1", "Resource?_id=1", "DomainResource",
		"Observation?code", "Observation?&", "Observation?code=1&", "Observation?code=%zz", "Observation?%=1", "Observation?code:=1", "Observation?subject:Patient.name:=x",
		"https://fhir.example.org/r4/Observation?code=1", "Observation#code=1", "Ward?code=1",
	} {
		_, _, err := topic.ParseCriteria(text)
		require.ErrorIs(t, err, topic.ErrCriteriaSyntax, text)
	}
}

// spec: CLS-16, CLS-17
func TestCriteriaThatAreRefused(t *testing.T) { // CLS-16, CLS-17, TRG-11
	for text, names := range map[string]string{
		"Observation?colour=red":                          `"colour"`,
		"Observation?code=1&colour=red":                   `"colour"`,
		"Observation?patient.name=x":                      `"patient.name"`,
		"Patient?_has:Observation:patient:code=1":         `"_has:Observation:patient:code"`,
		"Observation?patient._in=Group/1":                 `_in`,
		"Observation?code:in=http://example.org/vs":       `"code:in"`,
		"Observation?_include=Observation:patient&code=1": `"_include"`,
		"Observation?_revinclude=Provenance:target":       `"_revinclude"`,
		"Observation?_sort=date":                          `"_sort"`,
		"Observation?_count=1":                            `"_count"`,
		"Observation?_format=json":                        `"_format"`,
		"Observation?_query=x":                            `"_query"`,
		"Observation?_text=x":                             `"_text"`,
		"Observation?code:nonsense=1":                     `"code:nonsense"`,
		"Observation?date=yesterday":                      `"date"`,
		"Observation?code=":                               `"code"`,
		"Observation?code=a%00":                           `"code"`,
		"Observation?status=final|&value-quantity=gt":     `"value-quantity"`,
		"SubscriptionTopic?url=http://example.org/of-R5":  "R4",
		"Observation?=x":                                  ``,
	} {
		_, _, err := compileText(text, r4)
		require.Error(t, err, text)
		require.ErrorContains(t, err, names, text)
		require.NotContains(t, err.Error(), "red")
	}
	_, _, err := compileText("Observation?colour=red&shape=round", r4)
	require.ErrorContains(t, err, "colour")
	require.ErrorContains(t, err, "shape", "all at once")
	var named *search.Error
	require.ErrorAs(t, err, &named)
}

// TestCriteriaInjection is row A9 for query criteria: what is written as a value, as
// the specification escapes it, is one and finds itself alone.
func TestCriteriaInjection(t *testing.T) {
	hostile := []string{
		`a&status=amended`, `a,b`, `a|b`, `a$b`, `a\b`, `'`, `"`, `a' or '1'='1`, `'; DROP TABLE subscriptions; --`,
		`%26`, `%2526`, `+`, ` a `, `_include=x`, `?_query=x`, `:missing=true`, `a:not=b`, `<a>`, `#x`, `a;b`, "ü", "\u2028",
		`%current.status`, `Observation.status | true`, `{{7*7}}`, `${x}`, `../../etc/passwd`, `=`, `\\`, `/Observation?code=x`,
	}
	escape := strings.NewReplacer(`\`, `\\`, `,`, `\,`, `|`, `\|`, `$`, `\$`)
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	other := node(t, `{"resourceType":"Observation","status":"amended","identifier":[{"value":"x"}]}`)
	n := 0
	for _, a := range hostile {
		for _, b := range hostile[:12] {
			n++
			text := "Observation?identifier=" + search.EscapeValue(escape.Replace(a+b))
			resourceType, filters, err := compileText(text, r4)
			require.NoError(t, err, text)
			require.Equal(t, "Observation", resourceType)
			require.True(t, passes(t, filters, resourceType, node(t, `{"resourceType":"Observation","identifier":[{"value":"`+quote.Replace(a+b)+`"}]}`)), text)
			require.False(t, passes(t, filters, resourceType, other), text)
			require.False(t, passes(t, filters, "Patient", other), text)
			// Not escaped it may say more: then all of that is known, or it is refused.
			if _, raw, err := topic.ParseCriteria("Observation?identifier=" + a + b); err == nil {
				compiled, err := topic.CompileCriteria(resourceType, raw, r4)
				require.True(t, err != nil || !passes(t, compiled, resourceType, node(t, `{"resourceType":"Observation","status":"final"}`)), text)
			}
		}
	}
	require.Greater(t, n, 300)
	t.Logf("A9 criteria=%d", n)
}

// TestCriteriaEqualSearch compares what the index finds for random query criteria,
// over real resources, with what search finds for each.
func TestCriteriaEqualSearch(t *testing.T) {
	resources := realResources(t)
	pool := values{}
	for _, r := range resources {
		pool.collect(r)
	}
	types := []string{"Observation", "Encounter", "Patient", "Immunization", "DiagnosticReport", "Condition", "Procedure"}
	random := rand.New(rand.NewPCG(8, 5))
	const subscriptions = 3000
	x, queries, about := &topic.Index{}, make([]search.Criteria, subscriptions), make([]string, subscriptions)
	for id := range int64(subscriptions) {
		for x.Len() == int(id) {
			of := types[random.IntN(len(types))]
			var parts []string
			for range random.IntN(4) {
				f := pool.randomFilter(random, []string{of})
				name := f.Parameter
				if f.Modifier != "" {
					name += ":" + f.Modifier
				}
				parts = append(parts, name+"="+search.EscapeValue(f.Value))
			}
			text := strings.Join(parts, "&")
			want, err := search.ParseQuery(search.Options{Release: fhirpath.R4}, of, text)
			_, filters, got := compileText("/"+of+"?"+text, r4)
			require.Equal(t, err == nil, got == nil, "%s?%s", of, text)
			if err == nil {
				queries[id], about[id] = want, of
				x.Add(id, filters)
			}
		}
	}
	pairs, found := 0, 0
	for i, r := range resources {
		if i%15 != 7 {
			continue
		}
		resourceType := r.Get("resourceType").Text()
		var want []int64
		for id, query := range queries {
			if about[id] != resourceType {
				continue
			}
			if ok, err := query.Match(context.Background(), r, r4.BaseURL); err != nil {
				require.ErrorIs(t, err, fhirpath.ErrLimit)
			} else if ok {
				want = append(want, int64(id))
			}
		}
		pairs, found = pairs+subscriptions, found+len(want)
		require.Equal(t, want, slices.Clip(appendMatches(t, x, nil, resourceType, r)), "%d", i)
	}
	require.Greater(t, pairs, 100_000)
	require.Greater(t, found, 1000)
	t.Logf("CLS criteria=%d pairs=%d matches=%d differences=0", subscriptions, pairs, found)
}

func FuzzParseCriteria(f *testing.F) {
	for _, text := range []string{
		"Observation?code=http://loinc.org|1975-2", "/Patient?_has:Observation:patient:code=1", "Observation", "Observation?a:b.c:d=e%20f&g=h+i", "?%", "Observation?_filter=code eq 1",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		resourceType, filters, err := topic.ParseCriteria(text)
		if err != nil {
			require.ErrorIs(t, err, topic.ErrCriteriaSyntax)
			return
		}
		compiled, err := topic.CompileCriteria(resourceType, filters, r4)
		var refused *search.Error
		if err != nil {
			require.True(t, errors.As(err, &refused) || errors.Is(err, topic.ErrCriteriaSyntax), "%v", err)
			return
		}
		// Whatever is accepted means what search reads in the same text.
		_, query, _ := strings.Cut(text, "?")
		want, err := search.ParseQuery(search.Options{Release: fhirpath.R4}, resourceType, query)
		require.NoError(t, err)
		for _, raw := range []string{`{"resourceType":"Observation","id":"1","status":"final"}`, `{"resourceType":"Patient","id":"e","active":true}`} {
			r := node(t, raw)
			if r.Get("resourceType").Is(resourceType) {
				ok, err := want.Match(t.Context(), r, r4.BaseURL)
				require.NoError(t, err)
				require.Equal(t, ok, passes(t, compiled, resourceType, r))
			}
		}
	})
}

func ExampleCompileCriteria() {
	resourceType, filters, err := topic.ParseCriteria("/Observation?code=http://loinc.org|1975-2&value-quantity=gt1.0")
	if err != nil {
		fmt.Println(err)
		return
	}
	compiled, err := topic.CompileCriteria(resourceType, filters, topic.Options{Release: fhirpath.R4})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, value := range []string{"0.9", "1.0", "1.1"} {
		doc, _ := fhirpath.Parse([]byte(`{"resourceType": "Observation",
			"code": {"coding": [{"system": "http://loinc.org", "code": "1975-2"}]}, "valueQuantity": {"value": ` + value + `}}`))
		fmt.Println(compiled.Match(context.Background(), resourceType, doc.Root()))
	}
	// Output:
	// false <nil>
	// false <nil>
	// true <nil>
}

func ExampleClassic() {
	trigger := topic.Classic("Observation").ResourceTriggers[0]
	fmt.Println(trigger.Resource, trigger.Interactions)
	// Output: Observation [create update]
}
