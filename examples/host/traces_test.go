package host

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// A request is a span of the trace that its client is in, and shows nothing of where it
// went or what it said.
func TestTraced(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	cfg := Config{TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))}
	served := cfg.Traced(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, r.Header.Get("Upgrade") == "", trace.SpanContextFromContext(r.Context()).IsValid())
		switch r.URL.Path {
		case "/fhir/Patient/canary":
			w.WriteHeader(http.StatusNotFound)
		case "/fhir/fails":
			w.WriteHeader(http.StatusInternalServerError)
		}
		require.NoError(t, http.NewResponseController(w).Flush())
	}))
	for _, test := range []struct {
		method, path, parent, upgrade string
		name                          string
		status                        int
	}{
		{"GET", "/fhir/Patient/canary?name=canary", "", "", "GET", 404},
		{"POST", "/fhir/Patient", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "", "POST", 200},
		{"PUT", "/fhir/Patient/1", "canary", "", "PUT", 200},
		{"CANARY", "/fhir/Patient/1", "", "", "_OTHER", 200},
		{"DELETE", "/fhir/fails", "", "", "DELETE", 500},
		{"GET", "/fhir/ws", "", "websocket", "", 0},
	} {
		spans.Reset()
		r := httptest.NewRequest(test.method, test.path, nil)
		r.Header.Set("Authorization", "canary")
		r.Header.Set("Traceparent", test.parent)
		if test.upgrade != "" {
			r.Header.Set("Upgrade", test.upgrade)
		}
		served.ServeHTTP(httptest.NewRecorder(), r)
		if test.name == "" {
			require.Empty(t, spans.GetSpans())
			continue
		}
		require.Len(t, spans.GetSpans(), 1)
		span := spans.GetSpans()[0]
		require.Equal(t, test.name, span.Name)
		require.Equal(t, trace.SpanKindServer, span.SpanKind)
		require.Len(t, span.Attributes, 2)
		require.EqualValues(t, test.status, span.Attributes[1].Value.AsInt64())
		require.Equal(t, test.status >= 500, span.Status.Code == codes.Error)
		require.Equal(t, len(test.parent) > 10, span.Parent.IsValid())
		if span.Parent.IsValid() {
			require.Equal(t, "0af7651916cd43dd8448eb211c80319c", span.SpanContext.TraceID().String())
		}
		for _, a := range span.Attributes {
			require.NotContains(t, a.Value.String(), "canary")
		}
	}
}

// A handler's panic goes on to who recovers it. Its text, which may hold what a client sent,
// is not in the span.
func TestTracedPanic(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	cfg := Config{TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))}
	served := cfg.Traced(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("canary") }))
	require.PanicsWithValue(t, "canary", func() {
		served.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/fhir/Patient/1", nil))
	})
	require.Len(t, spans.GetSpans(), 1)
	span := spans.GetSpans()[0]
	require.Equal(t, codes.Error, span.Status.Code)
	require.Empty(t, span.Status.Description)
	require.Empty(t, span.Events)
}

// Without a TracerProvider nothing stands between a request and its handler.
func TestNotTraced(t *testing.T) {
	handler := http.NewServeMux()
	require.Same(t, handler, Config{}.Traced(handler))
}
