package opentelemetry_test

import (
	"context"
	"fmt"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/subscription/opentelemetry"
	"github.com/carillon-fhir/carillon/topic"
)

// The host brings the SDK: here one whose metrics are read by hand.
func Example() {
	reader := sdkmetric.NewManualReader()
	observer, err := opentelemetry.New(opentelemetry.Config{
		MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)),
	})
	if err != nil {
		panic(err)
	}
	patients, err := topic.Parse([]byte(topics))
	if err != nil {
		panic(err)
	}
	engine, err := subscription.New(subscription.Config{
		Release: subscription.R4, BaseURL: "https://fhir.example.org/r4", Store: memory.New(),
		Channels: []subscription.Channel{new(receiver)}, Topics: []*topic.Topic{patients},
		Authorizer: subscription.InsecureAllowAll{}, Observer: observer,
	})
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	if err := engine.OnResourceChange(ctx, subscription.ResourceChange{
		Interaction: subscription.Create, Resource: []byte(`{"resourceType":"Patient","id":"1"}`),
	}); err != nil {
		panic(err)
	}

	var all metricdata.ResourceMetrics
	if err := reader.Collect(ctx, &all); err != nil {
		panic(err)
	}
	for _, m := range all.ScopeMetrics[0].Metrics {
		if changes, ok := m.Data.(metricdata.Sum[int64]); ok && m.Name == "carillon.changes" {
			fmt.Println(m.Name, changes.DataPoints[0].Value)
		}
	}
	// Output: carillon.changes 1
}
