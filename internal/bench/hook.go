package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/carillon-fhir/carillon/channel/resthook"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// observation is a resource of 2 KB.
var observation = json.RawMessage(`{"resourceType":"Observation","id":"o1","status":"final","code":{"coding":[` +
	strings.Repeat(`{"system":"http://codes.example.org/local","code":"1234-5","display":"a code that only takes room here"},`, 17) +
	`{"system":"http://loinc.org","code":"1975-2"}]},"subject":{"reference":"Patient/p1"},"valueQuantity":{"value":0.8,"unit":"mg/dL"}}`)

func measureHook() (rows []row, err error) {
	criteria := func(n int, query string) string {
		return fmt.Sprintf(`{"resourceType":"SubscriptionTopic","url":"https://bench.example.org/%d","status":"active","resourceTrigger":[{"resource":"Observation","queryCriteria":{"current":%q}}]}`, n, query)
	}
	index := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			if !json.Valid(observation) {
				b.Fatal("invalid")
			}
		}
	})
	for _, m := range []struct {
		what   string
		topics []string
	}{
		{"hook, no topic for the type", []string{strings.ReplaceAll(criteria(1, "status=finished"), "Observation", "Encounter")}},
		{"hook, 3 query triggers that don't fire, 2 KB resource", []string{
			criteria(1, "status=cancelled"), criteria(2, "code=http://loinc.org|9-9"), criteria(3, "subject=Patient/p2")}},
	} {
		engine, err := newEngine(memory.New(), m.topics...)
		if err != nil {
			return nil, err
		}
		result := testing.Benchmark(func(b *testing.B) {
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() {
				if err := engine.OnResourceChange(ctx, subscription.ResourceChange{Interaction: subscription.Create, Resource: observation}); err != nil {
					b.Fatal(err)
				}
			}
		})
		rows = append(rows, row{m.what,
			fmt.Sprintf("%d ns, %d allocations", result.NsPerOp(), result.AllocsPerOp()),
			fmt.Sprintf("encoding/json only validating it: %d ns", index.NsPerOp())})
	}
	return rows, nil
}

func newEngine(store subscription.Store, topics ...string) (*subscription.Engine, error) {
	cfg := subscription.Config{
		Store: store, Release: subscription.R4, BaseURL: "https://bench.example.org/r4",
		Channels:   []subscription.Channel{resthook.New(loopback)},
		Authorizer: subscription.InsecureAllowAll{},
	}
	for _, raw := range topics {
		t, err := topic.Parse([]byte(raw))
		if err != nil {
			return nil, err
		}
		cfg.Topics = append(cfg.Topics, t)
	}
	return subscription.New(cfg)
}
