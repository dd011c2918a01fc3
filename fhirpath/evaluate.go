package fhirpath

import (
	"context"
	"time"
)

// Env is what an evaluation sees beside its focus. The zero Env is for expressions
// that need nothing.
type Env struct {
	// Variables that are not given are empty: %previous on a create.
	Variables []Variable

	Now time.Time // of now() and today(); zero: the time of the call

	Resolver    Resolver    // nil: resolve() of a reference that leads out of the document is ErrNoResolver
	Terminology Terminology // nil: memberOf and its kin are ErrNoTerminology

	// Trace is given what trace() is called on, during the evaluation. It is
	// content of resources: whoever sets it decides where that may go. nil: trace()
	// only returns its input.
	Trace func(name string, items Collection)
}

// Variable is the value of %Name. An Absent Value is the empty collection.
type Variable struct {
	Name  string // without the %
	Value Node   // of any document
}

// Resolver fetches the resources that references name. It is called during
// Evaluate, with its context, and must be safe for as many calls at once as there
// are evaluations.
type Resolver interface {
	// Resolve returns the resource that a reference names, as the element
	// Reference.reference or a canonical has it, or nil if there is none, which
	// makes resolve() leave the reference out. An error ends the evaluation.
	Resolve(ctx context.Context, reference string) (*Doc, error)
}

// Terminology answers what only a terminology service knows. It is called during
// Evaluate as a Resolver is. An error, also for a value set or code system that is
// not known, ends the evaluation.
type Terminology interface {
	// MemberOf reports whether a code is in the value set of that canonical url.
	// system is "" where the element has only a code.
	MemberOf(ctx context.Context, system, code, valueSet string) (bool, error)

	// Subsumes reports whether code a of a code system is b or an ancestor of b.
	Subsumes(ctx context.Context, system, a, b string) (bool, error)
}

// Evaluate returns what the expression gives for focus, which may be Absent, a
// resource, or any element of one. ctx ends it early. Errors are ctx's, those of
// the Resolver and the Terminology, or this package's: ErrLimit, ErrSingleton,
// ErrOperand, ErrNotBoolean, ErrUnknownType, ErrNoResolver, ErrNoTerminology,
// ErrProfile, ErrModifier, with their place in an EvaluationError where an operator or
// function fails.
func (e *Expression) Evaluate(ctx context.Context, focus Node, env Env) (Collection, error) {
	return e.AppendItems(ctx, nil, focus, env)
}

// AppendItems is Evaluate into the caller's slice: it appends the result, elements
// as well as computed values, to dst and returns it. On an error it returns dst.
func (e *Expression) AppendItems(ctx context.Context, dst []Item, focus Node, env Env) ([]Item, error) {
	f := frames.Get().(*frame)
	defer f.release()
	out, err := e.start(f, ctx, dst, focus, env)
	if err != nil {
		return dst, err
	}
	return out, nil
}

func (e *Expression) start(f *frame, ctx context.Context, dst []Item, focus Node, env Env) ([]Item, error) {
	f.ctx, f.model, f.env, f.focus, f.index = ctx, e.model, env, focus, -1
	if e.slots > 0 {
		f.defined = make([][]Item, e.slots)
	}
	if err := ctx.Err(); err != nil {
		return dst, err
	}
	it, ok := f.item(focus)
	if !ok {
		return e.run(f, nil, dst)
	}
	f.root[0] = it
	return e.run(f, f.root[:], dst)
}

// Bool evaluates a criterion: true for a single boolean true, false for false and
// for an empty result. Everything else, several items too, is ErrNotBoolean. It
// does not allocate beyond what the expression computes.
func (e *Expression) Bool(ctx context.Context, focus Node, env Env) (bool, error) {
	f := frames.Get().(*frame)
	defer f.release()
	out, err := e.start(f, ctx, f.take(), focus, env)
	if err != nil {
		return false, err
	}
	defer f.put(out)
	if len(out) == 0 {
		return false, nil
	}
	if value, ok := out[0].Bool(); ok && len(out) == 1 {
		return value, nil
	}
	return false, ErrNotBoolean
}

// Strings appends the text of each item that has one to dst, as by Item.String.
func (e *Expression) Strings(ctx context.Context, dst []string, focus Node, env Env) ([]string, error) {
	f := frames.Get().(*frame)
	defer f.release()
	out, err := e.start(f, ctx, f.take(), focus, env)
	if err != nil {
		return dst, err
	}
	for _, it := range out {
		if it.hasValue() {
			dst = append(dst, it.String())
		}
	}
	f.put(out)
	return dst, nil
}

// First returns the first item of the result. ok is false if there is none.
func (e *Expression) First(ctx context.Context, focus Node, env Env) (it Item, ok bool, err error) {
	f := frames.Get().(*frame)
	defer f.release()
	out, err := e.start(f, ctx, f.take(), focus, env)
	if err != nil || len(out) == 0 {
		return it, false, err
	}
	it = out[0]
	f.put(out)
	return it, true, nil
}

// item makes an item of a node that is not reached by a path. There is none of
// null and Absent.
func (f *frame) item(n Node) (Item, bool) {
	if kind := n.Kind(); kind == Absent || kind == Null {
		return Item{}, false
	}
	return Item{node: n, typ: f.model.at(n)}, true
}
