package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/carillon-fhir/carillon/examples/server/fhirserver"
	"github.com/carillon-fhir/carillon/examples/server/topics"
	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/postgrestest"
	"github.com/carillon-fhir/carillon/notification"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	base    = "http://fhir.test/fhir"
	traceID = "0af7651916cd43dd8448eb211c80319c"
)

// retry is a schedule that does not end while a test runs.
var retry = slices.Repeat([]time.Duration{50 * time.Millisecond}, 1000)

// config is that of a node over a store.
func config(t *testing.T, store, node string) (cfg fhirserver.Config) {
	shipped, err := topics.Shipped(fhirpath.R4)
	require.NoError(t, err)
	cfg.BaseURL, cfg.Store, cfg.Node, cfg.Topics, cfg.AllowPrivate, cfg.Retry = base, store, node, shipped, true, retry
	cfg.Logger = slog.New(slog.DiscardHandler)
	return cfg
}

// open opens a node, and runs it until stop is called if it is to run.
func open(t *testing.T, cfg fhirserver.Config, runs bool) (node *fhirserver.Server, stop func()) {
	node, err := fhirserver.Open(t.Context(), cfg)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	if runs {
		ended.Go(func() { require.NoError(t, node.Run(ctx)) })
	}
	return node, sync.OnceFunc(func() {
		cancel()
		ended.Wait()
		require.NoError(t, node.Close())
	})
}

// post creates a resource on a node, within the client's trace.
func post(t *testing.T, node *fhirserver.Server, resourceType, body, parent string) {
	r := httptest.NewRequest(http.MethodPost, base+"/"+resourceType, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/fhir+json")
	r.Header.Set("Traceparent", parent)
	w := httptest.NewRecorder()
	node.Handler().ServeHTTP(w, r)
	require.Equal(t, http.StatusCreated, w.Code, w.Body)
}

// subscriber takes handshakes, and events when it is told to.
type subscriber struct {
	*httptest.Server
	takes            atomic.Bool
	refused, arrived chan struct{}
	headers          atomic.Pointer[http.Header]
}

func newSubscriber(t *testing.T) *subscriber {
	s := &subscriber{refused: make(chan struct{}, 1), arrived: make(chan struct{}, 1)}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		n, err := notification.Parse(body)
		if err != nil || n.Type != notification.EventNotification {
			return
		}
		told := s.arrived
		if !s.takes.Load() {
			told = s.refused
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		s.headers.Store(&r.Header)
		select {
		case told <- struct{}{}:
		default:
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// subscription asks for the events about Patients.
func (s *subscriber) subscription() string {
	return `{"resourceType":"Subscription","status":"requested","reason":"test",
		"criteria":"https://carillon-fhir.github.io/topics/patient-change",
		"channel":{"type":"rest-hook","endpoint":"` + s.URL + `/canary?canary=1","header":["X-Secret: canary"],"payload":"application/fhir+json",
		"_payload":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content","valueCode":"full-resource"}]}}}`
}

const patient = `{"resourceType":"Patient","name":[{"family":"canary"}]}`

func wait(t *testing.T, c chan struct{}) {
	select {
	case <-c:
	case <-time.After(time.Minute):
		t.Fatal("it did not happen")
	}
}

// While nodes are replaced one by one, the trace of a write goes on: it is recorded on one
// node, numbered by another that knows nothing of traces and whose attempt fails, and
// delivered by a third.
func TestOneTraceAcrossNodes(t *testing.T) {
	store := "postgres:" + postgrestest.DSN(t)
	collector, hook := newCollector(t), newSubscriber(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)

	old, stopOld := open(t, config(t, store, "old"), true)
	defer stopOld()
	post(t, old, "Subscription", hook.subscription(), "")

	traces, err := openTraces(t.Context(), "writer", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	cfg := config(t, store, "writer")
	cfg.TracerProvider = traces
	writer, stopWriter := open(t, cfg, false)
	defer stopWriter()
	post(t, writer, "Patient", patient, "00-"+traceID+"-b7ad6b7169203331-01")
	wait(t, hook.refused)
	stopOld()
	hook.takes.Store(true)

	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"-addr", "127.0.0.1:0", "-base-url", base, "-store", store, "-node", "new", "-allow-private", "-retry", "50ms,50ms,50ms,50ms"}, io.Discard, io.Discard)
	}()
	wait(t, hook.arrived)
	stop()
	require.NoError(t, <-ended)
	stopWriter()
	require.NoError(t, traces.Shutdown(t.Context()))

	spans := collector.trace(traceID)
	require.Equal(t, []string{"POST by writer", "carillon notify by new", "carillon record by writer"}, slices.Sorted(maps.Keys(spans)), "and nobody else has a part in it")
	require.Equal(t, "b7ad6b7169203331", spans["POST by writer"].parent, "the client's")
	require.Equal(t, spans["POST by writer"].id, spans["carillon record by writer"].parent)
	require.Equal(t, spans["carillon record by writer"].parent, spans["carillon notify by new"].parent)
	require.NotContains(t, collector.all(), "canary", "of resources, endpoints and headers nothing is told")
	require.Empty(t, hook.headers.Load().Get("Traceparent"), "nor are subscribers told of traces")
}

// One process is all that a trace needs.
func TestOneTraceOfOneNode(t *testing.T) {
	collector, hook := newCollector(t), newSubscriber(t)
	hook.takes.Store(true)
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", collector.URL+"/v1/traces")
	t.Setenv("OTEL_SERVICE_NAME", "ward 7")
	traces, err := openTraces(t.Context(), "", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	cfg := config(t, "memory", "")
	cfg.TracerProvider = traces
	node, stop := open(t, cfg, true)
	defer stop()
	post(t, node, "Subscription", hook.subscription(), "")
	post(t, node, "Patient", patient, "00-"+traceID+"-b7ad6b7169203331-01")
	wait(t, hook.arrived)
	stop()
	require.NoError(t, traces.Shutdown(t.Context()))
	spans := collector.trace(traceID)
	for _, name := range []string{"POST", "carillon record", "carillon sequence", "carillon notify"} {
		require.Contains(t, spans, name+" by ")
	}
	require.Len(t, spans, 4)
	require.Equal(t, "ward 7", spans["POST by "].service)
}

// Without an endpoint there are no traces, and the flags are those of the server.
func TestTracesAreAskedFor(t *testing.T) {
	traces, err := openTraces(t.Context(), "", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.Nil(t, traces)
	require.Error(t, run(t.Context(), []string{"-no-such-flag"}, io.Discard, io.Discard))
}

// A collector that is not there holds nobody up, and the log does not say where it is.
func TestWithoutACollector(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	hook := newSubscriber(t)
	hook.takes.Store(true)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", gone.URL+"/canary")
	t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "50")
	var log bytes.Buffer
	traces, err := openTraces(t.Context(), "", slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, err)
	cfg := config(t, "memory", "")
	cfg.TracerProvider = traces
	node, stop := open(t, cfg, true)
	defer stop()
	post(t, node, "Subscription", hook.subscription(), "")
	post(t, node, "Patient", patient, "")
	wait(t, hook.arrived)
	stop()
	err = traces.Shutdown(t.Context())
	require.True(t, err != nil || strings.Contains(log.String(), "spans could not be sent"), "the one or the other tells")
	require.NotContains(t, log.String(), "canary")
	require.NotContains(t, log.String(), "127.0.0.1")
}
