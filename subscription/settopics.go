package subscription

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/carillon-fhir/carillon/topic"
)

// SetTopics replaces all topics at run time. Either all of them are good and take
// the places of those before, or the error lists everything that is wrong and nothing
// changes. It may be called at any time, by several nodes in their turn: each
// evaluates the topics that it was given.
//
// A change that the hook recorded for a topic goes to the topic of the same url and
// version, or the newest of that url. A Subscription whose topic is no longer there,
// or no longer has a filter that it uses, gets the status error; when the topic is
// back, the client asks for activation.
func (e *Engine) SetTopics(ctx context.Context, topics ...*topic.Topic) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	set, err := loadTopics(e.cfg, topics)
	if err != nil {
		return err
	}
	e.topics.Store(set)
	e.changes.set() // the sequencer looks at the topics before its next batch
	return nil
}

// derivation holds the rules for a topic that derives from another (TOP-20),
// as far as that is loaded: it is about the same resources and events, and can be
// filtered by all that its base can.
func (s *topicSet) derivation(t *loadedTopic) error {
	for _, canonical := range t.DerivedFrom {
		base := s.find(canonical)
		if base == nil {
			continue
		}
		if s.derives(base, t, map[*loadedTopic]bool{}) {
			return errors.New("derivedFrom leads back to the topic itself")
		}
		for _, filter := range base.CanFilterBy {
			if !slices.ContainsFunc(t.CanFilterBy, func(c topic.CanFilterBy) bool {
				return c.FilterParameter == filter.FilterParameter && (c.Resource == filter.Resource || c.Resource == "")
			}) {
				return fmt.Errorf("canFilterBy lacks %s, which the topic in derivedFrom has", filter.FilterParameter)
			}
		}
		for _, resource := range t.about() {
			if !slices.Contains(base.about(), resource) {
				return fmt.Errorf("a trigger is about %s, which the topic in derivedFrom is not", resource)
			}
		}
	}
	return nil
}

// derives reports whether from is the topic to, or derives from it.
func (s *topicSet) derives(from, to *loadedTopic, seen map[*loadedTopic]bool) bool {
	if from == to {
		return true
	}
	if seen[from] {
		return false
	}
	seen[from] = true
	for _, canonical := range from.DerivedFrom {
		if base := s.find(canonical); base != nil && s.derives(base, to, seen) {
			return true
		}
	}
	return false
}

// about lists the resource types of a topic's triggers.
func (t *loadedTopic) about() (types []string) {
	for i := range t.ResourceTriggers {
		types = append(types, t.ResourceTriggers[i].Resource)
	}
	for i := range t.EventTriggers {
		types = append(types, t.EventTriggers[i].Resource)
	}
	return types
}
