package subscription

import (
	"context"
	"fmt"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/notification"
)

// maxContext is the most resources that a topic's notificationShape adds to one event.
const maxContext = 100

// addContext adds to an event what the topic's notificationShape names, as far as the
// subscriber may see it (TOP-18, SHP-02): for each resource the Authorizer is
// asked as for an event about it. Resources are in the state of the moment.
//
// Failure policy: clients have to work without the additional context (SHP-03), so
// what can't be read or is not answered for is left out, and the log says so.
func (e *Engine) addContext(ctx context.Context, s *Subscription, ev *Event, shown *notification.Event, to *showing) {
	t := e.topics.Load().successor(s.Topic)
	if t == nil || ev.Redacted || s.Content == notification.Empty || ev.Change.Interaction == Delete || t.shapes.Empty(ev.Change.ResourceType) {
		return
	}
	ctx = withTenant(ctx, s.Tenant)
	related, err := e.related(ctx, t, &ev.Change)
	if err != nil {
		e.cfg.Logger.WarnContext(ctx, "a notification goes without its additional context", "tenant", s.Tenant, "subscription", s.ID, "topic", t.canonical, "error", err)
		return
	}
	for _, doc := range related {
		root := doc.Root()
		verdicts, err := e.authorize(ctx, doc.Raw(), []*Subscription{s})
		if err != nil {
			e.cfg.Logger.WarnContext(ctx, "a notification goes without a part of its additional context", "tenant", s.Tenant, "subscription", s.ID, "topic", t.canonical, "error", err)
			return
		}
		if verdicts[0] != Allow {
			continue
		}
		if s.Content == notification.FullResource && !to.fits(doc.Raw()) {
			to.tooLong = true
			continue
		}
		resourceType, id := root.Get("resourceType").Text(), root.Get("id").Text()
		shown.Context = append(shown.Context, notification.Entry{
			FullURL: e.location(resourceType, id), Resource: doc.Raw(),
			Method: "GET", URL: resourceType + "/" + id, Status: "200",
		})
	}
}

// contextTime is how long a notification waits for all its additional context: the
// attempt that follows must end before the claim does.
func (e *Engine) contextTime() time.Duration { return (e.cfg.Lease - e.cfg.SendTimeout) / 2 }

// related asks the host; a panic of it is no answer.
func (e *Engine) related(ctx context.Context, t *loadedTopic, c *Change) (found []*fhirpath.Doc, err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("subscription: Resolver panicked")
		}
	}()
	focus, err := fhirpath.Parse(c.Resource)
	if err != nil {
		return nil, fmt.Errorf("subscription: change %d can't be read", c.Position)
	}
	return t.shapes.Related(ctx, c.ResourceType, focus.Root(), maxContext)
}
