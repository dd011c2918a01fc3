package opentelemetry_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/subscription/opentelemetry"
	"github.com/carillon-fhir/carillon/topic"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	canary  = "canary-4711"
	patient = `{"resourceType":"Patient","id":"` + canary + `","name":[{"family":"` + canary + `"}]}`
	topics  = `{"resourceType":"SubscriptionTopic","url":"https://topics.example.org/patient","status":"active","resourceTrigger":[{"resource":"Patient"}]}`
	request = `{"resourceType":"Subscription","status":"requested","reason":"test","criteria":"https://topics.example.org/patient",
		"channel":{"type":"rest-hook","endpoint":"https://` + canary + `.example.org/` + canary + `?q=` + canary + `","header":["X-Token: ` + canary + `"],"payload":"application/fhir+json",
		"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-max-count","valuePositiveInt":10}],
		"_payload":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content","valueCode":"full-resource"}]}}}`
)

// receiver is a channel with a receiver that answers as it is told.
type receiver struct {
	mu     sync.Mutex
	answer func() error // nil: it accepts
}

func (r *receiver) answers(f func() error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = f
}

func (*receiver) Type() string                                     { return "rest-hook" }
func (*receiver) Check(context.Context, subscription.Target) error { return nil }
func (r *receiver) Send(context.Context, subscription.Target, subscription.Message) error {
	r.mu.Lock()
	answer := r.answer
	r.mu.Unlock()
	if answer == nil {
		return nil
	}
	return answer()
}

// world is an engine with everything that OpenTelemetry is told of it.
type world struct {
	*subscription.Engine
	t        *testing.T
	receiver receiver
	reader   *sdkmetric.ManualReader
	spans    *tracetest.SpanRecorder
	tracers  *sdktrace.TracerProvider
	stop     func()
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, reader: sdkmetric.NewManualReader(), spans: tracetest.NewSpanRecorder()}
	w.tracers = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(w.spans))
	observer, err := opentelemetry.New(opentelemetry.Config{
		MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(w.reader)), TracerProvider: w.tracers,
	})
	require.NoError(t, err)
	parsed, err := topic.Parse([]byte(topics))
	require.NoError(t, err)
	w.Engine, err = subscription.New(subscription.Config{
		Store: memory.New(), Channels: []subscription.Channel{&w.receiver}, Release: subscription.R4, BaseURL: "https://fhir.example.org/r4",
		Authorizer: subscription.InsecureAllowAll{}, Topics: []*topic.Topic{parsed}, Observer: observer,
		Retry: append(slices.Repeat([]time.Duration{time.Second}, 10), time.Hour, time.Hour),
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	var stopped bool
	w.stop = func() {
		if !stopped {
			stopped = true
			cancel()
			require.NoError(t, <-ended)
		}
	}
	t.Cleanup(w.stop)
	return w
}

func (w *world) subscribe() string {
	s, err := w.Create(w.t.Context(), "", json.RawMessage(request))
	require.NoError(w.t, err)
	time.Sleep(time.Second)
	return s.ID
}

func (w *world) write(ctx context.Context) {
	require.NoError(w.t, w.OnResourceChange(ctx, subscription.ResourceChange{Interaction: subscription.Create, Resource: json.RawMessage(patient)}))
}

// measured returns every metric as name{attributes} and its value: of a histogram, how many
// values it has and their sum.
func (w *world) measured() map[string]string {
	var all metricdata.ResourceMetrics
	require.NoError(w.t, w.reader.Collect(context.Background(), &all))
	values := map[string]string{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			put := func(set attribute.Set, value any) {
				values[m.Name+"{"+set.Encoded(attribute.DefaultEncoder())+"}"] = fmt.Sprint(value)
			}
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					put(p.Attributes, p.Value)
				}
			case metricdata.Gauge[int64]:
				for _, p := range data.DataPoints {
					put(p.Attributes, p.Value)
				}
			case metricdata.Gauge[float64]:
				for _, p := range data.DataPoints {
					put(p.Attributes, p.Value)
				}
			case metricdata.Histogram[int64]:
				for _, p := range data.DataPoints {
					put(p.Attributes, fmt.Sprint(p.Count, " ", p.Sum))
				}
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					put(p.Attributes, fmt.Sprint(p.Count, " ", p.Sum))
				}
			default:
				require.Fail(w.t, m.Name)
			}
		}
	}
	return values
}

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.subscribe()
		w.receiver.answers(func() error {
			time.Sleep(250 * time.Millisecond)
			return nil
		})
		w.write(t.Context())
		time.Sleep(time.Second)
		require.NoError(t, w.OnResourceChange(t.Context(), subscription.ResourceChange{Interaction: subscription.Create, Resource: json.RawMessage(`{"resourceType":"Group","id":"g"}`)}))
		require.Error(t, w.OnResourceChange(t.Context(), subscription.ResourceChange{}))
		w.receiver.answers(func() error { return errors.New(canary) })
		w.write(t.Context())
		time.Sleep(7 * time.Second)
		require.Error(t, w.OnResourceChange(t.Context(), subscription.ResourceChange{}))
		got := w.measured()
		for name, value := range map[string]string{
			"carillon.hook.duration{outcome=recorded}":                               "2 0",
			"carillon.hook.duration{outcome=ignored}":                                "1 0",
			"carillon.hook.duration{outcome=failed}":                                 "2 0",
			"carillon.changes{}":                                                     "2",
			"carillon.sequencer.duration{outcome=ok}":                                "3 0",
			"carillon.sequencer.batch{}":                                             "3 3",
			"carillon.sequencer.leases{}":                                            "1",
			"carillon.index.subscriptions{shard=0}":                                  "1",
			"carillon.events{}":                                                      "2",
			"carillon.attempts{channel=rest-hook,result=ok,type=handshake}":          "1",
			"carillon.attempts{channel=rest-hook,result=ok,type=event-notification}": "1",
			"carillon.attempt.duration{channel=rest-hook,result=ok}":                 "2 0.25",
			"carillon.delivered{channel=rest-hook}":                                  "1",
			"carillon.delivery.latency{channel=rest-hook}":                           "1 0.25",
			"carillon.breakers.open{}":                                               "1",
			"carillon.statuses{from=,reason=,to=requested}":                          "1",
			"carillon.statuses{from=requested,reason=,to=active}":                    "1",
			"carillon.lag.changes{}":                                                 "0",
			"carillon.lag.events{}":                                                  "1",
			"carillon.lag.time{stage=sequencing}":                                    "0",
			"carillon.lag.time{stage=delivery}":                                      "7",
		} {
			require.Equal(t, value, got[name], name)
		}
		time.Sleep(2 * time.Minute)
		w.receiver.answers(nil)
		time.Sleep(2 * time.Hour)
		got = w.measured()
		require.Equal(t, "0", got["carillon.breakers.open{}"])
		require.Equal(t, "0", got["carillon.lag.events{}"])
		w.stop()
		got = w.measured()
		require.Equal(t, "0", got["carillon.sequencer.leases{}"])
		require.Equal(t, "0", got["carillon.index.subscriptions{shard=0}"])
		require.NotContains(t, got, "carillon.lag.events{}", "it is another node's to tell")
		require.NotContains(t, fmt.Sprint(got), canary)
	})
}

// Each metric is in the documentation, and the other way round.
func TestMetricsAreDocumented(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.subscribe()
		w.receiver.answers(func() error { return errors.New("down") })
		w.write(t.Context())
		time.Sleep(10 * time.Second)
		w.receiver.answers(nil)
		time.Sleep(time.Hour)
		measured := map[string]bool{}
		for name := range w.measured() {
			measured[name[:strings.Index(name, "{")]] = true
		}
		documented := map[string]bool{}
		for _, match := range regexp.MustCompile(`(?m)^//\t(carillon\.[a-z.]+) `).FindAllStringSubmatch(documentation, -1) {
			documented[match[1]] = true
		}
		require.Equal(t, documented, measured)
		require.Len(t, documented, 21)
	})
}

func TestTraces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.subscribe()
		require.Empty(t, w.spans.Ended(), "a handshake is no write's")
		w.write(t.Context())
		time.Sleep(time.Second)
		require.Empty(t, w.spans.Ended(), "the write was not traced")

		host := w.tracers.Tracer("host")
		ctx, span := host.Start(t.Context(), "write")
		w.receiver.answers(func() error {
			time.Sleep(3 * time.Second)
			return nil
		})
		w.write(ctx)
		span.End()
		time.Sleep(time.Second)
		var links []string
		for range 2 { // which go together
			other, another := host.Start(t.Context(), "write")
			w.write(other)
			another.End()
			links = append(links, another.SpanContext().SpanID().String())
		}
		w.receiver.answers(func() error { return subscription.Gone(errors.New(canary)) })
		time.Sleep(10 * time.Second)
		var own, linked []sdktrace.ReadOnlySpan
		for _, s := range w.spans.Ended() {
			for _, a := range s.Attributes() {
				require.NotContains(t, a.Value.String(), canary)
			}
			require.NotContains(t, s.Status().Description, canary)
			require.Empty(t, s.Events())
			switch {
			case s.Name() == "write":
			case s.SpanContext().TraceID() == span.SpanContext().TraceID():
				own = append(own, s)
			case s.Name() == "carillon notify":
				linked = append(linked, s)
			}
		}
		require.Len(t, own, 3)
		names := []string{"carillon record", "carillon sequence", "carillon notify"}
		slices.SortFunc(own, func(a, b sdktrace.ReadOnlySpan) int { // a change may be sequenced before its hook has returned
			return cmp.Compare(slices.Index(names, a.Name()), slices.Index(names, b.Name()))
		})
		for i, name := range names {
			require.Equal(t, name, own[i].Name())
			require.Equal(t, span.SpanContext().SpanID(), own[i].Parent().SpanID())
		}
		require.Equal(t, 3*time.Second, own[2].EndTime().Sub(own[2].StartTime()))
		require.Equal(t, codes.Unset, own[2].Status().Code)
		require.Contains(t, own[2].Attributes(), attribute.String("carillon.subscription", id))
		require.Contains(t, own[2].Attributes(), attribute.String("carillon.result", "ok"))
		require.Len(t, linked, 1)
		require.False(t, linked[0].Parent().IsValid())
		var to []string
		for _, l := range linked[0].Links() {
			to = append(to, l.SpanContext.SpanID().String())
		}
		require.Equal(t, links, to)
		require.Equal(t, codes.Error, linked[0].Status().Code)
	})
}

func TestUnsampledTracesAreNotKept(t *testing.T) {
	observer, err := opentelemetry.New(opentelemetry.Config{})
	require.NoError(t, err)
	require.Empty(t, observer.TraceParent(t.Context()))
	for sampler, length := range map[sdktrace.Sampler]int{sdktrace.NeverSample(): 0, sdktrace.AlwaysSample(): 55} {
		ctx, span := sdktrace.NewTracerProvider(sdktrace.WithSampler(sampler)).Tracer("host").Start(t.Context(), "write")
		require.Len(t, observer.TraceParent(ctx), length)
		span.End()
	}
	for _, garbage := range []string{"", "00", "00-" + strings.Repeat("0", 32) + "-" + strings.Repeat("0", 16) + "-01", strings.Repeat("x", 55)} {
		observer.Observe(t.Context(), subscription.NotificationAttempted{Traces: []string{garbage}})
	}
}

func BenchmarkHookWithoutTopic(b *testing.B) {
	resource := json.RawMessage(`{"resourceType":"Observation","id":"o"}`)
	parsed, err := topic.Parse([]byte(topics))
	require.NoError(b, err)
	metered, err := opentelemetry.New(opentelemetry.Config{MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))})
	require.NoError(b, err)
	for name, observer := range map[string]subscription.Observer{"without": nil, "with metrics": metered} {
		engine, err := subscription.New(subscription.Config{
			Store: memory.New(), Channels: []subscription.Channel{new(receiver)}, Release: subscription.R4, BaseURL: "https://fhir.example.org/r4",
			Authorizer: subscription.InsecureAllowAll{}, Topics: []*topic.Topic{parsed}, Observer: observer,
		})
		require.NoError(b, err)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			ctx := b.Context()
			for b.Loop() {
				if err := engine.OnResourceChange(ctx, subscription.ResourceChange{Interaction: subscription.Create, Resource: resource}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAttempt(b *testing.B) {
	metered, err := opentelemetry.New(opentelemetry.Config{MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))})
	require.NoError(b, err)
	attempt := subscription.NotificationAttempted{Channel: "rest-hook", Type: "event-notification", Events: 1, Oldest: time.Now(), Result: subscription.ResultOK, Began: time.Now()}
	b.ReportAllocs()
	for b.Loop() {
		metered.Observe(b.Context(), attempt)
	}
}
