package celtopic

import (
	"errors"
	"fmt"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/celtrigger"
	"github.com/carillon-fhir/carillon/topic"
)

// Language is the language of the Expressions that an Evaluator takes.
const Language = "text/cel"

// Config is what an Evaluator is made of.
type Config struct {
	Release fhirpath.Release // of the host's resources; required

	// MaxCost bounds the work of one evaluation, in units of CEL's cost: about one for
	// each field, call and iteration, and one for each ten characters of a string that
	// is searched. Default: 100,000, which is some tenths of a second. More than that
	// is ErrLimit.
	MaxCost uint64
}

// The limits of an expression. What exceeds them is refused by Compile.
const (
	MaxExpression = celtrigger.MaxExpression // in characters
	MaxNesting    = celtrigger.MaxNesting    // of operators and brackets
)

// Evaluator makes Programs of topics whose criteria are in CEL. It is a
// subscription.TopicEvaluator, immutable, and safe for concurrent use.
type Evaluator struct {
	release fhirpath.Release
	maxCost uint64
	env     *cel.Env // without current and previous, whose type is the trigger's
}

// New returns an Evaluator, or what is wrong with c.
func New(c Config) (*Evaluator, error) {
	if c.Release.Version() == "" {
		return nil, errors.New("celtopic: Config.Release is required")
	}
	if c.MaxCost == 0 {
		c.MaxCost = celtrigger.DefaultCost
	}
	own, err := types.NewRegistry()
	if err != nil {
		return nil, fmt.Errorf("celtopic: %w", err)
	}
	env, err := celtrigger.Environment(exists, cel.CustomTypeProvider(provider{c.Release, own}))
	if err != nil {
		return nil, fmt.Errorf("celtopic: %w", err)
	}
	return &Evaluator{release: c.Release, maxCost: c.MaxCost, env: env}, nil
}

// Language returns text/cel.
func (e *Evaluator) Language() string { return Language }

// Compile checks the Expressions of the topic's triggers against the definitions of
// their resource types and makes them executable. It returns nil and no error for a
// topic that has no Expression in CEL; see topic.Topic.WrittenIn for one that has
// others as well. The error joins a *topic.ElementError for each trigger that can't
// be evaluated.
func (e *Evaluator) Compile(t *topic.Topic) (topic.Program, error) {
	if written, err := t.WrittenIn(Language); !written {
		return nil, err
	}
	triggers, err := topic.CompileTriggers(t, e.trigger)
	if err != nil {
		return nil, err
	}
	return &program{release: e.release, triggers: triggers}, nil
}

func (e *Evaluator) trigger(t *topic.ResourceTrigger, at string) (trigger, error) {
	of, ok := e.release.Type(t.Resource)
	if !ok || !of.IsResource() {
		return trigger{}, &topic.ElementError{Element: at + ".resource", Problem: "names no resource type of " + e.release.String()}
	}
	if t.Expression == nil {
		return trigger{}, nil
	}
	compiled, err := celtrigger.Compile(e.env, t.Expression.Expression, types.NewObjectType(objectName(of)), e.maxCost, visit)
	if err != nil {
		return trigger{}, &topic.ElementError{
			Element: at + ".extension('" + topic.ExpressionURL + "')", Problem: "can't be evaluated: " + err.Error(),
		}
	}
	return trigger{compiled, of}, nil
}
