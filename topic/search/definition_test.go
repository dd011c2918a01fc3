package search_test

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/shared"
	"github.com/carillon-fhir/carillon/topic/search"
)

func TestLookup(t *testing.T) {
	p, ok := search.Lookup(fhirpath.R4, "Observation", "patient")
	require.True(t, ok)
	require.Equal(t, search.Parameter{
		ResourceType: "Observation", Code: "patient", Kind: search.KindReference,
		URL:        "http://hl7.org/fhir/SearchParameter/clinical-patient",
		Expression: "Observation.subject.where(resolve() is Patient)", // no other type's
		Targets:    []string{"Patient", "Group"},
	}, p)
	p, ok = search.Lookup(fhirpath.R4, "Observation", "_id")
	require.True(t, ok)
	require.Equal(t, "Resource", p.ResourceType)
	p, ok = search.Lookup(fhirpath.R4, "Observation", "code-value-quantity")
	require.True(t, ok)
	require.Equal(t, []search.Component{{"token", "code"}, {"quantity", "value.as(Quantity)"}}, p.Components)
	for _, c := range [][2]string{{"Observation", "nonsense"}, {"Nonsense", "_id"}, {"Resource", "status"}, {"SubscriptionTopic", "url"}, {"", ""}} {
		_, ok = search.Lookup(fhirpath.R4, c[0], c[1])
		require.False(t, ok, c)
	}
	_, ok = search.Lookup(fhirpath.R5, "SubscriptionTopic", "url") // SP-04
	require.True(t, ok)
	_, ok = search.Lookup(0, "Patient", "_id")
	require.False(t, ok)
}

func TestResourceTypes(t *testing.T) {
	require.True(t, search.IsResourceType(fhirpath.R4, "Patient"))
	require.True(t, search.IsResourceType(fhirpath.R4, "Binary"))
	require.True(t, search.IsResourceType(fhirpath.R4, "Parameters"))
	require.False(t, search.IsResourceType(fhirpath.R4, "SubscriptionTopic"))
	require.True(t, search.IsResourceType(fhirpath.R5, "SubscriptionTopic"))
	require.False(t, search.IsResourceType(fhirpath.R4, "Resource"))
	types := search.ResourceTypes(fhirpath.R4)
	require.True(t, slices.IsSorted(types))
	require.Greater(t, len(types), 140)
}

// TestDefinitions compiles every definition of every release.
func TestDefinitions(t *testing.T) {
	for _, r := range []fhirpath.Release{fhirpath.R4, fhirpath.R4B, fhirpath.R5} {
		t.Run(r.String(), func(t *testing.T) {
			count := 0
			for _, name := range search.ResourceTypes(r) {
				for _, p := range search.Parameters(r, name) {
					_, err := search.Parse(search.Options{Release: r}, name, p.Code, sample(p))
					require.NoError(t, err, "%s %s: %s %v", name, p.Code, p.Expression, p.Components)
					count++
				}
			}
			t.Logf("%d parameters in %d types compile", count, len(search.ResourceTypes(r)))
		})
	}
}

// sample is a value that a parameter can have.
func sample(p search.Parameter) string {
	byKind := map[string]string{
		search.KindDate: "2026", search.KindNumber: "1", search.KindQuantity: "1", search.KindReference: "a",
		search.KindString: "a", search.KindToken: "a", search.KindURI: "a",
	}
	if len(p.Components) == 0 {
		return byKind[p.Kind]
	}
	var parts []string
	for _, c := range p.Components {
		parts = append(parts, byKind[c.Kind])
	}
	return strings.Join(parts, "$")
}

// TestConcurrent uses one criterion from several goroutines, its first use among
// them.
func TestConcurrent(t *testing.T) {
	resource := node(t, observation)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			criteria, err := search.ParseQuery(search.Options{Release: fhirpath.R4}, "Observation", "code=8480-6&combo-code-value-quantity=B$2&date=ge2026")
			if err != nil || !matches(t, criteria, resource) {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// TestRealResources evaluates every parameter on every real resource: none fails,
// and each value that a token or reference has is found by its own key.
func TestRealResources(t *testing.T) {
	evaluated, found := 0, 0
	eachResource(t, func(resource fhirpath.Node) {
		resourceType := resource.Get("resourceType").Text()
		v := search.NewView(resource, base)
		for _, p := range search.Parameters(fhirpath.R4, resourceType) {
			name, value := p.Code+":missing", "false"
			if len(p.Components) > 0 {
				name, value = p.Code, sample(p)
			}
			c, err := search.Parse(search.Options{Release: fhirpath.R4}, resourceType, name, value)
			require.NoError(t, err)
			has, err := c.Test(context.Background(), v)
			require.NoError(t, err, "%s %s", resourceType, p.Code)
			evaluated++
			if has {
				found++
			}
		}
	})
	require.Greater(t, found, 10_000)
	t.Logf("%d evaluations, %d with a value", evaluated, found)
}

// eachResource visits the real resources of the shared data folder.
func eachResource(t testing.TB, visit func(fhirpath.Node)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(shared.Dir(t), "data", "*.ndjson"))
	require.NoError(t, err)
	for _, name := range files {
		raw, err := os.ReadFile(name)
		require.NoError(t, err)
		lines := bufio.NewScanner(bytes.NewReader(raw))
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			doc, err := fhirpath.Parse(lines.Bytes())
			if err != nil {
				continue // a few of them are not strict JSON
			}
			visit(doc.Root())
		}
		require.NoError(t, lines.Err())
	}
}

// TestKeys holds that a matching resource has a key of the criterion, and that
// what is no equality has none.
func TestKeys(t *testing.T) {
	resource := node(t, observation)
	for _, query := range []string{
		"code=8480-6", "code=http://loinc.org|8480-6", "code=|local", "code=http://loinc.org|", "code=LOCAL",
		"status=final", "status=http://hl7.org/fhir/observation-status|final", "_id=o1", "code=x,8480-6",
		"subject=Patient/p1", "subject=p1", "subject:Patient=p1", "subject=https://fhir.example.org/r4/Patient/p1",
		"encounter=Encounter/e1", "encounter=e1", "performer=https://other.example.org/fhir/Practitioner/x1",
		"_source=http://source.example.org/a/b", "_profile=http://example.org/StructureDefinition/vital",
		"_profile=http://example.org/StructureDefinition/vital|2.0",
	} {
		t.Run(query, func(t *testing.T) {
			criteria, err := search.ParseQuery(search.Options{Release: fhirpath.R4}, "Observation", query)
			require.NoError(t, err)
			require.True(t, matches(t, criteria, resource))
			keys, ok := criteria[0].Keys()
			require.True(t, ok)
			have, err := search.NewView(resource, base).AppendKeys(t.Context(), nil, criteria[0])
			require.NoError(t, err)
			require.True(t, slices.ContainsFunc(keys, func(k uint64) bool { return slices.Contains(have, k) }))
		})
	}
	for _, query := range []string{
		"code:not=x", "code:text=x", "code:missing=true", "date=2026", "value-quantity=1", "value-string=x", "_source:below=http://x",
		"subject:identifier=x", "code-value-quantity=a$1",
	} {
		criteria, err := search.ParseQuery(search.Options{Release: fhirpath.R4}, "Observation", query)
		require.NoError(t, err)
		_, ok := criteria[0].Keys()
		require.False(t, ok, query)
	}
	criteria, err := search.ParseQuery(search.Options{Release: fhirpath.R4}, "Patient", "family:exact=Stra%C3%9Fe")
	require.NoError(t, err)
	keys, ok := criteria[0].Keys()
	require.True(t, ok)
	have, err := search.NewView(node(t, patient), base).AppendKeys(t.Context(), nil, criteria[0])
	require.NoError(t, err)
	require.Contains(t, have, keys[0])
}

// FuzzParseQuery holds that parsing never panics, that parse∘print is the
// identity, and that a match has one of the keys (row I7), with a host and without.
func FuzzParseQuery(f *testing.F) {
	for _, s := range []string{
		"code=http://loinc.org|8480-6&status:not=final,amended", "subject:Patient=p1", "date=ge2026-01-01T10:00:00%2B01:00",
		"value-quantity=le5.40e-3|http://unitsofmeasure.org|g", `value-string:exact=a\,b`, "component-code-value-quantity=a$gt1",
		"_source:below=http://x/y", "subject:missing=true", "identifier:of-type=a|b|c", "patient=Patient/1/_history/2", "x", "&", "=",
		"subject:Patient.organization.name:exact=Acme", "_has:AuditEvent:entity:_has:Provenance:target:agent=x", "patient._in:not=Group/1,List/2",
		"code:in=http://vs|1", "code:below=http://loinc.org|1", "encounter:above=Encounter/1", "_list=1", "_type=Patient,Observation",
		`_filter=status eq final and (subject[name co "a]"].gender eq male or not (code in http://vs)) or _has:AuditEvent:entity:agent pr true`,
		"subject._has:Observation:patient:code:text=x", "_profile:below=http://p|1", "derived-from:below=http://x", "performer:text=a",
	} {
		f.Add(s)
	}
	_, withHost := newHost(f, fhirpath.R4, peter, lab, acme, visit, stay, audit, bp)
	resource := node(f, observation)
	f.Fuzz(func(t *testing.T, s string) {
		for _, o := range []search.Options{r4, withHost} {
			criteria, err := search.ParseQuery(o, "Observation", s)
			if err != nil {
				var refused *search.Error
				require.ErrorAs(t, err, &refused)
				continue
			}
			printed := criteria.String()
			again, err := search.ParseQuery(o, "Observation", printed)
			require.NoError(t, err, printed)
			require.Equal(t, printed, again.String())
			require.Len(t, again, len(criteria))
			require.Equal(t, criteria.NeedsHost(), again.NeedsHost())
			for i, c := range criteria {
				require.Equal(t, c.Modifier, again[i].Modifier)
				require.Equal(t, c.Value, again[i].Value)
				if _, err := c.Match(context.Background(), resource, base); err != nil {
					require.True(t, c.NeedsHost(), "only a host may fail")
				}
			}
			withKey(t, criteria, resource)
		}
	})
}

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
