package celtopic

import (
	"context"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/celtrigger"
	"github.com/carillon-fhir/carillon/topic"
)

// The errors of an evaluation. None holds content of a resource.
var (
	// ErrLimit: the evaluation exceeded Config.MaxCost, or read too much of a very
	// large resource.
	ErrLimit = celtrigger.ErrLimit
	// ErrEvaluation: an operation failed on this resource, such as the comparison of an
	// absent element by <, which has() guards against.
	ErrEvaluation = celtrigger.ErrEvaluation
)

// program is the Program of a topic in CEL.
type program struct {
	release  fhirpath.Release
	triggers []trigger
}

// trigger is a compiled Expression. The zero value has no criteria and always fires.
type trigger struct {
	*celtrigger.Trigger
	of fhirpath.Type
}

// NeedsPrevious implements topic.Program: whether the expression mentions previous.
func (p *program) NeedsPrevious(i int) bool {
	t := p.triggers[i].Trigger
	return t != nil && t.NeedsPrevious
}

// NeedsHost implements topic.Program: CEL reads the change only.
func (p *program) NeedsHost(int) bool { return false }

// Fires implements topic.Program. A state that is missing is topic.ErrNoState; the
// other errors are ErrLimit, ErrEvaluation and those of ctx, which is looked at every
// hundred iterations.
func (p *program) Fires(ctx context.Context, i int, c *topic.Change) (bool, error) {
	t := &p.triggers[i]
	if err := c.Complete(p.NeedsPrevious(i)); err != nil {
		return false, err
	}
	if t.Trigger == nil {
		return true, nil // TRG-10
	}
	e := &evaluation{release: p.release, left: maxRead, interaction: c.Interaction}
	e.current = object{in: e, node: c.Current, of: t.of}
	e.previous = object{in: e, node: c.Previous, of: t.of}
	fires, err := t.Fires(ctx, e)
	if e.left < 0 {
		return false, ErrLimit
	}
	return fires, err
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
