package topic_test

import (
	"bufio"
	"bytes"
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

func (v values) add(kind string, s ...string) { v[kind] = append(v[kind], s...) }

func (v values) collect(n fhirpath.Node) {
	switch n.Kind() {
	case fhirpath.Array:
		for e := range n.Elements() {
			v.collect(e)
		}
	case fhirpath.Object:
		if system, code := n.Get("system").Text(), n.Get("code").Text(); code != "" {
			v.add(search.KindToken, code, system+"|"+code, "|"+code, system+"|")
		}
		if value := n.Get("value"); value.Kind() == fhirpath.Number {
			number := value.Text()
			v.add(search.KindNumber, number)
			v.add(search.KindQuantity, number, number+"||"+n.Get("unit").Text(), number+"|http://unitsofmeasure.org|"+n.Get("code").Text(),
				number+"|http://unitsofmeasure.org|kg", number+"|http://unitsofmeasure.org|mg/dL")
		}
		for name, member := range n.Members() {
			s := member.Text()
			switch name {
			case "reference":
				v.add(search.KindReference, s)
				if i := len("https://fhir.example.org/r4/"); len(s) > i {
					v.add(search.KindReference, s[i:])
				}
			case "status", "id":
				v.add(search.KindToken, s)
			case "family", "city", "display":
				v.add(search.KindString, s)
			case "start", "end", "recordedDate", "effectiveDateTime", "issued", "date", "birthDate", "occurrenceDateTime", "lastUpdated":
				for _, precision := range []int{4, 7, 10, 16, 19, len(s)} {
					if precision <= len(s) {
						v.add(search.KindDate, s[:precision])
					}
				}
			case "url", "profile":
				v.add(search.KindURI, s)
			}
			v.collect(member)
		}
	}
}

var comparators = []string{"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"}

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
	value := func() string {
		s := pool[random.IntN(len(pool))]
		switch p.Kind {
		case search.KindDate, search.KindNumber, search.KindQuantity:
			s = append(comparators, "")[random.IntN(len(comparators)+1)] + s
		}
		return s
	}
	f.Value = value()
	for random.IntN(4) == 0 {
		f.Value += "," + value()
	}
	return f
}

// TestIndexEqualsLinear compares the index with asking every subscription in
// turn, over random filters and real resources, while subscriptions come, change
// and go.
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
				Resource: name, FilterParameter: p.Code, Modifiers: []string{"missing", "not", "exact"}, Comparators: comparators,
			})
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	compiled := map[int64]*topic.Filters{}
	x := &topic.Index{}
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
				f := pool.randomFilter(random, names)
				filters = append(filters, f)
				if p, _ := search.Lookup(fhirpath.R4, f.ResourceType, f.Parameter); p.Kind == search.KindDate && f.Modifier == "" {
					f.Value = "ge" + pool[p.Kind][random.IntN(len(pool[p.Kind]))]
					filters = append(filters, f) // a second limit
				}
			}
			f, err := about.CompileFilters(filters, r4)
			if err != nil {
				continue // a value that is none for that parameter
			}
			compiled[id] = f
			x.Add(id, f)
			return
		}
	}
	const subscriptions = 3000
	for id := range int64(subscriptions) {
		add(id)
	}
	require.Equal(t, subscriptions, x.Len())
	pairs, matches := 0, 0
	for i, r := range resources {
		if i%15 != 0 { // enough, and the race detector is slow
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
		require.Equal(t, want, appendMatches(t, x, nil, name, r), "%s", name)
		pairs, matches = pairs+len(compiled), matches+len(want)
		for range 3 { // replace some
			id := random.Int64N(subscriptions)
			if random.IntN(2) == 0 {
				x.Remove(id)
				require.Equal(t, subscriptions-1, x.Len())
			}
			add(id)
		}
		if i%30 == 0 { // and give one the filters of another
			id, other := random.Int64N(subscriptions), random.Int64N(subscriptions)
			compiled[id] = compiled[other]
			x.Add(id, compiled[id])
		}
	}
	require.Greater(t, pairs, 100_000)
	require.Greater(t, matches, 1000)
	t.Logf("%d pairs of filters and resources, %d match", pairs, matches)
	for id := range int64(subscriptions) {
		x.Remove(id)
	}
	require.Zero(t, x.Len())
	for _, r := range resources[:50] {
		require.Empty(t, appendMatches(t, x, nil, r.Get("resourceType").Text(), r))
	}
}
