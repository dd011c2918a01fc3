package host

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"

	"github.com/carillon-fhir/carillon/subscription/opentelemetry"
)

// MetricsPath is where Prometheus asks, beside the base.
const MetricsPath = "/metrics"

// OpenMetrics makes the engine's Observer and what shows its metrics, in a registry of
// their own: two servers in one process share nothing.
func OpenMetrics() (*opentelemetry.Observer, http.Handler, error) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	reader, err := exporter.New(exporter.WithRegisterer(registry), exporter.WithoutScopeInfo(), exporter.WithoutTargetInfo())
	if err != nil {
		return nil, nil, err
	}
	observer, err := opentelemetry.New(opentelemetry.Config{MeterProvider: metric.NewMeterProvider(metric.WithReader(reader))})
	return observer, promhttp.HandlerFor(registry, promhttp.HandlerOpts{}), err
}
