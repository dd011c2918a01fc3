package topic_test

import (
	"bufio"
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/shared"
	"github.com/carillon-fhir/carillon/topic"
	"github.com/carillon-fhir/carillon/topic/search"
)

// realResources are the resources of the shared data folder.
func realResources(t testing.TB) []fhirpath.Node {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(shared.Dir(t), "data", "*.ndjson"))
	require.NoError(t, err)
	var all []fhirpath.Node
	for _, name := range files {
		raw, err := os.ReadFile(name)
		require.NoError(t, err)
		lines := bufio.NewScanner(bytes.NewReader(raw))
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			if doc, err := fhirpath.Parse(bytes.Clone(lines.Bytes())); err == nil {
				all = append(all, doc.Root())
			}
		}
		require.NoError(t, lines.Err())
	}
	return all
}

// values are what filters ask for: taken from resources, by kind of parameter.
type values map[string][]string

func (v values) collect(n fhirpath.Node) {
	switch n.Kind() {
	case fhirpath.Array:
		for e := range n.Elements() {
			v.collect(e)
		}
	case fhirpath.Object:
		if system, code := n.Get("system").Text(), n.Get("code").Text(); code != "" {
			v[search.KindToken] = append(v[search.KindToken], code, system+"|"+code, "|"+code)
		}
		for name, member := range n.Members() {
			switch name {
			case "reference":
				v[search.KindReference] = append(v[search.KindReference], member.Text())
				if i := len("https://fhir.example.org/r4/"); len(member.Text()) > i {
					v[search.KindReference] = append(v[search.KindReference], member.Text()[i:])
				}
			case "status", "id":
				v[search.KindToken] = append(v[search.KindToken], member.Text())
			case "family", "city", "display":
				v[search.KindString] = append(v[search.KindString], member.Text())
			case "start", "recordedDate", "effectiveDateTime", "date":
				v[search.KindDate] = append(v[search.KindDate], "ge"+member.Text(), member.Text()[:min(4, len(member.Text()))])
			case "url", "profile":
				v[search.KindURI] = append(v[search.KindURI], member.Text())
			}
			v.collect(member)
		}
	}
}

// randomFilter asks for something that a resource may have.
func (v values) randomFilter(random *rand.Rand, types []string) topic.Filter {
	resourceType := types[random.IntN(len(types))]
	parameters := search.Parameters(fhirpath.R4, resourceType)
	p := parameters[random.IntN(len(parameters))]
	f := topic.Filter{ResourceType: resourceType, Parameter: p.Code}
	switch random.IntN(12) {
	case 0:
		f.Modifier, f.Value = "missing", []string{"true", "false"}[random.IntN(2)]
		return f
	case 1:
		if p.Kind == search.KindToken {
			f.Modifier = "not"
		}
	case 2:
		if p.Kind == search.KindString {
			f.Modifier = "exact"
		}
	case 3:
		f.ResourceType = ""
	}
	pool := v[p.Kind]
	if len(pool) == 0 {
		pool = []string{"1"}
	}
	f.Value = pool[random.IntN(len(pool))]
	for random.IntN(4) == 0 {
		f.Value += "," + pool[random.IntN(len(pool))]
	}
	return f
}

// TestIndexEqualsLinear compares the index with asking every subscription in
// turn, over random filters and real resources, while subscriptions come and go.
func TestIndexEqualsLinear(t *testing.T) {
	resources := realResources(t)
	pool := values{}
	for _, r := range resources {
		pool.collect(r)
	}
	types := []string{"Observation", "Encounter", "Patient", "Immunization", "DiagnosticReport", "Condition", "Procedure"}
	var triggers []topic.ResourceTrigger
	var allowed []topic.CanFilterBy
	for _, name := range types {
		triggers = append(triggers, topic.ResourceTrigger{Resource: name})
		for _, p := range search.Parameters(fhirpath.R4, name) {
			allowed = append(allowed, topic.CanFilterBy{
				Resource: name, FilterParameter: p.Code, Modifiers: []string{"missing", "not", "exact"}, Comparators: []string{"ge"},
			})
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	compiled := map[int64]*topic.Filters{}
	index := &topic.Index{}
	add := func(id int64) {
		for {
			about, names := &topic.Topic{CanFilterBy: allowed}, types
			switch random.IntN(20) {
			case 0:
				about.ResourceTriggers = triggers
			case 1:
				about.ResourceTriggers = []topic.ResourceTrigger{{Resource: "DomainResource"}}
			default:
				i := random.IntN(len(types))
				about.ResourceTriggers, names = triggers[i:i+1], types[i:i+1]
			}
			var filters []topic.Filter
			for range 1 + random.IntN(3) {
				filters = append(filters, pool.randomFilter(random, names))
			}
			f, err := about.CompileFilters(filters, r4)
			if err != nil {
				continue // a value that is none for that parameter
			}
			compiled[id] = f
			index.Add(id, f)
			return
		}
	}
	const subscriptions = 3000
	for id := range int64(subscriptions) {
		add(id)
	}
	require.Equal(t, subscriptions, index.Len())
	matches := 0
	for i, r := range resources {
		if i%5 != 0 {
			continue
		}
		name := r.Get("resourceType").Text()
		var want []int64
		for id, f := range compiled {
			if passes(t, f, name, r) {
				want = append(want, id)
			}
		}
		slices.Sort(want)
		require.Equal(t, want, appendMatches(t, index, nil, name, r), "%s", name)
		matches += len(want)
		for range 3 { // replace some
			id := random.Int64N(subscriptions)
			index.Remove(id)
			require.Equal(t, subscriptions-1, index.Len())
			add(id)
		}
	}
	require.Greater(t, matches, 1000)
	t.Logf("%d filters, %d resources, %d matches", subscriptions, len(resources)/5, matches)
	for id := range int64(subscriptions) {
		index.Remove(id)
	}
	require.Zero(t, index.Len())
	require.Empty(t, appendMatches(t, index, nil, "Observation", resources[0]))
}

func appendMatches(t testing.TB, x *topic.Index, dst []int64, resourceType string, resource fhirpath.Node) []int64 {
	t.Helper()
	dst, err := x.AppendMatches(context.Background(), dst, resourceType, resource)
	require.NoError(t, err)
	return dst
}

func TestIndexRemove(t *testing.T) {
	index := &topic.Index{}
	index.Remove(1)
	require.Empty(t, appendMatches(t, index, nil, "Encounter", node(t, encounterP1)))
	same, err := filterable.CompileFilters(filters(t, "patient=p1,Patient/p1,p1"), r4)
	require.NoError(t, err)
	for id := range int64(5) {
		index.Add(id, same)
	}
	index.Remove(0)
	index.Remove(3)
	index.Remove(3)
	require.Equal(t, []int64{9, 1, 2, 4}, appendMatches(t, index, []int64{9}, "Encounter", node(t, encounterP1)))
	require.Empty(t, appendMatches(t, index, nil, "Patient", node(t, `{"resourceType":"Patient"}`)))
	require.Equal(t, 3, index.Len())
}
