package celtopic

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/interpreter"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
)

// The errors of an evaluation. None holds content of a resource.
var (
	// ErrLimit: the evaluation exceeded Config.MaxCost, or read too much of a very
	// large resource.
	ErrLimit = errors.New("celtopic: limit exceeded")
	// ErrEvaluation: an operation failed on this resource, such as the comparison of an
	// absent element by <, which has() guards against.
	ErrEvaluation = errors.New("celtopic: evaluation failed")
)

// program is the Program of a topic in CEL.
type program struct {
	release  fhirpath.Release
	triggers []trigger
}

// trigger is a compiled Expression. Without run it has no criteria and always fires.
type trigger struct {
	run           cel.Program
	of            fhirpath.Type
	info          *ast.SourceInfo
	needsPrevious bool
}

// NeedsPrevious implements topic.Program: whether the expression mentions previous.
func (p *program) NeedsPrevious(i int) bool { return p.triggers[i].needsPrevious }

// NeedsHost implements topic.Program: CEL reads the change only.
func (p *program) NeedsHost(int) bool { return false }

// Fires implements topic.Program. A state that is missing is topic.ErrNoState; the
// other errors are ErrLimit, ErrEvaluation and those of ctx, which is looked at every
// hundred iterations.
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
	e := &evaluation{release: p.release, left: maxRead, interaction: c.Interaction}
	e.current = object{in: e, node: c.Current, of: t.of}
	e.previous = object{in: e, node: c.Previous, of: t.of}
	result, _, err := t.run.ContextEval(ctx, e)
	switch {
	case e.left < 0:
		return false, ErrLimit
	case err != nil:
		return false, t.failure(ctx, err)
	}
	return result == types.True, nil
}

// failure makes an error without content of the one that CEL gives, which may have
// the value that it failed on.
func (t *trigger) failure(ctx context.Context, err error) error {
	var cancelled interpreter.EvalCancelledError
	var failed *types.Err
	switch {
	case errors.As(err, &cancelled) && cancelled.Cause == interpreter.CostLimitExceeded:
		return ErrLimit
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &failed):
		if at := t.info.GetStartLocation(failed.NodeID()); at.Line() > 0 {
			return fmt.Errorf("%w at line %d, column %d", ErrEvaluation, at.Line(), at.Column()+1)
		}
	}
	return ErrEvaluation
}

// maxRead is how many bytes of objects an evaluation may look through, each time
// counted: what bounds the time that fields of very large objects take, which have a
// cost of one like any other.
const maxRead = 4 << 30

// evaluation is the state of one evaluation and the variables of its expression.
type evaluation struct {
	release           fhirpath.Release
	left              int // of maxRead
	current, previous object
	interaction       topic.Interaction
	now               time.Time // once it was asked for
}

// charge counts that n is looked through. After it has failed, Fires does.
func (e *evaluation) charge(n fhirpath.Node) error {
	if e.left -= len(n.Raw()); e.left < 0 {
		return ErrLimit
	}
	return nil
}

// ResolveName implements cel.Activation.
func (e *evaluation) ResolveName(name string) (any, bool) {
	switch name {
	case "current":
		return &e.current, true
	case "previous":
		return &e.previous, true
	case "interaction":
		return types.String(e.interaction.String()), true
	case "now":
		if e.now.IsZero() {
			e.now = time.Now()
		}
		return types.Timestamp{Time: e.now}, true
	}
	return nil, false
}

// Parent implements cel.Activation.
func (e *evaluation) Parent() cel.Activation { return nil }
