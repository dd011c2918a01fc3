package topic_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
)

// observations is a topic that can be filtered by what the benchmarks need.
var observations = &topic.Topic{
	ResourceTriggers: []topic.ResourceTrigger{{Resource: "Observation"}},
	CanFilterBy: []topic.CanFilterBy{
		{FilterParameter: "patient"}, {FilterParameter: "code"}, {FilterParameter: "status"},
		{FilterParameter: "date", Comparators: []string{"ge", "lt"}},
	},
}

// newYear is when the first subscription's date range begins.
var newYear = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func minute(i int) string {
	return newYear.Add(time.Duration(i) * time.Minute).Format("2006-01-02T15:04Z")
}

// sizes are those that the curve is measured at.
var sizes = []struct {
	name string
	n    int
}{{"1e3", 1_000}, {"1e4", 10_000}, {"1e5", 100_000}, {"1e6", 1_000_000}}

// filterKinds give subscription i its filters, and the n-th resource of those that a
// benchmark goes through its patient and time. So few match at every size.
var filterKinds = []struct {
	name     string
	filters  func(i int) string
	resource func(random *rand.Rand, n int) (patient, minutes int)
}{
	{"patient", func(i int) string { return fmt.Sprintf("patient=Patient/p%d", i) }, anyPatient},
	{"two", func(i int) string {
		return fmt.Sprintf("code=http://loinc.org|%d-1&patient=Patient/p%d", 1000+i%500, i)
	}, anyPatient},
	{"date", func(i int) string { return "date=ge" + minute(i) },
		func(random *rand.Rand, n int) (int, int) { return 1, random.IntN(20) }},
	{"interval", func(i int) string { return fmt.Sprintf("date=ge%s&date=lt%s", minute(i), minute(i+10)) },
		func(random *rand.Rand, n int) (int, int) { return 1, random.IntN(n) }},
	{"group", func(i int) string {
		return fmt.Sprintf("patient=Patient/p%d,Patient/p%d,Patient/p%d,Patient/p%d,Patient/p%d", 5*i, 5*i+1, 5*i+2, 5*i+3, 5*i+4)
	}, func(random *rand.Rand, n int) (int, int) { return random.IntN(5 * n), 0 }},
}

func anyPatient(random *rand.Rand, n int) (patient, minutes int) { return random.IntN(n), 0 }

// observation is a resource of 1 KB.
func observation(patient, minutes int) []byte {
	return fmt.Appendf(nil, `{"resourceType":"Observation","id":"o%d","meta":{"versionId":"1","lastUpdated":"2026-02-03T04:05:06.789Z"},`+
		`"identifier":[{"system":"http://lab.example.org/results","value":"R-%d"}],"status":"final",`+
		`"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],`+
		`"code":{"coding":[{"system":"http://loinc.org","code":"%d-1","display":"Sodium"},{"system":"http://lab.example.org/tests","code":"NA"}],"text":"Sodium"},`+
		`"subject":{"reference":"Patient/p%d","display":"Doe, Jane"},"encounter":{"reference":"Encounter/e%d"},`+
		`"effectiveDateTime":"%s","issued":"2026-02-03T04:05:06Z","performer":[{"reference":"Organization/lab"},{"reference":"Practitioner/q7"}],`+
		`"valueQuantity":{"value":141.5,"unit":"mmol/L","system":"http://unitsofmeasure.org","code":"mmol/L"},`+
		`"referenceRange":[{"low":{"value":135,"unit":"mmol/L"},"high":{"value":145,"unit":"mmol/L"},"text":"%s"}]}`,
		patient, patient, 1000+patient%500, patient, patient, minute(minutes), strings.Repeat("x", 100))
}

// filled returns an index of n subscriptions and the bytes that each takes: in the
// index beside its compiled filters, and in all.
func filled(tb testing.TB, kind, n int) (x *topic.Index, alone, all float64) {
	tb.Helper()
	compiled := make([]*topic.Filters, n)
	empty := heap()
	for i := range compiled {
		fs, err := topic.ParseFilter(filterKinds[kind].filters(i))
		require.NoError(tb, err)
		compiled[i], err = observations.CompileFilters(fs, r4)
		require.NoError(tb, err)
	}
	before := heap()
	x = new(topic.Index)
	for i, f := range compiled {
		x.Add(int64(i), f)
	}
	compiled = nil // the index has what it needs of them
	after := heap()
	return x, (float64(after) - float64(before)) / float64(n), (float64(after) - float64(empty)) / float64(n)
}

func heap() uint64 {
	runtime.GC()
	runtime.GC() // what pools keep goes in the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkIndexMatch goes from the bytes of a resource to the subscriptions that it
// matches, over many different resources.
func BenchmarkIndexMatch(b *testing.B) {
	for kind, k := range filterKinds {
		for _, size := range sizes {
			b.Run(k.name+"/"+size.name, func(b *testing.B) {
				if testing.Short() && size.n > 100_000 {
					b.Skip("a million subscriptions take a while")
				}
				x, alone, all := filled(b, kind, size.n)
				random := rand.New(rand.NewPCG(1, 2))
				resources := make([][]byte, 4096)
				for i := range resources {
					resources[i] = observation(k.resource(random, size.n))
				}
				var found []int64
				i, matches := 0, 0
				ctx := context.Background()
				b.ReportAllocs()
				for b.Loop() {
					doc, err := fhirpath.Parse(resources[i%len(resources)])
					if err != nil {
						b.Fatal(err)
					}
					if found, err = x.AppendMatches(ctx, found[:0], "Observation", doc.Root()); err != nil {
						b.Fatal(err)
					}
					i, matches = i+1, matches+len(found)
				}
				b.ReportMetric(float64(matches)/float64(i), "matches/op")
				b.ReportMetric(alone, "B-index/subscription")
				b.ReportMetric(all, "B-all/subscription")
			})
		}
	}
}

// BenchmarkIndexUpdate replaces the filters of one subscription by others.
func BenchmarkIndexUpdate(b *testing.B) {
	for kind, k := range filterKinds {
		b.Run(k.name+"/1e6", func(b *testing.B) {
			const n = 1_000_000
			if testing.Short() {
				b.Skip("a million subscriptions take a while")
			}
			x, _, _ := filled(b, kind, n)
			random := rand.New(rand.NewPCG(1, 2))
			others := make([]*topic.Filters, 4096)
			for i := range others {
				fs, err := topic.ParseFilter(k.filters(n + random.IntN(n)))
				require.NoError(b, err)
				others[i], err = observations.CompileFilters(fs, r4)
				require.NoError(b, err)
			}
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				x.Add(random.Int64N(n), others[i%len(others)])
				i++
			}
		})
	}
}
