// Package opentelemetry tells OpenTelemetry what a subscription engine does: metrics that
// show how it fares, and traces from a write of the host to every notification about it.
//
//	observer, err := opentelemetry.New(opentelemetry.Config{
//		MeterProvider: meterProvider, TracerProvider: tracerProvider,
//	})
//	engine, err := subscription.New(subscription.Config{Observer: observer, …})
//
// It needs the API of OpenTelemetry only. Which SDK and which exporter there are is the
// host's choice: examples/server has Prometheus.
//
// # Metrics
//
// The names are stable. With Prometheus's exporter, dots become underscores, and units and
// _total are appended: carillon_attempt_duration_seconds, carillon_events_total.
//
//	carillon.hook.duration        s       histogram  outcome
//	carillon.changes              1       counter    changes that were recorded
//	carillon.sequencer.duration   s       histogram  outcome; one commit
//	carillon.sequencer.batch      1       histogram  changes in one commit
//	carillon.sequencer.delay      s       histogram  from the oldest change of a batch to its commit
//	carillon.sequencer.leases     1       gauge      shards that this node sequences
//	carillon.index.subscriptions  1       gauge      shard; those that this node has in its index
//	carillon.events               1       counter    events that were numbered
//	carillon.attempts             1       counter    channel, type, result
//	carillon.attempt.duration     s       histogram  channel, result
//	carillon.delivered            1       counter    channel; events in notifications that arrived
//	carillon.delivery.latency     s       histogram  channel; from the change to the end of the attempt by which it arrived
//	carillon.claims               1       counter    Subscriptions that were claimed
//	carillon.claim.duration       s       histogram  outcome; one question to the store
//	carillon.claims.active        1       gauge      those that this node works on
//	carillon.breakers.open        1       gauge      hosts to which attempts are held back, on this node
//	carillon.statuses             1       counter    from, to, reason
//	carillon.pruned               1       counter    events, changes and tokens that were removed
//	carillon.lag.changes          1       gauge      recorded, and not sequenced
//	carillon.lag.events           1       gauge      numbered, and not delivered, of Subscriptions that are requested or active
//	carillon.lag.time             s       gauge      stage (sequencing, delivery); age of the oldest of these
//
// The three of lag are of the whole store, and only the node that sequences its first shard
// has them. Labels are few: outcome is recorded, ignored or failed for hooks, else ok or
// failed; the others are codes of the engine's. There is no tenant, no Subscription and no
// topic among them.
//
// Histograms of seconds carry the advice for buckets from 0.1 ms to 10 s, those of delays
// and latencies from 1 ms to 72 h, as long as an endpoint may be down. A view of the SDK
// overrides that.
//
// # Traces
//
// Where the context of OnResourceChange is part of a trace that is sampled, the change log
// keeps the trace's name, on whichever node it is read. There are three spans: "carillon
// record" is a child of the host's own, if a topic was triggered; "carillon sequence" and
// "carillon notify" are its children as well if they are about one trace, and begin a trace
// of their own with links if they are about several. They have the attributes
// carillon.tenant, carillon.subscription, carillon.topic, carillon.channel, carillon.type,
// carillon.result and carillon.events. Subscribers are sent nothing of it: the header
// traceparent would tell strangers which notifications belong together.
//
// # Cost
//
// A hook that no topic is concerned by costs about half a microsecond more than without an
// Observer, with the SDK's meter: two clock readings, an allocation and a histogram.
package opentelemetry
