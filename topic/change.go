package topic

import (
	"errors"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// Interaction is the RESTful interaction that changed a resource. The codes are
// those of SubscriptionTopic.resourceTrigger.supportedInteraction.
type Interaction uint8

// A patch or conditional update counts as Update, an update that creates as
// Create, each entry of a transaction as its own interaction.
const (
	Create Interaction = iota + 1
	Update
	Delete
)

// String returns the code of the value set interaction-trigger.
func (i Interaction) String() string {
	switch i {
	case Create:
		return "create"
	case Update:
		return "update"
	case Delete:
		return "delete"
	}
	return "unknown"
}

// Change is one change of one resource as triggers see it. Current is absent on
// Delete, Previous on Create.
type Change struct {
	Interaction  Interaction   // what was done to the resource
	ResourceType string        // of both states
	Current      fhirpath.Node // the state after it
	Previous     fhirpath.Node // the state before it; also absent on Update if the host did not give it
}

// ErrNoState is returned by a Program if a Change lacks the state that the
// criteria ask about.
var ErrNoState = errors.New("topic: the change lacks a state that the criteria read")

// Complete returns ErrNoState if the change lacks a state that a Program which tells of
// NeedsPrevious so can't do without: what each Program asks first in Fires.
func (c *Change) Complete(needsPrevious bool) error {
	if c.Interaction != Delete && !c.Current.Exists() || c.Interaction != Create && !c.Previous.Exists() && needsPrevious {
		return ErrNoState
	}
	return nil
}
