package opentelemetry

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/carillon-fhir/carillon/subscription"
)

// metrics are the instruments; doc.go says what each is.
type metrics struct {
	hookDuration     metric.Float64Histogram
	changes          metric.Int64Counter
	batchDuration    metric.Float64Histogram
	batch            metric.Int64Histogram
	batchDelay       metric.Float64Histogram
	leases           metric.Int64UpDownCounter
	subscriptions    metric.Int64Gauge
	events           metric.Int64Counter
	attempts         metric.Int64Counter
	attemptDuration  metric.Float64Histogram
	delivered        metric.Int64Counter
	deliveryLatency  metric.Float64Histogram
	claims           metric.Int64Counter
	claimDuration    metric.Float64Histogram
	claimsActive     metric.Int64Gauge
	breakers         metric.Int64Gauge
	statuses         metric.Int64Counter
	pruned           metric.Int64Counter
	backlog          atomic.Pointer[subscription.BacklogMeasured] // nil: not yet measured
	measures         atomic.Bool                                  // it is this node that measures it
	recorded         []metric.RecordOption
	ignored, ok, bad []metric.RecordOption
}

// quick and slow are the advised boundaries of histograms, in seconds.
var (
	quick = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
	slow  = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 4 * 3600, 24 * 3600, 72 * 3600}
)

// outcome are the options of a measurement that has only this attribute.
func outcome(name string) []metric.RecordOption {
	return []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(attribute.String("outcome", name)))}
}

func (m *metrics) make(meter metric.Meter) error {
	m.recorded, m.ignored, m.ok, m.bad = outcome("recorded"), outcome("ignored"), outcome("ok"), outcome("failed")
	var errs []error
	seconds := func(name, description string, boundaries []float64) metric.Float64Histogram {
		h, err := meter.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(description), metric.WithExplicitBucketBoundaries(boundaries...))
		errs = append(errs, err)
		return h
	}
	counter := func(name, description string) metric.Int64Counter {
		c, err := meter.Int64Counter(name, metric.WithDescription(description))
		errs = append(errs, err)
		return c
	}
	gauge := func(name, description string) metric.Int64Gauge {
		g, err := meter.Int64Gauge(name, metric.WithDescription(description))
		errs = append(errs, err)
		return g
	}
	var err error
	m.hookDuration = seconds("carillon.hook.duration", "Time that a write of the host spends in the hook.", quick)
	m.changes = counter("carillon.changes", "Changes that were recorded.")
	m.batchDuration = seconds("carillon.sequencer.duration", "Time that it takes to match a batch of changes and to commit its events.", quick)
	m.batch, err = meter.Int64Histogram("carillon.sequencer.batch", metric.WithDescription("Changes in a batch."), metric.WithExplicitBucketBoundaries(1, 2, 4, 8, 16, 32, 64, 128, 256))
	errs = append(errs, err)
	m.batchDelay = seconds("carillon.sequencer.delay", "Time from the oldest change of a batch to the commit of its events.", slow)
	m.leases, err = meter.Int64UpDownCounter("carillon.sequencer.leases", metric.WithDescription("Shards that this node sequences."))
	errs = append(errs, err)
	m.subscriptions = gauge("carillon.index.subscriptions", "Subscriptions in this node's index.")
	m.events = counter("carillon.events", "Events that were numbered.")
	m.attempts = counter("carillon.attempts", "Attempts to notify.")
	m.attemptDuration = seconds("carillon.attempt.duration", "Time that an attempt to notify takes.", quick)
	m.delivered = counter("carillon.delivered", "Events in notifications that have arrived.")
	m.deliveryLatency = seconds("carillon.delivery.latency", "Time from a change to the end of the attempt by which it arrived.", slow)
	m.claims = counter("carillon.claims", "Subscriptions that were claimed because something is due for them.")
	m.claimDuration = seconds("carillon.claim.duration", "Time that the store takes to say what is due.", quick)
	m.claimsActive = gauge("carillon.claims.active", "Claimed Subscriptions that this node works on.")
	m.breakers = gauge("carillon.breakers.open", "Hosts to which attempts are held back.")
	m.statuses = counter("carillon.statuses", "Changes of the status of Subscriptions.")
	m.pruned = counter("carillon.pruned", "Events, changes and tokens that were removed because they are older than the retention.")
	if err := errors.Join(append(errs, m.lag(meter))...); err != nil {
		return err
	}
	m.begin(context.Background())
	return nil
}

// begin makes what has no attributes be there from the start, lest the first of it be
// taken for none.
func (m *metrics) begin(ctx context.Context) {
	for _, counter := range []metric.Int64Counter{m.changes, m.events, m.claims, m.pruned} {
		counter.Add(ctx, 0)
	}
	m.leases.Add(ctx, 0)
	m.breakers.Record(ctx, 0)
}

// lag makes the gauges of what waits. Their ages go on between two measurements.
func (m *metrics) lag(meter metric.Meter) error {
	changes, err1 := meter.Int64ObservableGauge("carillon.lag.changes", metric.WithDescription("Changes that were recorded and not sequenced."))
	events, err2 := meter.Int64ObservableGauge("carillon.lag.events", metric.WithDescription("Events that were numbered and not delivered, of Subscriptions that are requested or active."))
	age, err3 := meter.Float64ObservableGauge("carillon.lag.time", metric.WithUnit("s"), metric.WithDescription("Age of the oldest change that is not sequenced, or not delivered."))
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	_, err := meter.RegisterCallback(func(_ context.Context, to metric.Observer) error {
		b := m.backlog.Load()
		if b == nil || !m.measures.Load() {
			return nil
		}
		since := func(oldest time.Time) float64 {
			if oldest.IsZero() {
				return 0
			}
			return max(time.Since(oldest).Seconds(), 0)
		}
		to.ObserveInt64(changes, b.Changes)
		to.ObserveInt64(events, b.Events)
		to.ObserveFloat64(age, since(b.OldestChange), metric.WithAttributes(attribute.String("stage", "sequencing")))
		to.ObserveFloat64(age, since(b.OldestEvent), metric.WithAttributes(attribute.String("stage", "delivery")))
		return nil
	}, changes, events, age)
	return err
}

func (m *metrics) observe(ctx context.Context, observed subscription.Observation) {
	switch o := observed.(type) {
	case subscription.HookCalled:
		options := m.ignored
		switch {
		case o.Err != nil:
			options = m.bad
		case o.Recorded > 0:
			options = m.recorded
			m.changes.Add(ctx, int64(o.Recorded))
		}
		m.hookDuration.Record(ctx, o.Duration.Seconds(), options...)
	case subscription.BatchSequenced:
		m.batchDuration.Record(ctx, o.Duration.Seconds(), m.outcomeOf(o.Err)...)
		if o.Err != nil {
			return
		}
		m.batch.Record(ctx, int64(o.Changes))
		m.events.Add(ctx, int64(o.Events))
		m.subscriptions.Record(ctx, int64(o.Subscriptions), shard(o.Shard))
		if !o.Oldest.IsZero() {
			m.batchDelay.Record(ctx, max(o.Began.Add(o.Duration).Sub(o.Oldest).Seconds(), 0))
		}
	case subscription.NotificationAttempted:
		m.attempted(ctx, &o)
	case subscription.DeliveriesClaimed:
		m.claims.Add(ctx, int64(o.Claims))
		m.claimDuration.Record(ctx, o.Duration.Seconds(), m.outcomeOf(o.Err)...)
		m.claimsActive.Record(ctx, int64(o.InHand))
	case subscription.BreakerChanged:
		m.breakers.Record(ctx, int64(o.Broken))
	case subscription.StatusChanged:
		m.statuses.Add(ctx, 1, metric.WithAttributes(
			attribute.String("from", string(o.From)), attribute.String("to", string(o.To)), attribute.String("reason", o.Reason)))
	case subscription.LeaseChanged:
		change := int64(-1)
		if o.Held {
			change = 1
		}
		if o.Shard == 0 {
			m.measures.Store(o.Held)
		}
		m.leases.Add(ctx, change)
		m.subscriptions.Record(ctx, int64(o.Subscriptions), shard(o.Shard))
	case subscription.Pruned:
		m.pruned.Add(ctx, int64(o.Removed))
	case subscription.BacklogMeasured:
		m.backlog.Store(&o)
	}
}

func (m *metrics) attempted(ctx context.Context, o *subscription.NotificationAttempted) {
	channel, result := attribute.String("channel", o.Channel), attribute.String("result", string(o.Result))
	m.attempts.Add(ctx, 1, metric.WithAttributes(channel, attribute.String("type", string(o.Type)), result))
	m.attemptDuration.Record(ctx, o.Duration.Seconds(), metric.WithAttributes(channel, result))
	if o.Result != subscription.ResultOK || o.Events == 0 {
		return
	}
	m.delivered.Add(ctx, int64(o.Events), metric.WithAttributes(channel))
	if !o.Resent {
		m.deliveryLatency.Record(ctx, max(o.Began.Add(o.Duration).Sub(o.Oldest).Seconds(), 0), metric.WithAttributes(channel))
	}
}

func (m *metrics) outcomeOf(err error) []metric.RecordOption {
	if err != nil {
		return m.bad
	}
	return m.ok
}

func shard(n int) metric.MeasurementOption {
	return metric.WithAttributes(attribute.String("shard", strconv.Itoa(n)))
}
