package fhirpath

import (
	"slices"
	"strings"
)

// compiler turns a parsed expression into closures.
type compiler struct {
	source  string
	options Options
	model   *model
	scope   []definition // what defineVariable defined, as far as it can be seen here
	slots   int          // definitions so far
	needs   Needs

	inferences int // of the check so far
}

func (c *compiler) fail(e *expr, problem string) error {
	return &CompileError{Expression: c.source, Offset: e.at, Problem: problem}
}

func (c *compiler) compile(e *expr) (eval, error) {
	if t, err := c.decision(e); t != nil || err != nil {
		return answer(t), err
	}
	switch e.form {
	case literalForm:
		return constant(e.value), nil
	case emptyForm:
		return func(_ *frame, _, out []Item) ([]Item, error) { return out, nil }, nil
	case nameForm, memberForm:
		return c.path(e)
	case variableForm:
		return c.variable(e)
	case dollarForm:
		return dollar(e.text), nil
	}
	run, err := c.operation(e)
	return c.located(e, run), err
}

// operation compiles what can fail for what it is given.
func (c *compiler) operation(e *expr) (eval, error) {
	switch e.form {
	case callForm:
		return c.call(e)
	case indexerForm:
		return c.indexer(e)
	case unaryForm:
		return c.unary(e)
	case typeForm:
		t, err := c.specifierOf(e.right)
		if err != nil {
			return nil, err
		}
		return c.asOperator(e.left, t)
	}
	return c.binary(e)
}

func constant(value any) eval {
	it := Item{value: value}
	return func(_ *frame, _, out []Item) ([]Item, error) { return append(out, it), nil }
}

func dollar(name string) eval {
	return func(f *frame, this, out []Item) ([]Item, error) {
		switch name {
		case "index":
			if f.index < 0 {
				return out, nil // outside of what goes through items
			}
			return append(out, Item{value: int64(f.index)}), nil
		case "total":
			return append(out, f.total...), f.charge(len(f.total))
		}
		return append(out, this...), f.charge(len(this))
	}
}

// path compiles a chain of names as one closure, so that no collection is built
// between its steps.
func (c *compiler) path(e *expr) (eval, error) {
	var steps []*step
	for ; e.form == memberForm; e = e.left {
		if err := c.element(e); err != nil {
			return nil, err
		}
		steps = append(steps, newStep(e.text))
	}
	slices.Reverse(steps)
	if e.form != nameForm {
		base, err := c.compile(e)
		if err != nil {
			return nil, err
		}
		return follow(base, steps), nil
	}
	if err := c.element(e); err != nil {
		return nil, err
	}
	if 'A' <= e.text[0] && e.text[0] <= 'Z' {
		t := c.model.structures[e.text]
		if t == nil {
			return nil, c.fail(e, "unknown type "+quoteName(e.text)+" in "+c.options.Release.String()+
				"; an element's name begins in lower case")
		}
		return c.located(e, ofRootType(typeSpecifier{name: e.text, fhir: t}, steps)), nil
	}
	steps = slices.Insert(steps, 0, newStep(e.text))
	return func(f *frame, this, out []Item) ([]Item, error) {
		return f.walkAll(this, steps, out)
	}, nil
}

// element refuses names that no element has. Member names that begin with _ are
// the other halves of primitives, which FHIRPath sees as id and extension.
func (c *compiler) element(e *expr) error {
	if e.text == "" || e.text[0] == '_' || strings.ContainsAny(e.text, "\"\\") {
		return c.fail(e, "no element has such a name")
	}
	return nil
}

// ofRootType is a type's name at the start of a path: it goes on from the items of
// $this that are of this type, so that Patient.name finds nothing in a Practitioner.
func ofRootType(t typeSpecifier, steps []*step) eval {
	return func(f *frame, this, out []Item) (_ []Item, err error) {
		for i := range this {
			switch this[i].is(t) {
			case yes:
				if out, err = f.walk(&this[i], steps, out); err != nil {
					return out, err
				}
			case unknown:
				return out, ErrUnknownType
			}
		}
		return out, nil
	}
}

func follow(base eval, steps []*step) eval {
	return func(f *frame, this, out []Item) ([]Item, error) {
		in, err := base(f, this, f.take())
		if err == nil {
			out, err = f.walkAll(in, steps, out)
		}
		f.put(in)
		return out, err
	}
}

func (f *frame) walkAll(from []Item, steps []*step, out []Item) (_ []Item, err error) {
	for i := range from {
		if out, err = f.walk(&from[i], steps, out); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (c *compiler) indexer(e *expr) (eval, error) {
	base, err := c.compile(e.left)
	if err != nil {
		return nil, err
	}
	index, err := c.operand(e.right)
	if err != nil {
		return nil, err
	}
	return func(f *frame, this, out []Item) ([]Item, error) {
		i, ok, err := f.integer(index, this)
		if err != nil || !ok {
			return out, err
		}
		in, err := base(f, this, f.take())
		if err == nil && 0 <= i && i < int64(len(in)) {
			out = append(out, in[i])
		}
		f.put(in)
		return out, err
	}, nil
}

// isOperator compiles is. In front of it resolve() fetches nothing, where the text
// of the reference answers.
func (c *compiler) isOperator(e, operand, specifier *expr) (test, error) {
	t, err := c.specifierOf(specifier)
	if err != nil {
		return nil, err
	}
	if operand != nil && operand.form == callForm && operand.text == "resolve" && len(operand.args) == 0 {
		return c.referenceIs(e, operand.left, t)
	}
	base, err := c.input(operand)
	if err != nil {
		return nil, err
	}
	return func(f *frame, this []Item) (truth, error) {
		it, ok, err := f.single(base, this)
		if err != nil || !ok {
			return unknown, err
		}
		is := it.is(t)
		if is == unknown {
			err = ErrUnknownType
		}
		return is, err
	}, nil
}

// asOperator compiles as and ofType, which both filter: search parameters use as on
// elements that repeat, and the invariants of R4 rely on it.
func (c *compiler) asOperator(operand *expr, t typeSpecifier) (eval, error) {
	base, err := c.input(operand)
	if err != nil {
		return nil, err
	}
	return func(f *frame, this, out []Item) ([]Item, error) {
		in, err := base(f, this, f.take())
		if err == nil {
			out, err = f.ofType(in, t, out)
		}
		f.put(in)
		return out, err
	}, nil
}

// input compiles what a function is called on: $this if nothing is written.
func (c *compiler) input(e *expr) (eval, error) {
	if e == nil {
		return dollar("this"), nil
	}
	return c.compile(e)
}

// ofType filters, as it does for as, too: search parameters use it on elements
// that repeat, and the invariants of R4 rely on it.
func (f *frame) ofType(in []Item, t typeSpecifier, out []Item) ([]Item, error) {
	for _, it := range in {
		switch it.ofType(t) {
		case yes:
			out = append(out, it)
		case unknown:
			return out, ErrUnknownType
		}
		if err := f.charge(it.weight()); err != nil {
			return out, err
		}
	}
	return out, nil
}
