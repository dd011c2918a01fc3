package exprtopic

import (
	"errors"
	"fmt"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
)

// Language is the language of the Expressions that an Evaluator takes. The language
// has no registered MIME type.
const Language = "text/x-expr"

// Config is what an Evaluator is made of.
type Config struct {
	Release fhirpath.Release // of the host's resources; required

	// MaxSteps bounds the work of one evaluation: a step is an element that is read, a
	// value of a list, or an iteration. Default: 100,000, which is some hundredths of a
	// second. More than that is ErrLimit.
	MaxSteps int
}

// The limits of an expression. What exceeds them is refused by Compile.
const (
	MaxExpression = 10_000 // in bytes
	MaxNesting    = 100    // of operators, calls and members
)

// Evaluator makes Programs of topics whose criteria are in expr. It is a
// subscription.TopicEvaluator, immutable, and safe for concurrent use.
type Evaluator struct{ config Config }

// New returns an Evaluator, or what is wrong with c.
func New(c Config) (*Evaluator, error) {
	if c.Release.Version() == "" {
		return nil, errors.New("exprtopic: Config.Release is required")
	}
	if c.MaxSteps < 0 {
		return nil, errors.New("exprtopic: Config.MaxSteps must be positive")
	}
	if c.MaxSteps == 0 {
		c.MaxSteps = 100_000
	}
	return &Evaluator{c}, nil
}

// Language returns text/x-expr.
func (e *Evaluator) Language() string { return Language }

// Compile checks the Expressions of the topic's triggers against the definitions of
// their resource types and makes them executable. It returns nil and no error for a
// topic that has no Expression in expr; see topic.Topic.WrittenIn for one that has
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
	return &program{config: e.config, triggers: triggers}, nil
}

func (e *Evaluator) trigger(t *topic.ResourceTrigger, at string) (trigger, error) {
	of, ok := e.config.Release.Type(t.Resource)
	if !ok || !of.IsResource() {
		return trigger{}, &topic.ElementError{Element: at + ".resource", Problem: "names no resource type of " + e.config.Release.String()}
	}
	if t.Expression == nil {
		return trigger{}, nil
	}
	run, needsPrevious, err := compile(t.Expression.Expression, of)
	if err != nil {
		return trigger{}, &topic.ElementError{
			Element: at + ".extension('" + topic.ExpressionURL + "')", Problem: "can't be evaluated: " + readable(err).Error(),
		}
	}
	return trigger{run: run, of: of, needsPrevious: needsPrevious}, nil
}

func compile(source string, of fhirpath.Type) (run *vm.Program, needsPrevious bool, err error) {
	if len(source) > MaxExpression {
		return nil, false, errors.New("it is too long")
	}
	tree, err := parser.Parse(source)
	if err != nil {
		return nil, false, err
	}
	r := &reader{resource: of}
	gives := r.read(&tree.Node)
	if r.err == nil && (gives.kind != boolKind || gives.mayBeAbsent) {
		r.fail(tree.Node, "a criterion gives true or false: compare an element that may be absent, as in current.active == true")
	}
	if r.err != nil {
		return nil, false, r.err.Bind(tree.Source)
	}
	config := conf.New(variables{})
	for _, option := range []expr.Option{
		expr.AsBool(),
		expr.Function(elementFunction, element), expr.Function(equalFunction, equal),
		expr.Function(tickFunction, tick), expr.Function(existsFunction, exists),
	} {
		option(config)
	}
	if _, err := checker.Check(tree, config); err != nil {
		return nil, false, err
	}
	run, err = compiler.Compile(tree, config)
	return run, r.needsPrevious, err
}

// readable takes the picture of the expression out of an error of expr's.
func readable(err error) error {
	var at *file.Error
	if errors.As(err, &at) && at.Line > 0 {
		return fmt.Errorf("%s at line %d, column %d", at.Message, at.Line, at.Column+1)
	}
	return err
}
