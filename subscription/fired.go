package subscription

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/carillon-fhir/carillon/topic"
)

// fired is what the change log keeps of how a change came about: which events the
// triggers of each topic stand for that it has triggered, for which filters may ask
// (FLT-12), and the trace that it is part of.
type fired struct {
	Raised bool                      `json:"raised,omitempty"` // by the host itself: the change stands for an event
	Topics map[string][]topic.Coding `json:"topics,omitempty"` // by canonical
	Trace  string                    `json:"trace,omitempty"`  // see Tracer
}

// add notes the events of a trigger that has fired.
func (f *fired) add(canonical string, events []topic.Coding) {
	for _, event := range events {
		if slices.Contains(f.Topics[canonical], event) {
			continue
		}
		if f.Topics == nil {
			f.Topics = map[string][]topic.Coding{}
		}
		f.Topics[canonical] = append(f.Topics[canonical], event)
	}
}

// bytes is f as Change.Events has it: nothing for a change of which no topic says what
// event it is and that is not traced, as most are.
func (f *fired) bytes() []byte {
	if !f.Raised && len(f.Topics) == 0 && f.Trace == "" {
		return nil
	}
	raw, err := json.Marshal(*f) // a copy, lest every f be on the heap
	if err != nil {
		panic(err) // strings and a bool: there is nothing that can fail
	}
	return raw
}

// fired reads Events. What can't be read was written by a later release: it tells
// nothing, and filters by events then let nothing through.
func (c *Change) fired() fired {
	if len(c.Events) == 0 {
		return fired{}
	}
	var f fired
	if json.Unmarshal(c.Events, &f) != nil {
		return fired{}
	}
	return f
}

// tellsEvents reports whether filters of the topic may ask for events.
func tellsEvents(t *topic.Topic, c *Config) bool {
	return c.Filters != nil || slices.ContainsFunc(t.CanFilterBy, func(f topic.CanFilterBy) bool {
		return f.FilterParameter == topic.EventParameter
	})
}

// withEvents is the context for filters of a topic.
func (t *loadedTopic) withEvents(ctx context.Context, events []topic.Coding) context.Context {
	if !t.tellsEvents {
		return ctx
	}
	return topic.WithEvents(ctx, events)
}
