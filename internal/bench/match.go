package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
	"github.com/carillon-fhir/carillon/topic/search"
)

// sizes are the numbers of subscriptions that matching is measured with.
var sizes = [...]int{1e3, 1e4, 1e5, 1e6}

// linearSize is the most that are also asked one by one.
const linearSize = 1e4

// filterKinds give subscription i its filters, and a change its patient and its time
// in minutes, such that about as few subscriptions match at every size: of the last
// kind, which has no keys, none.
var filterKinds = []struct {
	name   string
	filter func(i int) string
	change func(n int) (patient, minutes int)
}{
	{"a patient", func(i int) string { return fmt.Sprintf("patient=Patient/p%d", i) }, somePatient},
	{"patient and code", func(i int) string {
		return fmt.Sprintf("code=http://loinc.org|%d-1&patient=Patient/p%d", 1000+i%500, i)
	}, somePatient},
	{"a date bound", func(i int) string { return "date=ge" + minute(i) },
		func(int) (int, int) { return 1, rand.IntN(20) }},
	{"a date interval", func(i int) string { return fmt.Sprintf("date=ge%s&date=lt%s", minute(i), minute(i+10)) },
		func(n int) (int, int) { return 1, rand.IntN(n) }},
	{"5 patients", func(i int) string {
		return fmt.Sprintf("patient=Patient/p%d,Patient/p%d,Patient/p%d,Patient/p%d,Patient/p%d", 5*i, 5*i+1, 5*i+2, 5*i+3, 5*i+4)
	}, func(n int) (int, int) { return rand.IntN(5 * n), 0 }},
	{"a group and a code:not", func(i int) string {
		return fmt.Sprintf("patient:in=Group/g%d&code:not=http://loinc.org|%d-1", i%10, i)
	}, func(int) (int, int) { return 1, 0 }},
}

// groups is a host whose groups have other members than the patients of changes. It
// is not asked to search.
type groups struct{ search.Resolver }

func (groups) Resolve(_ context.Context, reference string) (*fhirpath.Doc, error) {
	return fhirpath.Parse([]byte(`{"resourceType":"Group","member":[{"entity":{"reference":"Patient/of-` + strings.TrimPrefix(reference, "Group/") + `"}}]}`))
}

func somePatient(n int) (patient, minutes int) { return rand.IntN(n), 0 }

func minute(i int) string {
	return time.Date(2026, 1, 1, 0, i, 0, 0, time.UTC).Format("2006-01-02T15:04Z")
}

// event is a panel of results, a resource of 2 KB.
func event(patient, minutes int) []byte {
	return fmt.Appendf(nil, `{"resourceType":"Observation","id":"o%d","meta":{"versionId":"1","lastUpdated":"2026-02-03T04:05:06.789Z"},`+
		`"identifier":[{"system":"http://lab.example.org/results","value":"R-%d"}],"status":"final",`+
		`"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],`+
		`"code":{"coding":[{"system":"http://loinc.org","code":"%d-1","display":"Electrolytes"},{"system":"http://lab.example.org/tests","code":"EL"}]},`+
		`"subject":{"reference":"Patient/p%d","display":"Doe, Jane"},"encounter":{"reference":"Encounter/e%d"},`+
		`"effectiveDateTime":"%s","issued":"2026-02-03T04:05:06Z","performer":[{"reference":"Organization/lab"},{"reference":"Practitioner/q7"}],`+
		`"component":[%s]}`,
		patient, patient, 1000+patient%500, patient, patient, minute(minutes), components)
}

var components = strings.Join(slices.Repeat([]string{
	`{"code":{"coding":[{"system":"http://loinc.org","code":"2951-2","display":"Sodium"}]},` +
		`"valueQuantity":{"value":141.5,"unit":"mmol/L","system":"http://unitsofmeasure.org","code":"mmol/L"},` +
		`"referenceRange":[{"low":{"value":135,"unit":"mmol/L"},"high":{"value":145,"unit":"mmol/L"}}]}`}, 4), ",")

// subscribed returns an index of n subscriptions, their filters if they are few, and
// the bytes that each takes: in the index beside its compiled filters, and in all.
func subscribed(n int, filter func(i int) string) (x *topic.Index, compiled []*topic.Filters, alone, all float64, err error) {
	observations, err := topic.Parse([]byte(filterable))
	if err != nil {
		return nil, nil, 0, 0, err
	}
	compiled = make([]*topic.Filters, n)
	empty := heap()
	for i := range compiled {
		if compiled[i], err = compile(observations, filter(i)); err != nil {
			return nil, nil, 0, 0, err
		}
	}
	before := heap()
	x = new(topic.Index)
	for i, f := range compiled {
		x.Add(int64(i), f)
	}
	if n > linearSize {
		clear(compiled) // the index has what it needs of them
	}
	after := heap()
	return x, compiled, (after - before) / float64(n), (after - empty) / float64(n), nil
}

func compile(t *topic.Topic, filter string) (*topic.Filters, error) {
	filters, err := topic.ParseFilter(filter)
	if err != nil {
		return nil, err
	}
	return t.CompileFilters(filters, topic.Options{Release: fhirpath.R4, Host: search.Host{Resolver: groups{}}})
}

func heap() float64 {
	runtime.GC()
	runtime.GC() // what pools keep goes in the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

const filterable = `{"resourceType":"SubscriptionTopic","url":"https://bench.example.org/filterable","status":"active","resourceTrigger":[{"resource":"Observation"}],"canFilterBy":[
	{"resource":"Observation","filterParameter":"patient","modifier":["in"]},{"resource":"Observation","filterParameter":"code","modifier":["not"]},{"resource":"Observation","filterParameter":"status"},
	{"resource":"Observation","filterParameter":"date","comparator":["ge","lt"]}]}`

// measureMatch measures each kind of filter at each size, and for the first kind also
// asking one by one and the ceiling.
func measureMatch() (rows []row, curves []curve, err error) {
	var ceiling, linear curve
	var memory, replacing []string
	for i, kind := range filterKinds {
		var ways []*way
		var x *topic.Index
		var alone, all float64
		for _, n := range sizes {
			var compiled []*topic.Filters
			if x, compiled, alone, all, err = subscribed(n, kind.filter); err != nil {
				return nil, nil, err
			}
			resources := make([][]byte, 4096)
			for i := range resources {
				resources[i] = event(kind.change(n))
			}
			ways = append(ways, &way{n: n, of: kind.name, resources: resources, match: byIndex(x)})
			if i == 0 {
				ways = append(ways, &way{n: n, of: "ceiling: a Go map", resources: resources, match: byMap(n)})
			}
			if i == 0 && n <= linearSize {
				ways = append(ways, &way{n: n, of: oneByOneName, resources: resources, match: oneByOne(compiled)})
			}
		}
		if err := takeTurns(ways); err != nil {
			return nil, nil, err
		}
		replaced, err := measureReplace(x, kind.filter)
		if err != nil {
			return nil, nil, err
		}
		memory = append(memory, fmt.Sprintf("%s: %.0f, %.0f", kind.name, alone, all))
		replacing = append(replacing, fmt.Sprintf("%s: %.1f", kind.name, replaced.Seconds()*1e6))
		measured := plot(ways)
		curves = append(curves, measured...)
		if i == 0 {
			ceiling, linear = measured[1], measured[2]
		}
		rows = append(rows, row{
			"from a change's bytes (2 KB) to its matches, 10^3 / 10^4 / 10^5 / 10^6 subscriptions, each filtered by " + kind.name,
			fmt.Sprintf("%s: ×%.2f", measured[0], measured[0].growth()), "the same parse, 8 values, a Go map of patients: " + ceiling.String(),
		})
	}
	return append(rows,
		row{"the same where each of 10^3 / 10^4 subscriptions is asked, filtered by a patient", linear.String(), ""},
		row{"memory of each of 10^6 subscriptions, in bytes: in the index alone, with its compiled filters", strings.Join(memory, "; "), ""},
		row{"other filters for one of 10^6 subscriptions, in µs", strings.Join(replacing, "; "), ""}), curves, nil
}

// measureReplace returns how long it takes to give one of many subscriptions another
// filter of that kind.
func measureReplace(x *topic.Index, filter func(i int) string) (time.Duration, error) {
	observations, err := topic.Parse([]byte(filterable))
	if err != nil {
		return 0, err
	}
	n := x.Len()
	others := make([]*topic.Filters, 10000)
	for i := range others {
		if others[i], err = compile(observations, filter(n+rand.IntN(n))); err != nil {
			return 0, err
		}
	}
	runtime.GC() // lest it come in between
	var rounds []time.Duration
	for round := range slices.Chunk(others, 500) {
		begin := time.Now()
		for _, f := range round {
			x.Add(rand.Int64N(int64(n)), f)
		}
		rounds = append(rounds, time.Since(begin)/time.Duration(len(round)))
	}
	return quartile(rounds), nil
}
