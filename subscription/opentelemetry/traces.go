package opentelemetry

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/carillon-fhir/carillon/subscription"
)

// parentHeader is what TraceParent is called on the wire.
const parentHeader = "traceparent"

// TraceParent implements subscription.Tracer. A trace that is not sampled is not followed.
func (o *Observer) TraceParent(ctx context.Context) string {
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier.Get(parentHeader)
}

// trace makes the spans of what was observed. They are made when they have ended.
func (o *Observer) trace(ctx context.Context, observed subscription.Observation) {
	switch observed := observed.(type) {
	case subscription.HookCalled:
		if observed.Recorded == 0 || !trace.SpanContextFromContext(ctx).IsSampled() {
			return
		}
		o.span(ctx, "carillon record", trace.SpanKindProducer, observed.Began, observed.Duration, observed.Err != nil, nil,
			attribute.Int("carillon.changes", observed.Recorded))
	case subscription.BatchSequenced:
		ctx, links, ok := follow(observed.Traces)
		if !ok {
			return
		}
		o.span(ctx, "carillon sequence", trace.SpanKindInternal, observed.Began, observed.Duration, observed.Err != nil, links,
			attribute.Int("carillon.changes", observed.Changes), attribute.Int("carillon.events", observed.Events), attribute.Int("carillon.shard", observed.Shard))
	case subscription.NotificationAttempted:
		ctx, links, ok := follow(observed.Traces)
		if !ok {
			return
		}
		o.span(ctx, "carillon notify", trace.SpanKindClient, observed.Began, observed.Duration, observed.Result != subscription.ResultOK, links,
			attribute.String("carillon.tenant", observed.Tenant), attribute.String("carillon.subscription", observed.Subscription),
			attribute.String("carillon.topic", observed.Topic), attribute.String("carillon.channel", observed.Channel),
			attribute.String("carillon.type", string(observed.Type)), attribute.String("carillon.result", string(observed.Result)),
			attribute.Int("carillon.events", observed.Events), attribute.Int("carillon.attempt", observed.Attempt))
	}
}

func (o *Observer) span(ctx context.Context, name string, kind trace.SpanKind, began time.Time, took time.Duration, failed bool, links []trace.Link, attributes ...attribute.KeyValue) {
	_, span := o.tracer.Start(ctx, name, trace.WithTimestamp(began), trace.WithSpanKind(kind), trace.WithLinks(links...), trace.WithAttributes(attributes...))
	if failed {
		span.SetStatus(codes.Error, "") // texts of errors are for the log
	}
	span.End(trace.WithTimestamp(began.Add(took)))
}

// follow returns a context that is part of a trace, if there is one, or links to all if
// there are several. The context ends never, and holds nothing else.
func follow(traces []string) (ctx context.Context, links []trace.Link, ok bool) {
	ctx = context.Background()
	var contexts []trace.SpanContext
	for _, parent := range traces {
		remote := propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{parentHeader: parent})
		if sc := trace.SpanContextFromContext(remote); sc.IsValid() {
			contexts = append(contexts, sc)
		}
	}
	switch len(contexts) {
	case 0:
		return ctx, nil, false
	case 1:
		return trace.ContextWithRemoteSpanContext(ctx, contexts[0]), nil, true
	}
	for _, sc := range contexts {
		links = append(links, trace.Link{SpanContext: sc})
	}
	return ctx, links, true
}
