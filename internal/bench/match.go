package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/bench/chart"
	"github.com/carillon-fhir/carillon/internal/bench/report"
	"github.com/carillon-fhir/carillon/topic"
	"github.com/carillon-fhir/carillon/topic/search"
)

// subscribed returns an index of n subscriptions, their filters if they are few, and
// the bytes that each takes: in the index beside its compiled filters, and in all.
func subscribed(n int, filter func(i int) string) (x *topic.Index, compiled []*topic.Filters, alone, all float64, err error) {
	observations, err := topic.Parse([]byte(filterable))
	if err != nil {
		return nil, nil, 0, 0, err
	}
	compiled = make([]*topic.Filters, n)
	empty := memoryInUse()
	for i := range compiled {
		if compiled[i], err = compile(observations, filter(i)); err != nil {
			return nil, nil, 0, 0, err
		}
	}
	before := memoryInUse()
	x = new(topic.Index)
	for i, f := range compiled {
		x.Add(int64(i), f)
	}
	if n > linearSize {
		clear(compiled) // the index has what it needs of them
	}
	after := memoryInUse()
	return x, compiled, (after - before) / float64(n), (after - empty) / float64(n), nil
}

func compile(t *topic.Topic, filter string) (*topic.Filters, error) {
	filters, err := topic.ParseFilter(filter)
	if err != nil {
		return nil, err
	}
	return t.CompileFilters(filters, topic.Options{Release: fhirpath.R4, Host: search.Host{Resolver: groups{}}})
}

const filterable = `{"resourceType":"SubscriptionTopic","url":"https://bench.example.org/filterable","status":"active","resourceTrigger":[{"resource":"Observation"}],"canFilterBy":[
	{"resource":"Observation","filterParameter":"patient","modifier":["in"]},{"resource":"Observation","filterParameter":"code","modifier":["not"]},{"resource":"Observation","filterParameter":"status"},
	{"resource":"Observation","filterParameter":"date","comparator":["ge","lt"]}]}`

// measureMatch measures each kind of filter at each size, and for the first kind also
// asking one by one and the ceiling.
func measureMatch(o options) (r report.Result, err error) {
	times := chart.Chart{File: "match.svg", Title: "from a change's bytes (2 KB) to its matches",
		X: chart.Axis{Name: "subscriptions", Log: true}, Y: chart.Axis{Unit: "s", Log: true}}
	memory := memoryChart("filter index", "… with compiled filters")
	var ceiling []*way
	var linear, bytes, replacing []string
	var rows []report.Row
	for i, kind := range filterKinds {
		// To compile a million filters takes a while: only those of the budget.
		most := o.of(2, 3, len(sizes))
		if i == 0 && !o.quick {
			most = len(sizes)
		}
		sizes := sizes[:most]
		var ours, all []*way
		var x *topic.Index
		var alone, whole float64
		for _, n := range sizes {
			var compiled []*topic.Filters
			if x, compiled, alone, whole, err = subscribed(n, kind.filter); err != nil {
				return r, err
			}
			resources := make([][]byte, 4096)
			for i := range resources {
				resources[i] = event(kind.change(n))
			}
			w := &way{n: n, resources: resources, match: byIndex(x)}
			ours, all = append(ours, w), append(all, w)
			if i > 0 {
				continue
			}
			w = &way{n: n, resources: resources, match: byMap(n)}
			ceiling, all = append(ceiling, w), append(all, w)
			if n <= linearSize {
				w = &way{n: n, resources: resources, match: oneByOne(compiled), few: true}
				all = append(all, w)
			}
			for j, bytes := range []float64{alone, whole} {
				memory.Series[j].Points = append(memory.Series[j].Points, chart.Point{X: float64(n), Y: bytes})
			}
		}
		last := len(ours) - 1
		bare := ceiling[last]
		if i > 0 {
			bare = &way{n: bare.n, resources: bare.resources, match: bare.match}
			all = append(all, bare)
		}
		if err := takeTurns(all, o.of(2, 15, 40), o.of(50, 1000, 2000)); err != nil {
			return r, err
		}
		replaced, err := measureReplace(x, kind.filter)
		if err != nil {
			return r, err
		}
		largest := counts(sizes[last:])
		bytes = append(bytes, fmt.Sprintf("%s (%s): %.0f, %.0f", kind.name, largest, alone, whole))
		replacing = append(replacing, fmt.Sprintf("%s (%s): %s", kind.name, largest, report.Seconds(replaced)))
		times.Series = append(times.Series, series(kind.name, false, ours))
		growth, over := ours[last].rounds.Over(ours[0].rounds), ours[last].rounds.Over(bare.rounds)
		row := report.Row{
			What:    fmt.Sprintf("from a change's bytes (2 KB) to its matches, %s subscriptions, each filtered by %s", counts(sizes), kind.name),
			Ours:    fmt.Sprintf("%s; of the last to the first: %s", list(ours), growth.Ratio()),
			Ceiling: "the same index, 8 values, a Go map of patients: " + list(ceiling[:len(ours)]), Ratio: over.Ratio(),
		}
		if i == 0 {
			var asked []*way
			for _, w := range all {
				if w.few {
					asked = append(asked, w)
				}
			}
			times.Series = append(times.Series, series("a patient: asked one by one", false, asked), series("a patient: a Go map", true, ceiling))
			linear = append(linear, list(asked))
			row.Budget, row.Headline = "the last ≤ 1.5 × the first, ≤ 3 × the ceiling", true
			row.Verdict = report.Judge(growth.Median() <= 1.5, over.Median() <= 3)
			r.Figures = map[string]float64{
				"match.seconds": ours[last].rounds.Median(), "index.bytes": alone, "index.compiled.bytes": whole, "replace.seconds": replaced,
			}
		}
		rows = append(rows, row)
	}
	r.Rows = append(rows,
		report.Row{What: fmt.Sprintf("the same where each of %s subscriptions is asked, filtered by a patient", counts(sizes[:2])), Ours: strings.Join(linear, "")},
		report.Row{What: "memory of each subscription, in bytes: in the index alone, with its compiled filters",
			Ours: strings.Join(bytes, "; "), Budget: "by a patient: ≤ 250 B in the index", Verdict: report.Judge(r.Figures["index.bytes"] <= 250), Headline: true},
		report.Row{What: "other filters for one of the subscriptions", Ours: strings.Join(replacing, "; ")})
	r.Charts = []chart.Chart{times, memory}
	return r, nil
}

// memoryChart is the picture of what a subscription takes, for some lines.
func memoryChart(names ...string) chart.Chart {
	c := chart.Chart{File: "memory.svg", Title: "memory for each subscription",
		X: chart.Axis{Name: "subscriptions", Log: true}, Y: chart.Axis{Unit: "B"}}
	for _, name := range names {
		c.Series = append(c.Series, chart.Series{Name: name})
	}
	return c
}

// counts writes sizes, which are powers of ten.
func counts(sizes []int) string {
	texts := make([]string, len(sizes))
	for i, n := range sizes {
		texts[i] = fmt.Sprintf("10^%.0f", math.Log10(float64(n)))
	}
	return strings.Join(texts, " / ")
}

func list(ways []*way) string {
	texts := make([]string, len(ways))
	for i, w := range ways {
		texts[i] = fmt.Sprintf("%.1f", w.rounds.Median()*1e6)
	}
	return strings.Join(texts, " / ") + " µs"
}

func series(name string, bare bool, ways []*way) chart.Series {
	s := chart.Series{Name: name, Bare: bare}
	for _, w := range ways {
		s.Points = append(s.Points, chart.Point{X: float64(w.n), Y: w.rounds.Median()})
	}
	return s
}

// measureReplace returns how long it takes to give one of many subscriptions another
// filter of that kind.
func measureReplace(x *topic.Index, filter func(i int) string) (seconds float64, err error) {
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
	var rounds report.Sample
	for round := range slices.Chunk(others, 500) {
		begin := time.Now()
		for _, f := range round {
			x.Add(rand.Int64N(int64(n)), f)
		}
		rounds = append(rounds, time.Since(begin).Seconds()/float64(len(round)))
	}
	return rounds.Median(), nil
}
