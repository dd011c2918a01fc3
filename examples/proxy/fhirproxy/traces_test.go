package fhirproxy

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// What a client writes through the proxy is recorded in the client's own trace.
func TestTraced(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	s := before(t, (&fake{}).start(t), func(c *Config) { c.TracerProvider = sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)) })
	answer := s.send(http.MethodPut, "/Patient/p", patient("p", 1), "Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	require.Equal(t, http.StatusCreated, answer.status, answer.body)
	var names []string
	for _, span := range spans.GetSpans() {
		require.Equal(t, "0af7651916cd43dd8448eb211c80319c", span.SpanContext.TraceID().String(), span.Name)
		names = append(names, span.Name)
	}
	require.Equal(t, []string{"carillon record", "PUT"}, names)
}
