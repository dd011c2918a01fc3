// Package protocel evaluates topics whose criteria are CEL over the protos of
// github.com/google/fhir/go, for hosts that think in them:
//
//	current.status.value == EncounterStatusCode.Value.FINISHED &&
//	previous.status.value != EncounterStatusCode.Value.FINISHED
//
// It takes the place of topic/celtopic, whose expressions are over the elements of the
// JSON: both serve the language text/cel, so an engine has one of them. Names of
// messages and codes are those of google.fhir.r4.core, which need not be written.
//
// What CEL says of protos holds: a message that is not set reads as an empty one, so
// previous on create and current on delete are empty, has(current.period) tells whether it
// is set, decimals are strings, and a choice is read as current.value.quantity.value.value.
// exists(previous) asks whether anything is there.
//
// It is for R4. A change is read into protos again for each trigger that asks, about a
// hundred times what celtopic takes; and a resource which those can't hold, for an element
// that R4 does not define, is an error of the evaluation: the change is kept and asked
// about once more, and then the trigger does not fire.
package protocel

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	bundles "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/bundle_and_contained_resource_go_proto"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/celtrigger"
	"github.com/carillon-fhir/carillon/subscription/fhirproto"
	"github.com/carillon-fhir/carillon/topic"
)

// Language is the language of the Expressions that an Evaluator takes.
const Language = "text/cel"

// Config is what an Evaluator is made of.
type Config struct {
	// MaxCost bounds the work of one evaluation, in units of CEL's cost; default 100,000.
	// More than that is ErrLimit.
	MaxCost uint64
}

// The errors of an evaluation, beside fhirproto.ErrUnreadable. None holds content of a
// resource.
var (
	ErrLimit      = celtrigger.ErrLimit      // the evaluation exceeded Config.MaxCost
	ErrEvaluation = celtrigger.ErrEvaluation // an operation failed on this resource
)

const container = "google.fhir.r4.core"

// Evaluator makes Programs of topics whose criteria are in CEL over protos. It is a
// subscription.TopicEvaluator, immutable, and safe for concurrent use.
type Evaluator struct {
	maxCost   uint64
	env       *cel.Env
	resources map[string]protoreflect.Message // empty ones, by type
}

// New returns an Evaluator.
func New(c Config) (*Evaluator, error) {
	if c.MaxCost == 0 {
		c.MaxCost = celtrigger.DefaultCost
	}
	// A ContainedResource knows all resources, and they all their parts.
	env, err := celtrigger.Environment(exists, cel.Container(container), cel.Types(&bundles.ContainedResource{}))
	if err != nil {
		return nil, fmt.Errorf("protocel: %w", err)
	}
	e := &Evaluator{maxCost: c.MaxCost, env: env, resources: map[string]protoreflect.Message{}}
	contained := (&bundles.ContainedResource{}).ProtoReflect()
	fields := contained.Descriptor().Fields()
	for i := range fields.Len() {
		empty := contained.NewField(fields.Get(i)).Message()
		e.resources[string(empty.Descriptor().Name())] = empty
	}
	return e, nil
}

// Language returns text/cel.
func (e *Evaluator) Language() string { return Language }

// Compile checks the Expressions of the topic's triggers against the protos of their
// resource types and makes them executable; see subscription.TopicEvaluator. The error
// joins a *topic.ElementError for each trigger that can't be evaluated.
func (e *Evaluator) Compile(t *topic.Topic) (topic.Program, error) {
	if written, err := t.WrittenIn(Language); !written {
		return nil, err
	}
	triggers, err := topic.CompileTriggers(t, e.trigger)
	if err != nil {
		return nil, err
	}
	return program(triggers), nil
}

func (e *Evaluator) trigger(t *topic.ResourceTrigger, at string) (trigger, error) {
	of, ok := e.resources[t.Resource]
	if !ok {
		return trigger{}, &topic.ElementError{Element: at + ".resource", Problem: "names no resource type that R4 has as a proto"}
	}
	if t.Expression == nil {
		return trigger{}, nil
	}
	compiled, err := celtrigger.Compile(e.env, t.Expression.Expression, cel.ObjectType(string(of.Descriptor().FullName())), e.maxCost, visit)
	if err != nil {
		return trigger{}, &topic.ElementError{
			Element: at + ".extension('" + topic.ExpressionURL + "')", Problem: "can't be evaluated: " + err.Error(),
		}
	}
	return trigger{compiled, of}, nil
}

// visit refuses to make messages: a criterion only reads.
func visit(_ *ast.AST, e ast.Expr) error {
	if e.Kind() == ast.StructKind {
		return errors.New("messages can be read, not made")
	}
	return nil
}

// exists reports whether a message has anything set, or a value is another than null.
func exists(value ref.Val) ref.Val {
	switch v := value.Value().(type) {
	case proto.Message:
		return types.Bool(proto.Size(v) > 0)
	case nil:
		return types.False
	}
	return types.Bool(value.Type() != types.NullType)
}

// trigger is a compiled Expression. The zero value has no criteria and always fires.
type trigger struct {
	*celtrigger.Trigger
	of protoreflect.Message
}

type program []trigger

// NeedsPrevious implements topic.Program: whether the expression mentions previous.
func (p program) NeedsPrevious(i int) bool {
	return p[i].Trigger != nil && p[i].Trigger.NeedsPrevious
}

// NeedsHost implements topic.Program: CEL reads the change only.
func (p program) NeedsHost(int) bool { return false }

// Fires implements topic.Program. A state that is missing is topic.ErrNoState; the other
// errors are ErrLimit, ErrEvaluation, fhirproto.ErrUnreadable and those of ctx.
func (p program) Fires(ctx context.Context, i int, c *topic.Change) (bool, error) {
	t := &p[i]
	if err := c.Complete(p.NeedsPrevious(i)); err != nil {
		return false, err
	}
	if t.Trigger == nil {
		return true, nil // TRG-10
	}
	if ctx.Err() != nil { // before the costly part
		return false, ctx.Err()
	}
	current, err := t.read(c.Current)
	if err != nil {
		return false, err
	}
	previous := t.of.Interface()
	if t.NeedsPrevious {
		if previous, err = t.read(c.Previous); err != nil {
			return false, err
		}
	}
	variables, err := cel.NewActivation(map[string]any{
		"current": current, "previous": previous, "interaction": c.Interaction.String(), "now": time.Now(),
	})
	if err != nil {
		return false, ErrEvaluation
	}
	return t.Trigger.Fires(ctx, variables)
}

// read gives a state as a proto, an empty one if it is not there.
func (t *trigger) read(state fhirpath.Node) (proto.Message, error) {
	if !state.Exists() {
		return t.of.Interface(), nil
	}
	contained, err := fhirproto.FromJSON(state.Raw())
	if err != nil {
		return nil, err
	}
	resource := fhirproto.Resource(contained)
	if resource == nil || resource.ProtoReflect().Descriptor() != t.of.Descriptor() {
		return nil, fhirproto.ErrUnreadable
	}
	return resource, nil
}
