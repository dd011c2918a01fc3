package exprtopic

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
)

// The errors of an evaluation. None holds content of a resource.
var (
	// ErrLimit: the evaluation exceeded Config.MaxSteps, or read too much of a very
	// large resource.
	ErrLimit = errors.New("exprtopic: limit exceeded")
	// ErrEvaluation: an operation failed on this resource, such as the comparison of an
	// absent element by <, which exists() guards against.
	ErrEvaluation = errors.New("exprtopic: evaluation failed")
)

// program is the Program of a topic in expr.
type program struct {
	config   Config
	triggers []trigger
}

// trigger is a compiled Expression. Without run it has no criteria and always fires.
type trigger struct {
	run           *vm.Program
	of            fhirpath.Type
	needsPrevious bool
}

// NeedsPrevious implements topic.Program: whether the expression mentions previous.
func (p *program) NeedsPrevious(i int) bool { return p.triggers[i].needsPrevious }

// NeedsHost implements topic.Program: expr reads the change only.
func (p *program) NeedsHost(int) bool { return false }

// Fires implements topic.Program. A state that is missing is topic.ErrNoState; the
// other errors are ErrLimit, ErrEvaluation and those of ctx, which is looked at every
// 256 steps.
func (p *program) Fires(ctx context.Context, i int, c *topic.Change) (bool, error) {
	t := &p.triggers[i]
	switch err := c.Complete(t.needsPrevious); {
	case err != nil:
		return false, err
	case t.run == nil:
		return true, nil // TRG-10
	case ctx.Err() != nil:
		return false, ctx.Err()
	}
	e := &evaluation{ctx: ctx, release: p.config.Release, steps: p.config.MaxSteps, bytes: maxRead}
	e.current = object{in: e, node: c.Current, of: t.of}
	e.previous = object{in: e, node: c.Previous, of: t.of}
	e.variables = variables{&e.current, &e.previous, c.Interaction.String(), time.Now()}
	result, err := vm.Run(t.run, &e.variables)
	var at *file.Error
	switch {
	case e.err != nil:
		return false, e.err
	case errors.As(err, &at) && at.Line > 0: // its text may have the value that failed
		return false, fmt.Errorf("%w at line %d, column %d", ErrEvaluation, at.Line, at.Column+1)
	case err != nil:
		return false, ErrEvaluation
	}
	return result == true, nil
}

// maxRead is how many bytes of objects an evaluation may look through, each time
// counted: what bounds the time that members of very large objects take.
const maxRead = 4 << 30

// evaluation is the state of one evaluation.
type evaluation struct {
	ctx               context.Context
	release           fhirpath.Release
	steps, bytes      int // that are left
	err               error
	current, previous object
	variables         variables
}

// charge counts steps, and that n is looked through. After it has failed, Fires does.
func (e *evaluation) charge(steps int, n fhirpath.Node) error {
	before := e.steps
	e.steps -= steps
	e.bytes -= len(n.Raw())
	switch {
	case e.err != nil:
	case e.steps < 0 || e.bytes < 0:
		e.err = ErrLimit
	case before>>8 != e.steps>>8:
		e.err = e.ctx.Err()
	}
	return e.err
}

// tick is the function that counts an iteration: tick(current).
func tick(args ...any) (any, error) {
	return nil, args[0].(*object).in.charge(1, fhirpath.Node{})
}
