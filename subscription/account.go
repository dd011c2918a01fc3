package subscription

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/carillon-fhir/carillon/notification"
)

// observe tells the Observer. Where it happens often, callers ask first whether there is
// one.
func (e *Engine) observe(ctx context.Context, o Observation) {
	if e.cfg.Observer == nil {
		return
	}
	defer func() {
		if recover() != nil {
			e.cfg.Logger.ErrorContext(ctx, "the Observer panicked")
		}
	}()
	e.cfg.Observer.Observe(ctx, o)
}

// traceParent is the trace of which ctx is a part, for the change log.
func (e *Engine) traceParent(ctx context.Context) (parent string) {
	if e.tracer == nil {
		return ""
	}
	defer func() {
		if recover() != nil {
			e.cfg.Logger.ErrorContext(ctx, "the Observer panicked")
		}
	}()
	if parent = e.tracer.TraceParent(ctx); len(parent) > 64 {
		return ""
	}
	return parent
}

// mostTraces is how many traces an observation names.
const mostTraces = 64

// addTrace adds the trace of a change.
func (e *Engine) addTrace(traces []string, c *Change) []string {
	if e.tracer == nil || len(c.Events) == 0 || len(traces) >= mostTraces {
		return traces
	}
	if trace := c.fired().Trace; trace != "" && !slices.Contains(traces, trace) {
		return append(traces, trace)
	}
	return traces
}

// origin is where the events of a notification come from.
type origin struct {
	events int
	oldest time.Time
	traces []string

	focus, disclosed []string // for OnNotified
}

// add notes an event that is in the notification, at the given level and with more than
// its own resource.
func (o *origin) add(e *Engine, ev *Event, content notification.Content, more []notification.Entry) {
	o.events++
	if at := ev.Change.At; o.oldest.IsZero() || at.Before(o.oldest) {
		o.oldest = at
	}
	o.traces = e.addTrace(o.traces, &ev.Change)
	if e.cfg.OnNotified != nil {
		o.name(ev, content, more)
	}
}

// attemptOn begins the account of an attempt.
func (e *Engine) attemptOn(s *Subscription, m *Message, from *origin) account {
	a := account{NotificationAttempted: NotificationAttempted{
		Tenant: s.Tenant, Subscription: s.ID, Topic: s.Topic, Channel: s.ChannelType, Content: s.Content,
		Type: notification.Handshake, Attempt: 1, Began: time.Now(),
	}}
	if from.events > 0 {
		a.Type, a.Events, a.Oldest, a.Traces = notification.EventNotification, from.events, from.oldest, from.traces
	}
	if m.Notification != nil { // else it is classic
		a.Type, a.Content = m.Notification.Type, m.Notification.Content
	}
	if e.cfg.OnNotified != nil {
		a.audit(s, m, from)
	}
	return a
}

// accounts reports whether anybody wants to know of attempts that succeed.
func (e *Engine) accounts() bool {
	return e.cfg.Observer != nil || e.cfg.OnNotified != nil || e.cfg.Logger.Enabled(context.Background(), slog.LevelDebug)
}

// account closes the account of an attempt: one record in the log, and one observation.
func (e *Engine) account(ctx context.Context, a *account, result Result, err error) {
	a.Duration, a.Result = time.Since(a.Began), result
	level, text := slog.LevelDebug, "a notification was delivered"
	switch {
	case result == ResultCut:
		text = "an attempt to notify was given up"
	case err != nil:
		level, text, a.Err = slog.LevelWarn, "a notification was not delivered", err
	}
	if e.cfg.Logger.Enabled(ctx, level) {
		attrs := []slog.Attr{
			slog.String("tenant", a.Tenant), slog.String("subscription", a.Subscription), slog.String("channel", a.Channel),
			slog.String("type", string(a.Type)), slog.Int("events", a.Events), slog.Int("attempt", a.Attempt),
			slog.String("result", string(result)), slog.Duration("duration", a.Duration),
		}
		if a.Err != nil {
			attrs = append(attrs, slog.Any("error", a.Err))
		}
		e.cfg.Logger.LogAttrs(ctx, level, text, attrs...)
	}
	if e.cfg.Observer != nil {
		e.observe(ctx, a.NotificationAttempted)
	}
}

// resultOf is what came of an attempt whose context is ctx.
func resultOf(ctx context.Context, err error) Result {
	if err == nil {
		return ResultOK
	}
	if ctx.Err() != nil {
		return ResultCut
	}
	class, after := ClassOf(err)
	if class == ClassTransient && after > 0 {
		return ResultRetryAfter
	}
	return Result(class)
}

// noteStatus tells of a status that was stored, if it is another one.
func (e *Engine) noteStatus(ctx context.Context, tenant, id string, from, to Status, reason string) {
	if from == to {
		return
	}
	e.cfg.Logger.LogAttrs(ctx, slog.LevelInfo, "a subscription's status changed", slog.String("tenant", tenant), slog.String("subscription", id),
		slog.String("from", string(from)), slog.String("to", string(to)), slog.String("reason", reason))
	e.observe(ctx, StatusChanged{Tenant: tenant, Subscription: id, From: from, To: to, Reason: reason})
}
