package fhirpath

import (
	"slices"
	"strings"
)

// compiler turns a parsed expression into closures.
type compiler struct {
	source  string
	options Options
}

func (c *compiler) fail(e *expr, problem string) error {
	return &CompileError{Expression: c.source, Offset: e.at, Problem: problem}
}

func (c *compiler) compile(e *expr) (eval, error) {
	switch e.form {
	case literalForm:
		return constant(e.value), nil
	case emptyForm:
		return func(_ *frame, _, out []Item) ([]Item, error) { return out, nil }, nil
	case nameForm, memberForm:
		return c.path(e)
	case callForm:
		return c.call(e)
	case indexerForm:
		return c.indexer(e)
	case variableForm:
		return c.variable(e)
	case dollarForm:
		return dollar(e.text), nil
	case unaryForm:
		return c.unary(e)
	case typeForm:
		t, problem := specifierOf(e.right)
		if problem != "" {
			return nil, c.fail(e.right, problem)
		}
		return c.typeOperator(e, e.text, e.left, t)
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
	var names []string
	for ; e.form == memberForm; e = e.left {
		if err := c.element(e); err != nil {
			return nil, err
		}
		names = append(names, e.text)
	}
	slices.Reverse(names)
	if e.form != nameForm {
		base, err := c.compile(e)
		if err != nil {
			return nil, err
		}
		return follow(base, names), nil
	}
	if err := c.element(e); err != nil {
		return nil, err
	}
	if 'A' <= e.text[0] && e.text[0] <= 'Z' {
		if !isResource(e.text) && !isDataType(e.text) {
			return nil, c.fail(e, "unknown type "+quoteName(e.text)+"; an element's name begins in lower case")
		}
		return follow(typed(typeSpecifier{name: e.text, fhir: true}), names), nil
	}
	names = slices.Insert(names, 0, e.text)
	return func(f *frame, this, out []Item) ([]Item, error) {
		return f.walkAll(this, names, out)
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

// typed is a type's name at the start of a path: the items of $this that are of
// this type, so that Patient.name finds nothing in a Practitioner.
func typed(t typeSpecifier) eval {
	return func(f *frame, this, out []Item) ([]Item, error) { return f.ofType(this, t, out) }
}

func follow(base eval, names []string) eval {
	if len(names) == 0 {
		return base
	}
	return func(f *frame, this, out []Item) ([]Item, error) {
		in, err := base(f, this, f.take())
		if err == nil {
			out, err = f.walkAll(in, names, out)
		}
		f.put(in)
		return out, err
	}
}

func (f *frame) walkAll(from []Item, names []string, out []Item) ([]Item, error) {
	for _, it := range from {
		var err error
		if out, err = f.walk(it, names, out); err != nil {
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
	index, err := c.compile(e.right)
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

// typeOperator compiles is and as. resolve() is understood in front of is only,
// where the text of the reference answers it.
func (c *compiler) typeOperator(e *expr, op string, operand *expr, t typeSpecifier) (eval, error) {
	if op == "is" && operand != nil && operand.form == callForm && operand.text == "resolve" && len(operand.args) == 0 {
		return c.referenceIs(e, operand.left, t)
	}
	base, err := c.input(operand)
	if err != nil {
		return nil, err
	}
	return func(f *frame, this, out []Item) ([]Item, error) {
		in, err := base(f, this, f.take())
		if err == nil {
			if op == "is" {
				out, err = f.isType(in, t, out)
			} else {
				out, err = f.ofType(in, t, out)
			}
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

func (f *frame) isType(in []Item, t typeSpecifier, out []Item) ([]Item, error) {
	switch len(in) {
	case 0:
		return out, nil
	case 1:
		is := in[0].is(t)
		if is == unknown {
			return out, ErrUnknownType
		}
		return is.appendTo(out), f.charge(in[0].weight())
	}
	return out, ErrSingleton
}

// ofType filters, as it does for as, too: search parameters use it on elements
// that repeat, and the invariants of R4 rely on it.
func (f *frame) ofType(in []Item, t typeSpecifier, out []Item) ([]Item, error) {
	for _, it := range in {
		switch it.is(t) {
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
