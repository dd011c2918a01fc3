package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/bench/report"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

// observation is a resource of 2 KB.
var observation = json.RawMessage(`{"resourceType":"Observation","id":"o1","status":"final","code":{"coding":[` +
	strings.Repeat(`{"system":"http://codes.example.org/local","code":"1234-5","display":"a code that only takes room here"},`, 17) +
	`{"system":"http://loinc.org","code":"1975-2"}]},"subject":{"reference":"Patient/p1"},"valueQuantity":{"value":0.8,"unit":"mg/dL"}}`)

// hookOf calls the hook of an engine with topics that are not triggered.
func hookOf(topics ...string) (*operation, error) {
	engine, err := newEngine(memory.New(), nil, topics...)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	return &operation{run: func() error {
		return engine.OnResourceChange(ctx, subscription.ResourceChange{Interaction: subscription.Create, Resource: observation})
	}}, nil
}

func measureHook(o options) (r report.Result, err error) {
	criteria := func(resource, query string) string {
		return fmt.Sprintf(`{"resourceType":"SubscriptionTopic","url":"https://bench.example.org/%x","status":"active","resourceTrigger":[{"resource":%q,"queryCriteria":{"current":%q}}]}`,
			query, resource, query)
	}
	none, err := hookOf(criteria("Encounter", "status=finished"))
	if err != nil {
		return r, err
	}
	three, err := hookOf(criteria("Observation", "status=cancelled"), criteria("Observation", "code=http://loinc.org|9-9"), criteria("Observation", "subject=Patient/p2"))
	if err != nil {
		return r, err
	}
	index := &operation{run: func() error { _, err := fhirpath.Parse(observation); return err }}
	if err := takeTurnsAt(o.runs()+2, time.Duration(o.of(5, 200, 500))*time.Millisecond, none, three, index); err != nil {
		return r, err
	}
	r.Rows = []report.Row{
		{What: "hook, no topic for the type", Ours: fmt.Sprintf("%s, %.0f allocations", report.Seconds(none.time()), none.allocations()),
			Budget: "< 100 ns, 0 allocations", Verdict: report.Judge(none.time() < 100e-9, none.allocations() < 0.5), Headline: true},
		{What: "hook, 3 query triggers on a 2 KB resource, none fires", Ours: fmt.Sprintf("%s, %.0f allocations", report.Seconds(three.time()), three.allocations()),
			Ceiling: "indexing the resource alone: " + report.Seconds(index.time()), Ratio: three.times.Over(index.times).Ratio(),
			Budget: "< 10 µs", Verdict: report.Judge(three.time() < 10e-6), Headline: true},
	}
	r.Figures = map[string]float64{"hook.none.seconds": none.time(), "hook.three.seconds": three.time()}
	return r, nil
}

// measureParse compares the index over a resource's bytes, from which everything is
// read, with what the standard library takes to look whether they are JSON at all.
func measureParse(o options) (r report.Result, err error) {
	index := &operation{run: func() error { _, err := fhirpath.Parse(observation); return err }}
	valid := &operation{run: func() error { json.Valid(observation); return nil }}
	tree := &operation{run: func() error { var v any; return json.Unmarshal(observation, &v) }}
	if err := takeTurnsAt(o.runs()+2, time.Duration(o.of(5, 150, 500))*time.Millisecond, index, valid, tree); err != nil {
		return r, err
	}
	speed := func(op *operation) string {
		return fmt.Sprintf("%s, %.0f MB/s, %.0f allocations", report.Seconds(op.time()), float64(len(observation))/op.time()/1e6, op.allocations())
	}
	r.Rows = []report.Row{{
		What: "from a resource's bytes (2 KB) to an index that everything is read from", Ours: speed(index),
		Ceiling: "encoding/json, only to validate: " + speed(valid) + "; into any: " + speed(tree), Ratio: index.times.Over(valid.times).Ratio(),
	}}
	r.Figures = map[string]float64{"parse.seconds": index.time()}
	return r, nil
}
