package opentelemetry

import (
	"context"

	"go.opentelemetry.io/otel/metric"
	noopmetric "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"
	nooptrace "go.opentelemetry.io/otel/trace/noop"

	"github.com/carillon-fhir/carillon/subscription"
)

// scope is the instrumentation scope of all that is told.
const scope = "github.com/carillon-fhir/carillon/subscription"

// Config is what an Observer tells. The zero value tells nothing.
type Config struct {
	MeterProvider  metric.MeterProvider // nil: no metrics
	TracerProvider trace.TracerProvider // nil: no traces
}

// Observer is a subscription.Observer and a subscription.Tracer. It is one engine's: the
// gauges of two would overwrite each other.
type Observer struct {
	metrics metrics
	tracer  trace.Tracer
}

// New makes an Observer. It fails if the meter does.
func New(cfg Config) (*Observer, error) {
	if cfg.MeterProvider == nil {
		cfg.MeterProvider = noopmetric.NewMeterProvider()
	}
	if cfg.TracerProvider == nil {
		cfg.TracerProvider = nooptrace.NewTracerProvider()
	}
	o := &Observer{tracer: cfg.TracerProvider.Tracer(scope)}
	if err := o.metrics.make(cfg.MeterProvider.Meter(scope)); err != nil {
		return nil, err
	}
	return o, nil
}

// Observe implements subscription.Observer.
func (o *Observer) Observe(ctx context.Context, observed subscription.Observation) {
	o.metrics.observe(ctx, observed)
	o.trace(ctx, observed)
}
