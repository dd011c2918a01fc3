package fhirpath

import (
	"context"
	"strings"
	"time"
)

// Options is what Compile has to know of an expression's use.
type Options struct {
	// Release of the resources that the expression is for. Required.
	Release Release

	// Variables are the names that Env.Variables may hold, so that an unknown
	// %name is found when the expression is compiled. Known without being listed:
	// context, resource, rootResource, current, previous, ucum, sct, loinc, and
	// all that begin with vs- or ext-.
	Variables []string

	// BooleanUnion makes and, or, xor and implies take several booleans for one
	// that is true if any is. The standard calls that an error, but HL7's own
	// example of a topic writes (a | b) for (a or b). Use it for topics only.
	BooleanUnion bool
}

// Expression is a compiled expression. It is immutable and safe for concurrent
// use.
type Expression struct {
	tree *expr
	run  eval
}

// Compile parses and checks an expression of FHIRPath N1. What this package does
// not support is refused here, by name, never answered with nothing. The error is
// a *CompileError with the position; it is ErrLimit if the expression is too
// large.
func Compile(source string, o Options) (*Expression, error) {
	tree, err := parse(source)
	if err != nil {
		return nil, err
	}
	c := compiler{source: source, options: o}
	if o.Release < R4 || o.Release > R5 {
		return nil, c.fail(tree, "Options.Release is no FHIR release")
	}
	run, err := c.compile(tree)
	if err != nil {
		return nil, err
	}
	return &Expression{tree: tree, run: run}, nil
}

// String returns the expression in a uniform writing that compiles to the same.
func (e *Expression) String() string {
	var b strings.Builder
	e.tree.print(&b)
	return b.String()
}

// UsesUnionAsOr reports whether an operand of and, or, xor or implies is a union,
// for which Options.BooleanUnion was made. An author should write or.
func (e *Expression) UsesUnionAsOr() bool { return e.tree.usesUnionAsOr() }

func (e *expr) usesUnionAsOr() bool {
	if e == nil {
		return false
	}
	if e.form == binaryForm && precedence(e.text) <= precedence("and") {
		for _, operand := range []*expr{e.left, e.right} {
			if operand.form == binaryForm && operand.text == "|" {
				return true
			}
		}
	}
	for _, arg := range e.args {
		if arg.usesUnionAsOr() {
			return true
		}
	}
	return e.left.usesUnionAsOr() || e.right.usesUnionAsOr()
}

// Variable is the value of %Name. An Absent Value is the empty collection.
type Variable struct {
	Name  string
	Value Node
}

// Env is what an evaluation sees beside its focus. A variable that is not given
// is empty: %previous on a create.
type Env struct {
	Variables []Variable
	Now       time.Time // of now() and today(); zero: the time of the call
}

// Evaluate returns what the expression gives for focus, which may be Absent. ctx
// ends it early. Errors are ctx's, or one of this package's: ErrLimit,
// ErrSingleton, ErrOperand, ErrNotBoolean, ErrUnknownType, ErrUnit.
func (e *Expression) Evaluate(ctx context.Context, focus Node, env Env) (Collection, error) {
	return e.AppendNodes(ctx, nil, focus, env)
}

// AppendNodes is Evaluate into the caller's slice: it appends the result, elements
// as well as computed values, to dst and returns it. On an error it returns dst.
func (e *Expression) AppendNodes(ctx context.Context, dst []Item, focus Node, env Env) ([]Item, error) {
	f := frames.Get().(*frame)
	defer f.release()
	out, err := e.start(f, ctx, dst, focus, env)
	if err != nil {
		return dst, err
	}
	return out, nil
}

func (e *Expression) start(f *frame, ctx context.Context, dst []Item, focus Node, env Env) ([]Item, error) {
	f.ctx, f.env, f.focus = ctx, env, focus
	if err := ctx.Err(); err != nil {
		return dst, err
	}
	it, ok := nodeItem(focus)
	if !ok {
		return e.run(f, nil, dst)
	}
	f.root[0] = it
	return e.run(f, f.root[:], dst)
}

// Bool evaluates a criterion: true for a single boolean true, false for false and
// for an empty result. Everything else, several items too, is ErrNotBoolean.
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
