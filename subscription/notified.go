package subscription

import (
	"context"
	"slices"
	"time"

	"github.com/carillon-fhir/carillon/notification"
)

// Notified is what Config.OnNotified is told of an attempt to notify: enough for an
// AuditEvent of it. Unlike an Observation it holds references and the endpoint, and is for
// the host's own records, not for logs.
type Notified struct {
	Tenant       string               // "" for a host without tenants
	Subscription string               // its id
	Owner        string               // whose it is, as AuthorizeSubscription said
	Topic        string               // canonical; "" for a classic Subscription
	Channel      string               // its type
	Endpoint     string               // as the Subscription has it; "" if the subscriber connects
	Type         notification.Type    // what kind of notification it was
	Content      notification.Content // the payload level
	ID           string               // Bundle.id: the same for every attempt to send the same events

	// Focus are the references, as Type/id, of what its events are about, in order and each
	// once; also of those that the notification does not name, because its content is empty
	// or the Authorizer does not let the subscriber know. Disclosed are those that it names
	// or holds, with what a notificationShape has added: what a disclosure consists of.
	Focus, Disclosed []string

	Result Result    // what came of the attempt
	At     time.Time // when the attempt ended
}

// name notes what an event is about and what is shown of it; content is the level at
// which it is.
func (o *origin) name(ev *Event, content notification.Content, more []notification.Entry) {
	note := func(list *[]string, reference string) {
		if !slices.Contains(*list, reference) {
			*list = append(*list, reference)
		}
	}
	reference := ev.Change.ResourceType + "/" + ev.Change.ResourceID
	note(&o.focus, reference)
	if ev.Redacted || content == notification.Empty {
		return
	}
	note(&o.disclosed, reference)
	for _, entry := range more {
		note(&o.disclosed, entry.URL)
	}
}

// account is what is told of an attempt.
type account struct {
	NotificationAttempted
	notified *Notified // nil: the host does not want to know
}

// audit fills in what the host is told, beside what everybody is.
func (a *account) audit(s *Subscription, m *Message, from *origin) {
	a.notified = &Notified{
		Tenant: a.Tenant, Subscription: a.Subscription, Owner: s.Owner, Topic: a.Topic, Channel: a.Channel, Endpoint: s.Endpoint,
		Type: a.Type, Content: a.Content, ID: m.ID,
	}
	// A notification that was made for several Sessions has one origin, and the host may do
	// with its slices what it likes.
	a.notified.Focus, a.notified.Disclosed = slices.Clone(from.focus), slices.Clone(from.disclosed)
}

// tellOfClaim calls OnNotified for an attempt of a claim, whose Key is flight. The attempt
// may have been cut; the call is not, but it ends before the claim does, so that there is
// time to record the outcome: else another claim would send the same again.
func (e *Engine) tellOfClaim(ctx context.Context, flight int64, a *account) {
	if a.notified == nil {
		return
	}
	after, cancel := context.WithTimeout(context.WithoutCancel(inFlight(ctx, flight)), e.contextTime())
	defer cancel()
	if claimed, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		after, cancel = context.WithDeadline(after, claimed.Add(-e.contextTime()/10))
		defer cancel()
	}
	e.tellNotified(after, a)
}

// tellNotified calls OnNotified.
func (e *Engine) tellNotified(ctx context.Context, a *account) {
	if a.notified == nil {
		return
	}
	defer func() {
		if recover() != nil {
			e.cfg.Logger.ErrorContext(ctx, "OnNotified panicked", "tenant", a.Tenant, "subscription", a.Subscription)
		}
	}()
	a.notified.Result, a.notified.At = a.Result, a.Began.Add(a.Duration)
	e.cfg.OnNotified(ctx, *a.notified)
}
