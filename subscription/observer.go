package subscription

import (
	"context"
	"time"

	"github.com/carillon-fhir/carillon/notification"
)

// Observer is told what the engine does, for metrics, traces and displays; package
// opentelemetry is one. Observe is called in the midst of the work, from several
// goroutines at once: it returns quickly, keeps no slice of what it is given, and calls no
// method of the Engine. A panic of it is caught and logged; it must not end the goroutine
// (runtime.Goexit), with which the engine would stop.
//
// What is observed holds nothing of resources, not even their ids, and no addresses, URLs
// or header values. Tenants and ids of Subscriptions are in it, for displays; as labels of
// metrics they would be too many.
type Observer interface {
	// Observe is told of one Observation.
	Observe(ctx context.Context, o Observation)
}

// Observers is an Observer that tells each of several. As a Tracer it asks the first of
// them that is one.
type Observers []Observer

// Observe tells all of them, in their order.
func (all Observers) Observe(ctx context.Context, o Observation) {
	for _, one := range all {
		one.Observe(ctx, o)
	}
}

// TraceParent returns that of the first Tracer among them that has one.
func (all Observers) TraceParent(ctx context.Context) string {
	for _, one := range all {
		if tracer, ok := one.(Tracer); ok {
			return tracer.TraceParent(ctx)
		}
	}
	return ""
}

// Tracer is an Observer that follows traces from a write of the host to the notifications
// about it.
type Tracer interface {
	Observer

	// TraceParent names the trace of which ctx is a part, as the header traceparent of W3C
	// Trace Context does; "" for none. The engine keeps it with what is recorded under ctx,
	// reads nothing out of it, and gives it back in the Traces of what is observed later,
	// on whichever node. It is not sent to subscribers. Longer than 64 bytes it is not kept.
	TraceParent(ctx context.Context) string
}

// Observation is one of the types below. More may come: a switch over them needs no
// default, but must not take all others for the last one.
type Observation interface{ observation() }

// HookCalled: OnResourceChange, OnEvent or one of their Tx forms is about to return. Its
// context is the host's.
type HookCalled struct {
	Began    time.Time     // when the hook was called, by this node's clock
	Duration time.Duration // how long the hook took, the store included
	Changes  int           // that the host told of
	Recorded int           // of them, in the change log: some topic was triggered, or may have been
	Err      error         // nothing was recorded, or with a failing store, perhaps all
}

// BatchSequenced: changes from the log have been matched with Subscriptions, and their
// events were numbered and committed, or that failed and will be tried again. Those before
// the change about which the host gave no answer are committed, and observed, before that.
type BatchSequenced struct {
	Shard, Shards int           // from 0, and of how many
	Began         time.Time     // before the log was read
	Duration      time.Duration // until the batch was committed, or failed
	Changes       int           // those of Subscriptions included
	Events        int           // of all Subscriptions
	Oldest        time.Time     // when the oldest of the changes of resources happened; zero: there is none
	Subscriptions int           // that the shard knows after it
	Traces        []string      // that the changes are part of, each once, the first 64; see Tracer
	Failures      int           // tries in a row that have failed, this one included; 0 if Err is nil
	Err           error         // why it failed; nil: it is committed
}

// DeliveriesClaimed: this node has asked the store for work.
type DeliveriesClaimed struct {
	Began    time.Time     // when the store was asked
	Duration time.Duration // how long it took to answer
	Claims   int           // Subscriptions for which something is due
	InHand   int           // those that this node works on now, these included
	Err      error         // of the store; nil: it has answered
}

// NotificationAttempted: an attempt to notify has ended, or a Session's delivery has been
// confirmed or never will be. Each attempt is observed once, and has one record in the log.
type NotificationAttempted struct {
	Tenant       string               // "" for a host without tenants
	Subscription string               // its id
	Topic        string               // canonical; "" for a classic Subscription
	Channel      string               // its type
	Type         notification.Type    // what kind of notification it was
	Content      notification.Content // the payload level
	Events       int                  // in the notification
	Oldest       time.Time            // when the first of them happened; zero: there is none
	Resent       bool                 // by Resend: its events had been delivered before
	Attempt      int                  // 1 for the first
	Result       Result               // what came of it
	Began        time.Time            // when the attempt began
	Duration     time.Duration        // of the Channel's Send, and what surrounds it; of a Session's delivery, until it was confirmed
	Traces       []string             // as BatchSequenced has them
	Err          error                // of the Channel; nil if Result is ResultOK or ResultCut
}

// Result is what came of an attempt.
type Result string

// The results. All but ResultOK and ResultCut are failures, by their Class.
const (
	ResultOK           Result = "ok"
	ResultTransient    Result = "transient"
	ResultRetryAfter   Result = "retry-after" // transient, and the endpoint says when to come again
	ResultPermanent    Result = "permanent"
	ResultGone         Result = "gone"
	ResultNotConnected Result = "not-connected"
	ResultCut          Result = "cut" // it was given up: Run has ended, the Subscription was written, or its connection was lost
)

// BreakerChanged: this node begins to hold attempts to a host back, or no longer does.
type BreakerChanged struct {
	Tenant string // whose Subscriptions send to the host, which is not named
	Open   bool   // they are held back, but for a probe now and then
	Broken int    // hosts to which they are held back, of all tenants
}

// StatusChanged: a Subscription's status is another one, as this node has stored it.
type StatusChanged struct {
	Tenant       string // "" for a host without tenants
	Subscription string // its id
	From, To     Status // "" before it was created, and after it was deleted
	Reason       string // a code of the engine's, as in StatusUpdate.Error
}

// LeaseChanged: this node begins to sequence a shard, or no longer does. SetTopics makes
// it end and begin anew.
type LeaseChanged struct {
	Shard, Shards int  // from 0, and of how many
	Held          bool // it begins; false: it no longer does
	Subscriptions int  // that the shard has; 0 if it is not Held
}

// Pruned: what is older than the retention was removed, or a part of it.
type Pruned struct {
	Began    time.Time     // when the store was asked
	Duration time.Duration // how long that took
	Removed  int           // events, changes and tokens
	Err      error         // of the store; nil: it has answered
}

func (HookCalled) observation()            {}
func (BatchSequenced) observation()        {}
func (DeliveriesClaimed) observation()     {}
func (NotificationAttempted) observation() {}
func (BreakerChanged) observation()        {}
func (StatusChanged) observation()         {}
func (LeaseChanged) observation()          {}
func (Pruned) observation()                {}
