package subscription

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/carillon-fhir/carillon/topic"
)

// TopicEvent is something that happened which is no change of a resource, such as an
// admission: what eventTriggers of topics are for (TOP-09).
type TopicEvent struct {
	Tenant string          // "" for a host without tenants
	Events []topic.Coding  // what happened, in as many code systems as the host has; at least one
	Focus  json.RawMessage // the resource that it is about, with id
	At     time.Time       // zero means now

	// What the notification's entry.request and entry.response say; the defaults are
	// GET Type/id and 200, since nothing was written.
	Method, URL, Status string
}

// eventTrigger is an eventTrigger of a topic in force.
type eventTrigger struct {
	*topic.EventTrigger
	topic *loadedTopic
}

// OnEvent records events that the host raises, in this order, as OnResourceChange does
// changes: every topic that has an eventTrigger with one of the codings for the type
// of the focus is triggered. An event that no topic names costs no I/O.
func (e *Engine) OnEvent(ctx context.Context, events ...TopicEvent) error {
	return e.recordEvents(ctx, e.cfg.Store, events)
}

// OnEventTx is OnEvent in the host's own transaction, as OnResourceChangeTx.
func (e *Engine) OnEventTx(ctx context.Context, tx Tx, events ...TopicEvent) error {
	return e.recordEvents(ctx, tx, events)
}

func (e *Engine) recordEvents(ctx context.Context, tx Tx, events []TopicEvent) error {
	called := HookCalled{Began: time.Now(), Changes: len(events)}
	called.Recorded, called.Err = e.raiseAll(ctx, tx, events)
	called.Duration = time.Since(called.Began)
	e.observe(ctx, called)
	return called.Err
}

// raiseAll records the events that trigger a topic.
func (e *Engine) raiseAll(ctx context.Context, tx Tx, events []TopicEvent) (recorded int, err error) {
	var changes []Change
	for i := range events {
		change, err := e.raise(ctx, &events[i])
		if err != nil {
			return 0, fmt.Errorf("%w: event %d: %w", ErrInvalidChange, i, err)
		}
		if len(change.Topics) > 0 {
			changes = append(changes, change)
		}
	}
	return len(changes), e.appendChanges(ctx, tx, changes)
}

// raise finds the topics that an event triggers. It stands in the change log as an
// update that wrote nothing.
func (e *Engine) raise(ctx context.Context, ev *TopicEvent) (Change, error) {
	if len(ev.Events) == 0 {
		return Change{}, errors.New("the event has no coding")
	}
	c := ResourceChange{Tenant: ev.Tenant, Interaction: Update, Resource: ev.Focus, At: ev.At, Method: ev.Method, URL: ev.URL, Status: ev.Status}
	if c.Method == "GET" { // which read takes for no method that changes a resource
		c.Method = ""
	}
	change, _, err := e.read(&c)
	if err != nil {
		return Change{}, err
	}
	if c.Method == "" {
		change.Method = "GET"
	}
	events := e.topics.Load().events
	happened := fired{Raised: true, Trace: e.traceParent(ctx)}
	for _, coding := range ev.Events {
		if coding.Code == "" {
			return Change{}, errors.New("a coding has no code")
		}
		for _, t := range events[coding] {
			if !t.Covers(change.ResourceType) {
				continue
			}
			happened.add(t.topic.canonical, []topic.Coding{coding})
			if !slices.Contains(change.Topics, t.topic.canonical) {
				change.Topics = append(change.Topics, t.topic.canonical)
			}
		}
	}
	change.Events = happened.bytes()
	return change, nil
}

// routeEvents builds the look-up of event triggers.
func (s *topicSet) routeEvents() {
	for _, t := range s.all {
		for i := range t.EventTriggers {
			for _, coding := range t.EventTriggers[i].Event {
				s.events[coding] = append(s.events[coding], eventTrigger{&t.EventTriggers[i], t})
			}
		}
	}
}
