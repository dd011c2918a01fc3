// Command tracing is examples/server with traces, which go to a collector over OTLP: from a
// request to every notification about what it has changed, across all nodes.
//
//	docker run -p 16686:16686 -p 4318:4318 jaegertracing/jaeger
//	OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 go run . -allow-private
//
// OpenTelemetry's own variables say where traces go and how: OTEL_EXPORTER_OTLP_ENDPOINT or
// OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, _HEADERS, _CERTIFICATE, _TIMEOUT; OTEL_TRACES_SAMPLER,
// OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES. The protocol is http/protobuf. Without an
// endpoint there are no traces. The flags are those of examples/server; -node is the trace's
// service.instance.id.
//
// It is a module of its own, so that no host has the exporter's libraries for it.
package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/carillon-fhir/carillon/examples/host"
	"github.com/carillon-fhir/carillon/examples/server/fhirserver"
)

func main() { host.Main(run) }

// run serves until ctx ends, and then sends the spans that are left.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	cfg, addr, err := fhirserver.ParseFlags("tracing", args, stderr)
	if err != nil {
		return err
	}
	provider, err := openTraces(ctx, cfg.Node, cfg.Logger)
	if err != nil {
		return err
	}
	if provider != nil {
		cfg.TracerProvider = provider
		defer func() {
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			if provider.Shutdown(last) != nil {
				cfg.Logger.Warn("the last spans could not be sent")
			}
		}()
	}
	return fhirserver.ListenAndServe(ctx, addr, stdout, cfg)
}

// openTraces makes what sends spans in the background, as the environment says; nil if it
// says nothing. A collector that is down holds nobody up: spans are dropped.
func openTraces(ctx context.Context, node string, logger *slog.Logger) (*sdktrace.TracerProvider, error) {
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" {
		return nil, nil
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) { // whose text has the collector's address
		logger.Warn("spans could not be sent")
	}))
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, errors.New("tracing: the variables OTEL_EXPORTER_OTLP_… can't be understood")
	}
	attributes := []attribute.KeyValue{attribute.String("service.name", "carillon")}
	if node != "" {
		attributes = append(attributes, attribute.String("service.instance.id", node))
	}
	// What the environment says of the resource comes last, and counts.
	about, err := resource.New(ctx, resource.WithAttributes(attributes...), resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, errors.New("tracing: OTEL_RESOURCE_ATTRIBUTES can't be understood")
	}
	return sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about)), nil
}
