package subscription

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
)

// Interaction is the RESTful interaction that changed a resource.
type Interaction = topic.Interaction

// The interactions. A patch or conditional update counts as Update, an update that
// creates and one that restores a deleted resource as Create, each entry of a
// transaction as its own interaction (TRG-13).
const (
	Create = topic.Create
	Update = topic.Update
	Delete = topic.Delete
)

// ResourceChange is one change of one resource.
type ResourceChange struct {
	Tenant      string          // "" for a host without tenants
	Interaction Interaction     // required
	Resource    json.RawMessage // state after Create and Update, with id; ignored for Delete
	Previous    json.RawMessage // state before Update and Delete; ignored for Create
	At          time.Time       // when it happened; zero means now

	// What the notification's entry.request and entry.response say. The defaults are
	// POST Type 201, PUT Type/id 200 and DELETE Type/id 204 (BND-13). The query of URL, as
	// that of a conditional write, is for full-resource notifications only.
	Method, URL, Status string
}

// ErrInvalidChange is what a change lacks to be evaluated: it is the host's mistake.
var ErrInvalidChange = errors.New("subscription: invalid change")

// OnResourceChange records changes that the host has made, in this order. When it
// returns nil, what any topic was triggered by is durable and will reach every
// Subscription that it matches. If it fails, none of the changes is recorded, or,
// if the store failed, perhaps all of them.
//
// It is called after the host's own transaction has committed, so a crash between
// the two loses the change; OnResourceChangeTx has no such gap. A change that no
// topic is triggered by costs no I/O and, if no topic names its type, no more than a
// look at its first bytes.
func (e *Engine) OnResourceChange(ctx context.Context, c ...ResourceChange) error {
	return e.record(ctx, e.cfg.Store, c)
}

// OnResourceChangeTx is OnResourceChange in the host's own transaction, which the
// store's package wraps: the changes count if and when the host commits.
func (e *Engine) OnResourceChangeTx(ctx context.Context, tx Tx, c ...ResourceChange) error {
	return e.record(ctx, tx, c)
}

// Wants tells which states of a resource the topics look at after an interaction,
// so that a host need not read what nobody uses. Both false: the hook need not be
// called at all.
func (e *Engine) Wants(tenant, resourceType string, i Interaction) (current, previous bool) {
	triggers := e.topics.Load().triggers([]byte(resourceType), i)
	if len(triggers) == 0 {
		return false, false
	}
	if i == Update {
		previous = slices.ContainsFunc(triggers, func(t trigger) bool { return t.needsPrevious })
	}
	return i != Delete, previous || i == Delete
}

// concerned reports whether any of the changes could trigger a topic. A change that
// can't be told is one: record says what is wrong with it.
func (e *Engine) concerned(c []ResourceChange) bool {
	for i := range c {
		resourceType := fhirpath.ResourceTypeOf(c[i].state())
		if resourceType == nil || c[i].Interaction < Create || c[i].Interaction > Delete ||
			len(e.topics.Load().triggers(resourceType, c[i].Interaction)) > 0 {
			return true
		}
	}
	return false
}

// state is the resource that an event about the change shows.
func (c *ResourceChange) state() json.RawMessage {
	if c.Interaction == Delete {
		return c.Previous
	}
	return c.Resource
}

// record appends those changes to the log by which topics are triggered.
func (e *Engine) record(ctx context.Context, tx Tx, c []ResourceChange) (err error) {
	if e.cfg.Observer == nil {
		if !e.concerned(c) {
			return nil
		}
		_, err = e.recordChanges(ctx, tx, c)
		return err
	}
	called := HookCalled{Began: time.Now(), Changes: len(c)}
	if e.concerned(c) {
		called.Recorded, err = e.recordChanges(ctx, tx, c)
	}
	called.Duration, called.Err = time.Since(called.Began), err
	e.observe(ctx, called)
	return err
}

func (e *Engine) recordChanges(ctx context.Context, tx Tx, c []ResourceChange) (recorded int, err error) {
	changes := make([]Change, 0, len(c))
	for i := range c {
		change, err := e.trigger(ctx, &c[i])
		if err != nil {
			return 0, fmt.Errorf("%w: change %d: %w", ErrInvalidChange, i, err)
		}
		if len(change.Topics)+len(change.Undecided) > 0 {
			changes = append(changes, change)
		}
	}
	return len(changes), e.appendChanges(ctx, tx, changes)
}

func (e *Engine) appendChanges(ctx context.Context, tx Tx, changes []Change) error {
	if len(changes) == 0 {
		return nil
	}
	if err := tx.Append(ctx, changes); err != nil {
		return fmt.Errorf("subscription: recording a change: %w", err)
	}
	for i := range changes {
		e.firings.count(changes[i].Topics, changes[i].At)
	}
	e.wake(WorkChanges)
	return nil
}

// read checks a change and returns it as the log has it, and as triggers see it.
func (e *Engine) read(c *ResourceChange) (change Change, seen topic.Change, err error) {
	state, other := c.state(), json.RawMessage(nil)
	if c.Interaction == Update {
		other = c.Previous
	}
	if c.Interaction < Create || c.Interaction > Delete {
		return change, seen, errors.New("the interaction is none of Create, Update and Delete")
	}
	doc, err := fhirpath.Parse(state)
	if err != nil {
		return change, seen, err
	}
	root := doc.Root()
	resourceType, id := root.Get("resourceType").Text(), root.Get("id").Text()
	if resourceType == "" || id == "" {
		return change, seen, errors.New("the resource has no resourceType or no id")
	}
	switch c.Method {
	case "", "POST", "PUT", "PATCH", "DELETE":
	default:
		return change, seen, errors.New("the method is none of HTTP's that change a resource")
	}
	if strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || strings.ContainsRune("/?#%\"\\", r) }) || len(id) > 256 || id == "." || id == ".." {
		return change, seen, errors.New("the id can't be part of a URL")
	}
	if year := c.At.UTC().Year(); year > 9999 {
		return change, seen, errors.New("the time is beyond the year 9999")
	}
	seen = topic.Change{Interaction: c.Interaction, ResourceType: resourceType}
	switch c.Interaction {
	case Create:
		seen.Current = root
	case Delete:
		seen.Previous = root
	case Update:
		seen.Current = root
		if len(other) > 0 {
			before, err := fhirpath.Parse(other)
			if err != nil {
				return change, seen, fmt.Errorf("the previous state: %w", err)
			}
			seen.Previous = before.Root()
		}
	}
	change = Change{
		Tenant: c.Tenant, At: c.At, Interaction: c.Interaction,
		ResourceType: resourceType, ResourceID: id, Resource: state,
		Method: c.Method, URL: c.URL, ResultStatus: c.Status,
	}
	if change.At.IsZero() {
		change.At = time.Now()
	}
	change.At = change.At.UTC().Truncate(time.Microsecond)
	change.describeRequest()
	return change, seen, nil
}

// trigger evaluates the triggers of every topic that names the change's type.
func (e *Engine) trigger(ctx context.Context, c *ResourceChange) (Change, error) {
	change, seen, err := e.read(c)
	if err != nil {
		return change, err
	}
	happened := fired{Trace: e.traceParent(ctx)}
	topics := e.topics.Load()
	for _, t := range topics.triggers([]byte(change.ResourceType), c.Interaction) {
		known := slices.Contains(change.Topics, t.topic.canonical)
		if known && len(t.events) == 0 {
			continue
		}
		if t.needsPrevious && c.Interaction == Update && !seen.Previous.Exists() {
			return change, errors.New("the previous state is missing, and a topic of this type needs it; see Wants")
		}
		if t.needsHost {
			change.undecided(t.topic.canonical, c)
			continue
		}
		fires, err := fires(ctx, t, &seen)
		switch {
		case err != nil:
			change.undecided(t.topic.canonical, c)
		case fires:
			happened.add(t.topic.canonical, t.events)
			if !known {
				change.Topics = append(change.Topics, t.topic.canonical)
			}
		}
	}
	change.Events = happened.bytes()
	change.settleUndecided(topics)
	return change, nil
}

// settleUndecided: a topic that one trigger has fired needs no other one, unless its
// filters ask which did: then the sequencer tries all of them again.
func (c *Change) settleUndecided(topics *topicSet) {
	c.Undecided = slices.DeleteFunc(c.Undecided, func(undecided string) bool {
		i := slices.Index(c.Topics, undecided)
		if i >= 0 && topics.exact[undecided].tellsEvents {
			c.Topics = slices.Delete(c.Topics, i, i+1)
			return false
		}
		return i >= 0
	})
}

// undecided leaves a topic to the sequencer, with all that its trigger may read.
func (c *Change) undecided(canonical string, of *ResourceChange) {
	if !slices.Contains(c.Undecided, canonical) {
		c.Undecided = append(c.Undecided, canonical)
	}
	if of.Interaction == Update {
		c.Previous = of.Previous
	}
}

// describeRequest fills in what the host did not say about the request.
func (c *Change) describeRequest() {
	method, status := "PUT", "200"
	switch c.Interaction {
	case Create:
		method, status = "POST", "201"
	case Delete:
		method, status = "DELETE", "204"
	}
	if c.Method == "" {
		c.Method = method
	}
	if c.URL == "" && c.Interaction == Create {
		c.URL = c.ResourceType
	}
	if c.URL == "" {
		c.URL = c.ResourceType + "/" + c.ResourceID
	}
	if c.ResultStatus == "" {
		c.ResultStatus = status
	}
}

// fires asks a topic's program; a panic in it is an error of that topic only.
func fires(ctx context.Context, t trigger, c *topic.Change) (fires bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			fires, err = false, errors.New("subscription: a topic's program panicked")
		}
	}()
	return t.topic.program.Fires(ctx, t.index, c)
}
