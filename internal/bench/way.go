package main

import (
	"context"
	"fmt"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/bench/report"
	"github.com/carillon-fhir/carillon/topic"
)

// way is one way to get from a resource's bytes to those whom it concerns.
type way struct {
	n         int // of subscriptions
	resources [][]byte
	match     func(resource fhirpath.Node) error
	few       bool          // it takes long
	rounds    report.Sample // seconds for one resource
	next      int
}

// round goes through a few resources, and so that caches are as cold as they are in
// an engine, through others than the round before.
func (w *way) round(resources int) error {
	begin := time.Now()
	for range resources {
		doc, err := fhirpath.Parse(w.resources[w.next%len(w.resources)])
		if err != nil {
			return err
		}
		if err := w.match(doc.Root()); err != nil {
			return err
		}
		w.next++
	}
	w.rounds = append(w.rounds, time.Since(begin).Seconds()/float64(resources))
	return nil
}

// byIndex asks the index.
func byIndex(x *topic.Index) func(fhirpath.Node) error {
	var found []int64
	return func(resource fhirpath.Node) (err error) {
		found, err = x.AppendMatches(context.Background(), found[:0], "Observation", resource)
		return err
	}
}

// oneByOne asks every subscription.
func oneByOne(compiled []*topic.Filters) func(fhirpath.Node) error {
	return func(resource fhirpath.Node) error {
		for _, f := range compiled {
			if _, err := f.Match(context.Background(), "Observation", resource); err != nil {
				return err
			}
		}
		return nil
	}
}

// byMap is the ceiling of equality: eight values are read from where they always
// are, and each is looked up in a Go map, which is not even checked.
func byMap(n int) func(fhirpath.Node) error {
	type pair struct{ parameter, value string }
	index := make(map[pair][]int64, n)
	for i := range n {
		key := pair{"patient", fmt.Sprintf("Patient/p%d", i)}
		index[key] = append(index[key], int64(i))
	}
	var found []int64
	return func(r fhirpath.Node) error {
		first := func(n fhirpath.Node) (e fhirpath.Node) {
			for e = range n.Elements() {
				break
			}
			return e
		}
		code := func(n fhirpath.Node) string { return first(n.Get("coding")).Get("code").Text() }
		found = found[:0]
		for _, p := range [...]pair{
			{"patient", r.Path("subject", "reference").Text()}, {"code", code(r.Get("code"))},
			{"category", code(first(r.Get("category")))}, {"status", r.Get("status").Text()},
			{"encounter", r.Path("encounter", "reference").Text()}, {"performer", first(r.Get("performer")).Get("reference").Text()},
			{"_id", r.Get("id").Text()}, {"date", r.Get("effectiveDateTime").Text()},
		} {
			found = append(found, index[p]...)
		}
		return nil
	}
}

// takeTurns measures the ways in turn, so that a busy moment of the machine is one
// for all of them.
func takeTurns(ways []*way, rounds, resources int) error {
	for range rounds {
		for _, w := range ways {
			n := resources
			if w.few {
				n = 3
			}
			if err := w.round(n); err != nil {
				return err
			}
		}
	}
	return nil
}
