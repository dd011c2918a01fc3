package subscription

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
)

// matcher is the sequencer's picture of all subscriptions as of its cursor: their
// filters, indexed, and how many events each has had.
type matcher struct {
	engine  *Engine
	shard   int
	shards  int
	repeats *repeats         // the sequencer's
	topics  *topicSet        // those that were in force when it was loaded
	entries map[int64]*entry // by Key; also those whose events don't count now
	indexes map[indexKey]*tenantIndex
	found   []int64  // reused
	decided []string // canonicals of topics whose triggers fired here, since the last commit

	stencils map[string]*stencil // by outline
	cut      cut
	filters  []topic.Filter // reused
	recalled recalled
}

// indexKey keeps tenants apart: an index never holds two tenants' subscriptions.
type indexKey struct{ tenant, topic string }

type tenantIndex struct {
	tenant string
	topic.Index
}

// entry is small: there may be a million.
type entry struct {
	stencil     *stencil // nil: events don't count
	texts       string   // in its gaps
	index       *tenantIndex
	recalled    *Subscription // what they say, for a while
	count       int64
	sequencedTo int64 // as Record has it
}

// owns reports whether a subscription is of the matcher's shard.
func (m *matcher) owns(key int64) bool { return key%int64(m.shards) == int64(m.shard) }

// isSequenced reports whether a change at a position counted for a subscription before
// it came to this shard.
func (m *matcher) isSequenced(key, position int64) bool {
	en := m.entries[key]
	return en != nil && position <= en.sequencedTo
}

// match numbers the events of changes that follow the cursor: of all, or of those that
// a slow Authorizer lets it get through until the given time, so that the commit
// comes within the lease. It changes m as the commit will change the store; if the
// commit fails, m is of no use any more. Nor is it after an error, with which the commit
// holds what precedes the change that has failed; its Cursor is 0 if that is none.
func (m *matcher) match(ctx context.Context, changes []Change, until time.Time) (c Commit, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("subscription: matching panicked")
		}
	}()
	for i := range changes {
		if i > 0 && time.Now().After(until) {
			break
		}
		change := &changes[i]
		switch {
		case change.Subscription == 0:
			decided := len(m.decided)
			if c.Events, err = m.number(ctx, c.Events, change); err != nil {
				m.decided = m.decided[:decided]
				return c, err
			}
		case m.owns(change.Subscription) && !m.isSequenced(change.Subscription, change.Position):
			if err := m.apply(change.Subscription, change.Tenant, change.Spec); err != nil {
				m.engine.refused(ctx, change, err)
			}
			if change.Interaction == Delete {
				delete(m.entries, change.Subscription)
			}
			c.Sequenced = append(c.Sequenced, SequencedSpec{Key: change.Subscription, Spec: change.Spec})
		}
		c.Cursor = change.Position // last: what is not done is not passed over
	}
	return c, nil
}

// number appends the events of one change.
func (m *matcher) number(ctx context.Context, events []NewEvent, change *Change) ([]NewEvent, error) {
	var focus fhirpath.Node
	if len(change.Resource) > 0 {
		doc, err := fhirpath.Parse(change.Resource)
		if err != nil {
			return events, fmt.Errorf("subscription: change %d can't be read", change.Position)
		}
		focus = doc.Root()
	}
	if m.repeats.add(change, focus) {
		return events, nil
	}
	if c := &m.engine.cfg; c.Resolver != nil || c.Terminology != nil || c.Filters != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(withTenant(ctx, change.Tenant), m.engine.cfg.SendTimeout)
		defer cancel()
	}
	m.found = m.found[:0]
	happened := change.fired()
	decided, err := m.decide(ctx, change, focus, &happened)
	if err != nil {
		return events, err
	}
	m.decided = append(m.decided, decided...)
	triggered := change.Topics
	if len(decided) > 0 {
		triggered = append(decided, triggered...)
	}
	for _, canonical := range triggered {
		t := m.topics.successor(canonical)
		if t == nil {
			m.engine.cfg.Logger.ErrorContext(ctx, "a change names a topic that is no longer loaded", "topic", canonical)
			continue
		}
		if index := m.indexes[indexKey{change.Tenant, t.canonical}]; index != nil {
			if m.found, err = index.AppendMatches(t.withEvents(ctx, happened.Topics[canonical]), m.found, change.ResourceType, focus); err != nil {
				return events, fmt.Errorf("subscription: change %d can't be matched: %w", change.Position, err)
			}
		}
	}
	slices.Sort(m.found) // two topics may have been succeeded by one
	m.found = slices.Compact(m.found)
	m.found = slices.DeleteFunc(m.found, func(key int64) bool { return m.isSequenced(key, change.Position) })
	if len(m.found) == 0 {
		return events, nil
	}
	candidates := make([]*Subscription, len(m.found))
	for i, key := range m.found {
		candidates[i] = m.recalled.subscription(m.entries[key])
	}
	verdicts, err := m.engine.authorize(ctx, change.Resource, candidates)
	if err != nil {
		return events, fmt.Errorf("subscription: the Authorizer gives no answer about change %d: %w", change.Position, err)
	}
	for i, key := range m.found {
		if verdicts[i] == Deny {
			continue
		}
		en := m.entries[key]
		en.count++
		events = append(events, NewEvent{Key: key, Number: en.count, Position: change.Position, Redacted: verdicts[i] == Redact})
	}
	return events, nil
}

// decide evaluates the triggers that the hook could not.
//
// Failure policy: what still can't be evaluated does not fire. It is the same
// expression over the same resource, so it never would; the log says so. Only a
// program that ran out of time, or that the host did not answer, is asked again.
func (m *matcher) decide(ctx context.Context, change *Change, focus fhirpath.Node, happened *fired) (decided []string, err error) {
	if len(change.Undecided) == 0 {
		return nil, nil
	}
	seen := topic.Change{Interaction: change.Interaction, ResourceType: change.ResourceType}
	if change.Interaction == Delete {
		seen.Previous = focus
	} else {
		seen.Current = focus
		if doc, err := fhirpath.Parse(change.Previous); err == nil {
			seen.Previous = doc.Root()
		}
	}
	for _, canonical := range change.Undecided {
		if m.topics.successor(canonical) == nil {
			m.engine.cfg.Logger.ErrorContext(ctx, "a change names a topic that is no longer loaded", "topic", canonical)
			continue
		}
		for _, t := range m.topics.triggers([]byte(change.ResourceType), change.Interaction) {
			known := slices.Contains(decided, canonical)
			if t.topic != m.topics.successor(canonical) || known && len(t.events) == 0 {
				continue
			}
			fire, err := fires(ctx, t, &seen)
			if ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
				return nil, errors.New("subscription: a trigger could not be evaluated in time")
			}
			if failedHost(err) {
				return nil, fmt.Errorf("subscription: a trigger could not be evaluated: %w", err)
			}
			if err != nil {
				m.engine.cfg.Logger.ErrorContext(ctx, "a trigger can't be evaluated and does not fire", "topic", canonical, "trigger", t.index, "error", err)
			} else if fire {
				happened.add(canonical, t.events)
				if !known {
					decided = append(decided, canonical)
				}
			}
		}
	}
	return decided, nil
}
