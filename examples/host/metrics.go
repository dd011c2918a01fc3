package host

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"

	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/subscription/opentelemetry"
)

// MetricsPath is where Prometheus asks, beside the base.
const MetricsPath = "/metrics"

// observer makes the engine's Observer, nil if there are neither metrics nor traces, and
// what shows its metrics, in a registry of their own: two servers in one process share
// nothing.
func (c Config) observer() (subscription.Observer, http.Handler, error) {
	config := opentelemetry.Config{TracerProvider: c.TracerProvider}
	var shown http.Handler
	if c.Metrics {
		registry := prometheus.NewRegistry()
		registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
		reader, err := exporter.New(exporter.WithRegisterer(registry), exporter.WithoutScopeInfo(), exporter.WithoutTargetInfo())
		if err != nil {
			return nil, nil, err
		}
		config.MeterProvider, shown = metric.NewMeterProvider(metric.WithReader(reader)), promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	} else if c.TracerProvider == nil {
		return nil, nil, nil
	}
	observer, err := opentelemetry.New(config)
	return observer, shown, err
}
