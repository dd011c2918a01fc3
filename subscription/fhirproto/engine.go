package fhirproto

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	basics "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/basic_go_proto"
	bundles "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/bundle_and_contained_resource_go_proto"
	subscriptions "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/subscription_go_proto"
	"google.golang.org/protobuf/proto"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// Engine is a subscription.Engine that takes and gives protos. What has no proto in it,
// such as Run, Delete and Handler, is that Engine's own.
type Engine struct{ *subscription.Engine }

// New is subscription.New for a host of R4; another Release is ErrRelease.
func New(cfg subscription.Config) (*Engine, error) {
	if cfg.Release != subscription.R4 {
		return nil, fmt.Errorf("%w: Config.Release is %v", ErrRelease, cfg.Release)
	}
	engine, err := subscription.New(cfg)
	if err != nil {
		return nil, err
	}
	return &Engine{engine}, nil
}

// ResourceChange is one change of one resource: a subscription.ResourceChange whose states
// are resources of R4, such as *patient_go_proto.Patient, or ContainedResources.
type ResourceChange struct {
	Tenant      string                   // "" for a host without tenants
	Interaction subscription.Interaction // required
	Resource    proto.Message            // state after Create and Update, with id; ignored for Delete
	Previous    proto.Message            // state before Update and Delete; ignored for Create
	At          time.Time                // when it happened; zero means now

	Method, URL, Status string // see subscription.ResourceChange
}

// OnResourceChange is that of subscription.Engine. A state that can't be written as JSON
// is an error, ErrRelease or ErrUnwritable, and nothing is recorded. The states must not
// be changed before it returns.
func (e *Engine) OnResourceChange(ctx context.Context, c ...ResourceChange) error {
	changes, err := e.wanted(c)
	if err != nil || len(changes) == 0 {
		return err
	}
	return e.Engine.OnResourceChange(ctx, changes...)
}

// OnResourceChangeTx is OnResourceChange in the host's own transaction.
func (e *Engine) OnResourceChangeTx(ctx context.Context, tx subscription.Tx, c ...ResourceChange) error {
	changes, err := e.wanted(c)
	if err != nil || len(changes) == 0 {
		return err
	}
	return e.Engine.OnResourceChangeTx(ctx, tx, changes...)
}

// wanted writes those of the changes that a topic might be triggered by, in those of
// their states that it looks at.
func (e *Engine) wanted(c []ResourceChange) ([]subscription.ResourceChange, error) {
	var changes []subscription.ResourceChange
	for i := range c {
		change := subscription.ResourceChange{
			Tenant: c[i].Tenant, Interaction: c[i].Interaction, At: c[i].At,
			Method: c[i].Method, URL: c[i].URL, Status: c[i].Status,
		}
		state := c[i].Resource
		if c[i].Interaction == subscription.Delete {
			state = c[i].Previous
		}
		name, err := typeOf(state)
		if err != nil {
			return nil, fmt.Errorf("fhirproto: change %d: %w", i, err)
		}
		current, previous := e.Wants(c[i].Tenant, name, c[i].Interaction)
		if !current && !previous {
			continue
		}
		if current {
			change.Resource, err = ToJSON(c[i].Resource)
		}
		if previous && err == nil {
			change.Previous, err = ToJSON(c[i].Previous)
		}
		if err != nil {
			return nil, fmt.Errorf("fhirproto: change %d: %w", i, err)
		}
		changes = append(changes, change)
	}
	return changes, nil
}

// Stored is a Subscription as a client reads it; see subscription.Stored.
type Stored struct {
	ID           string                      // the logical id
	VersionID    string                      // meta.versionId, for ETag and If-Match
	LastUpdated  time.Time                   // meta.lastUpdated
	Subscription *subscriptions.Subscription // with id, meta, status and error; values of headers are ***
}

func stored(s subscription.Stored, err error) (Stored, error) {
	if err != nil {
		return Stored{}, err
	}
	resource, err := read(s.Resource, (*bundles.ContainedResource).GetSubscription)
	return Stored{s.ID, s.VersionID, s.LastUpdated, resource}, err
}

// Create is that of subscription.Engine.
func (e *Engine) Create(ctx context.Context, tenant string, s *subscriptions.Subscription) (Stored, error) {
	raw, err := ToJSON(s)
	if err != nil {
		return Stored{}, err
	}
	return stored(e.Engine.Create(ctx, tenant, raw))
}

// Update is that of subscription.Engine.
func (e *Engine) Update(ctx context.Context, tenant, id string, s *subscriptions.Subscription, version string) (updated Stored, created bool, err error) {
	raw, err := ToJSON(s)
	if err != nil {
		return Stored{}, false, err
	}
	now, created, err := e.Engine.Update(ctx, tenant, id, raw, version)
	updated, err = stored(now, err)
	return updated, created, err
}

// Get is that of subscription.Engine.
func (e *Engine) Get(ctx context.Context, tenant, id string) (Stored, error) {
	return stored(e.Engine.Get(ctx, tenant, id))
}

// Check is that of subscription.Engine, for hosts that keep Subscriptions themselves.
func (e *Engine) Check(ctx context.Context, tenant string, s *subscriptions.Subscription) (*subscriptions.Subscription, error) {
	raw, err := ToJSON(s)
	if err != nil {
		return nil, err
	}
	if raw, err = e.Engine.Check(ctx, tenant, subscription.R4, raw); err != nil {
		return nil, err
	}
	return read(raw, (*bundles.ContainedResource).GetSubscription)
}

// Status is the operation $status; see subscription.Engine.
func (e *Engine) Status(ctx context.Context, tenant string, ids []string, statuses []subscription.Status, self string) (*bundles.Bundle, error) {
	return bundle(e.Engine.Status(ctx, tenant, ids, statuses, self))
}

// Events is the operation $events; see subscription.Engine.
func (e *Engine) Events(ctx context.Context, tenant, id string, since, until int64, content notification.Content) (*bundles.Bundle, error) {
	return bundle(e.Engine.Events(ctx, tenant, id, since, until, content))
}

func bundle(raw json.RawMessage, err error) (*bundles.Bundle, error) {
	if err != nil {
		return nil, err
	}
	return Bundle(raw)
}

// ParseTopic reads a topic in its form for R4, a Basic resource; see topic.Parse.
func ParseTopic(b *basics.Basic) (*topic.Topic, error) {
	raw, err := ToJSON(b)
	if err != nil {
		return nil, err
	}
	return topic.Parse(raw)
}
