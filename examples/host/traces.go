package host

import (
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Traced returns a handler with a span for each request, in the client's own trace if it
// tells of one (W3C Trace Context): what the engine records under it becomes a part of that.
// A span tells the method and the status, and nothing of the URL. Without a TracerProvider
// it is the handler itself.
func (c Config) Traced(next http.Handler) http.Handler {
	if c.TracerProvider == nil {
		return next
	}
	tracer := c.TracerProvider.Tracer("github.com/carillon-fhir/carillon/examples/host")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" { // a websocket lasts longer than anybody wants to look at
			next.ServeHTTP(w, r)
			return
		}
		ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		method := methodOf(r)
		ctx, span := tracer.Start(ctx, method, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attribute.String("http.request.method", method)))
		answered := false
		defer func() { // deferred itself, End would write a panic's text into the span, which may hold what a client sent
			if !answered {
				span.SetStatus(codes.Error, "")
			}
			span.End()
		}()
		answer := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(answer, r.WithContext(ctx))
		answered = true
		span.SetAttributes(attribute.Int("http.response.status_code", answer.status))
		if answer.status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
	})
}

// methodOf is the request's method, unless the client has made it up.
func methodOf(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "_OTHER" // as OpenTelemetry's conventions have it
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
