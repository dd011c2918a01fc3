package subscription

import (
	"context"
	"fmt"
	"slices"

	"github.com/carillon-fhir/carillon/topic"
)

// ExplainRequest asks why a change does, or does not, lead to a notification.
type ExplainRequest struct {
	Tenant       string         // whose Subscription it is; it also stands in the place of that of Change
	Subscription string         // its id; "" to ask about a topic alone
	Topic        string         // canonical, if there is no Subscription
	Change       ResourceChange // what is tried, as OnResourceChange would take it

	// EventOf and Event ask, in place of Change, about the change that is behind an event of
	// a Subscription of the tenant. The previous state is known only if the engine had to
	// keep it, and no values are shown. Who asks needs AccessEvents to that Subscription, and
	// its owner the Authorizer's Allow for the event: of a redacted one nothing is told, as
	// its subscriber would find out by filters what it is about.
	EventOf string // its id
	Event   int64  // the event's number; 0: Change is meant
}

// Explanation is the answer, in the order in which the engine decides. It holds values
// of the resources that the question is about: show it to who may see these.
type Explanation struct {
	Topic    string           // canonical of the topic in force, with version
	Warnings []string         // what Review says of it
	Status   Status           // of the Subscription
	Triggers []TriggerVerdict // of the topic, each tried
	Fires    bool             // whether any trigger does
	Filters  []topic.Trial    // of the Subscription that apply to the resource
	Matches  bool             // whether they let it through
	Verdict  string           // of the Authorizer: allow, redact or deny; "" if it was not asked
	Notifies bool             // whether the Subscription would get an event
	Reason   string           // the first thing that decides, in words, without content of resources
}

// TriggerVerdict says what became of one resourceTrigger.
type TriggerVerdict struct {
	Index   int           // in SubscriptionTopic.resourceTrigger
	Skipped string        // why it is not about this change: type or interaction; "" if it is
	Fires   bool          // false also where that can't be told
	Problem string        // why that can't be told
	Trials  []topic.Trial // its criteria, each on the states that it sees
}

// Explain tries a change against a Subscription or a topic without recording
// anything. It evaluates every criterion, also those behind one that decides, and asks
// the Authorizer about the event. The error is ErrNotFound for a Subscription, topic or
// event that there is not, or not for the caller, and ErrInvalidChange.
func (e *Engine) Explain(ctx context.Context, q ExplainRequest) (x Explanation, err error) {
	q.Change.Tenant = q.Tenant
	if e.cfg.Resolver != nil {
		ctx = withTenant(ctx, q.Tenant)
	}
	if q.Event != 0 {
		if q.Change, err = e.changeBehind(ctx, q); err != nil {
			return x, err
		}
		defer x.hideValues()
	}
	change, seen, err := e.read(&q.Change)
	if err != nil {
		return x, fmt.Errorf("%w: %w", ErrInvalidChange, err)
	}
	t := e.topics.Load().find(q.Topic)
	var s *Subscription
	if q.Subscription != "" {
		r, err := e.find(ctx, q.Tenant, q.Subscription, AccessEvents)
		if err != nil {
			return x, err
		}
		if s, err = e.restore(r); err != nil {
			return x, err
		}
		t, x.Status = e.topics.Load().of(s), r.Status
	}
	if t == nil {
		return x, fmt.Errorf("%w: the topic is not loaded", ErrNotFound)
	}
	x.Topic = t.canonical
	for _, warning := range t.Review(e.cfg.topicOptions()) {
		x.Warnings = append(x.Warnings, warning.String())
	}
	var happened fired
	for i := range t.ResourceTriggers {
		verdict := t.explain(ctx, i, &seen)
		x.Fires = x.Fires || verdict.Fires
		x.Triggers = append(x.Triggers, verdict)
		if verdict.Fires {
			happened.add(t.canonical, t.ResourceTriggers[i].Event)
		}
	}
	change.Events = happened.bytes()
	if s == nil {
		x.Reason = "no trigger of the topic fires"
		if x.Fires {
			x.Reason = "the topic is triggered"
		}
		return x, nil
	}
	err = e.explainMatch(ctx, &x, s, t, &change, &seen)
	return x, err
}

// changeBehind is the change that an event is about.
func (e *Engine) changeBehind(ctx context.Context, q ExplainRequest) (c ResourceChange, err error) {
	change, err := e.eventOf(ctx, q.Tenant, q.EventOf, q.Event)
	if err != nil {
		return c, err
	}
	if change.fired().Raised {
		return c, fmt.Errorf("%w: the event was raised by the host, and is no change of a resource", ErrInvalidChange)
	}
	c = ResourceChange{Tenant: change.Tenant, Interaction: change.Interaction, Resource: change.Resource, Previous: change.Previous, At: change.At}
	if c.Interaction == Delete {
		c.Resource, c.Previous = nil, change.Resource
	}
	return c, nil
}

// hideValues: who asks by an event's number has not shown that it knows the resource.
func (x *Explanation) hideValues() {
	for i := range x.Triggers {
		for j := range x.Triggers[i].Trials {
			x.Triggers[i].Trials[j].Values = nil
		}
	}
	for i := range x.Filters {
		x.Filters[i].Values = nil
	}
}

// explainMatch goes on behind the triggers: filters, status, Authorizer.
func (e *Engine) explainMatch(ctx context.Context, x *Explanation, s *Subscription, t *loadedTopic, change *Change, seen *topic.Change) error {
	filters, err := t.compileFilters(s, e.cfg.topicOptions())
	if err != nil {
		x.Reason = "the Subscription has a filter that the topic no longer has"
		return nil
	}
	focus := seen.Current
	if change.Interaction == Delete {
		focus = seen.Previous
	}
	ctx = t.withEvents(ctx, change.fired().Topics[t.canonical])
	x.Filters = filters.Explain(ctx, change.ResourceType, focus)
	matches, matchErr := filters.Match(ctx, change.ResourceType, focus)
	x.Matches = matches
	if x.Fires && x.Matches {
		verdicts, err := e.authorize(ctx, change.Resource, []*Subscription{s})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			x.Reason = "the Authorizer gives no answer: the event waits, and all that follow it"
			return nil
		}
		x.Verdict = map[Verdict]string{Allow: "allow", Redact: "redact", Deny: "deny"}[verdicts[0]]
	}
	switch {
	case !x.Fires:
		x.Reason = "no trigger of the topic fires"
	case matchErr != nil:
		x.Reason = "a filter can't be evaluated"
	case !x.Matches:
		x.Reason = "a filter of the Subscription does not match"
	case x.Verdict == "deny":
		x.Reason = "the Authorizer denies the event"
	case x.Status.ended():
		x.Reason = "the Subscription is off: events don't count"
	default:
		x.Notifies = true
		x.Reason = "it gets an event"
		if x.Status == StatusError {
			x.Reason = "the event is numbered, and delivered when the client has asked for activation"
		}
	}
	return nil
}

// explain tries one trigger of a topic.
func (t *loadedTopic) explain(ctx context.Context, i int, seen *topic.Change) (v TriggerVerdict) {
	v.Index = i
	tr := &t.ResourceTriggers[i]
	switch {
	case !tr.Covers(seen.ResourceType):
		v.Skipped = "it is about " + tr.Resource
		return v
	case len(tr.Interactions) > 0 && !slices.Contains(tr.Interactions, seen.Interaction):
		v.Skipped = "it does not name the interaction " + seen.Interaction.String()
		return v
	case t.program.NeedsPrevious(i) && seen.Interaction == Update && !seen.Previous.Exists():
		v.Problem = "it reads the previous state, which was not given"
		return v
	}
	fired, err := fires(ctx, trigger{topic: t, index: i}, seen)
	if v.Fires = fired; err != nil {
		v.Problem = err.Error()
	}
	if explainer, ok := t.program.(topic.Explainer); ok {
		v.Trials = explainer.Explain(ctx, i, seen)
	}
	return v
}
