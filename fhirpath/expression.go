package fhirpath

// Options is what Compile has to know of an expression's use.
type Options struct {
	// Release of the resources that the expression is for. Required.
	Release Release

	// Strict refuses what can be seen to be wrong before there is data: a path that
	// no resource has, an operand of a type that the operator does not take, an
	// order-dependent function on a collection without order, a date compared with a string. It needs to know the
	// types at the start of paths: see Context and Variables.
	Strict bool

	// Context is the type of the focus, such as "Patient". It may be empty, if it is
	// not known or is not always the same.
	Context string

	// Variables are the names that Env.Variables may hold, so that an unknown
	// %name is found when the expression is compiled, each with its type behind a
	// colon if it is known: "current:Patient". Known without being listed: context,
	// resource, rootResource, current, previous, ucum, sct, loinc, and all that
	// begin with vs- or ext-.
	Variables []string

	// BooleanUnion makes and, or, xor and implies take several booleans for one
	// that is true if any is. The standard calls that an error, but HL7's own
	// example of a topic writes (a | b) for (a or b). Use it for topics only.
	BooleanUnion bool
}

// Expression is a compiled expression. It is immutable and safe for concurrent
// use.
type Expression struct {
	source  string
	tree    *expr
	options Options
	model   *model
	run     eval
	slots   int
	needs   Needs
}

// Needs is what an evaluation of an expression asks of the caller, so that an
// expression can be refused before it is used where that is not to be had.
type Needs struct {
	Resolver    bool     // resolve() of more than the type; without one, only what is contained or in the same Bundle is found
	Terminology bool     // memberOf, subsumes, subsumedBy
	Variables   []string // of Env.Variables that it reads, in the order of their first use
}

// Compile parses and checks an expression. What this package does not support is
// refused here, by name, never answered with nothing. The error is a *CompileError
// with the position; it is ErrLimit if the expression is too large.
func Compile(source string, o Options) (*Expression, error) {
	tree, err := parse(source)
	if err != nil {
		return nil, err
	}
	c := compiler{source: source, options: o, model: o.Release.model()}
	if c.model == nil {
		return nil, c.fail(tree, "Options.Release is no FHIR release")
	}
	if o.Strict {
		if err := c.check(tree); err != nil {
			return nil, err
		}
	}
	return c.expression(tree)
}

// expression compiles the source, or a part of it that is an expression of its own.
func (c *compiler) expression(tree *expr) (*Expression, error) {
	run, err := c.compile(tree)
	if err != nil {
		return nil, err
	}
	return &Expression{source: c.source, tree: tree, options: c.options, model: c.model, run: run, slots: c.slots, needs: c.needs}, nil
}

// String returns the expression in a uniform writing that compiles to the same.
func (e *Expression) String() string { return e.tree.String() }

// Needs returns what evaluations of e ask of Env.
func (e *Expression) Needs() Needs { return e.needs }

// UsesUnionAsOr reports whether an operand of and, or, xor or implies is a union,
// for which Options.BooleanUnion was made. An author should write or.
func (e *Expression) UsesUnionAsOr() bool { return e.tree.usesUnionAsOr() }

func (e *expr) usesUnionAsOr() bool {
	if e == nil {
		return false
	}
	if e.isLogic() {
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
