package subscription

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/carillon-fhir/carillon/notification"
)

// AuthorizationHinter is an Authorizer that also tells subscribers, in the notification,
// how to be allowed to fetch what an event is about (EXT-09): a code to exchange
// once, never a token that grants access by itself (SEC-07).
type AuthorizationHinter interface {
	Authorizer

	// AuthorizationHint returns the hint for one event of a Subscription, the zero value for
	// none. It is asked for each attempt to send the event and each answer of $events, unless
	// the content is empty, and may be called at the same time as all else.
	AuthorizationHint(ctx context.Context, s *Subscription, focus json.RawMessage) (notification.Authorization, error)
}

// addHints adds to an event which events of the topic it stands for, what its subscriber
// may want to ask next, and how to be allowed to.
//
// Failure policy: a subscriber can do without a hint, so one that the host fails to give is
// left out, and the log says so.
func (e *Engine) addHints(ctx context.Context, s *Subscription, content notification.Content, ev *Event, shown *notification.Event) {
	if t := e.topics.Load().successor(s.Topic); t != nil {
		for _, c := range ev.Change.fired().Topics[t.canonical] {
			shown.Triggers = append(shown.Triggers, notification.Coding(c))
		}
		for _, q := range t.QueriesAbout(ev.Change.ResourceType, ev.Change.ResourceID) {
			if !strings.Contains(q.Query, "://") {
				q.Query = e.location(strings.TrimPrefix(q.Query, "/"))
			}
			shown.Queries = append(shown.Queries, notification.RelatedQuery{Type: notification.Coding(q.Type), Query: q.Query})
		}
	}
	hinter, ok := e.cfg.Authorizer.(AuthorizationHinter)
	if !ok || content == notification.Empty {
		return
	}
	hint, err := e.hint(ctx, hinter, s, ev.Change.Resource)
	if err != nil {
		e.cfg.Logger.WarnContext(ctx, "a notification goes without its authorization hint", "tenant", s.Tenant, "subscription", s.ID)
		return
	}
	shown.Authorization = hint
}

// hint asks the host; a panic of it is no answer, nor is a value without a type.
func (e *Engine) hint(ctx context.Context, from AuthorizationHinter, s *Subscription, focus json.RawMessage) (hint notification.Authorization, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("subscription: AuthorizationHinter panicked")
		}
	}()
	hint, err = from.AuthorizationHint(withTenant(ctx, s.Tenant), s, focus)
	if err == nil && hint.Value != "" && hint.Type == (notification.Coding{}) {
		err = errors.New("subscription: an authorization hint needs a type")
	}
	return hint, err
}
