package fhirpath

import (
	"fmt"
	"maps"
	"regexp"
)

// function is a function of FHIRPath: how many arguments it takes, and what it
// does with the collection it is called on.
type function struct {
	least, most int
	run         func(f *frame, c *call, this, in, out []Item) ([]Item, error)
}

// call is one call of a function in an expression. Its arguments are evaluated by
// the function, for $this or for each of its items.
type call struct {
	args    []eval
	pattern *regexp.Regexp // of a literal pattern
}

// functions are all that are supported.
var functions = func() map[string]function {
	all := map[string]function{}
	for _, some := range []map[string]function{
		filterFunctions, subsetFunctions, existenceFunctions, stringFunctions, patternFunctions,
		conversionFunctions, mathFunctions, elementFunctions, clockFunctions,
	} {
		maps.Copy(all, some)
	}
	return all
}()

// refused are functions that exist, with the reason why Compile refuses them.
var refused = map[string]string{
	"memberOf":          "it needs a terminology service",
	"subsumes":          "it needs a terminology service",
	"subsumedBy":        "it needs a terminology service",
	"resolve":           "references are not fetched; only resolve() is a type is answered",
	"conformsTo":        "it needs a validator of profiles",
	"htmlChecks":        "it needs a validator of XHTML",
	"trace":             "it would log content of resources",
	"type":              "the types of most elements are not known",
	"elementDefinition": "it needs the definitions of the resources",
	"slice":             "it needs the definitions of the resources",
	"checkModifiers":    "it needs the definitions of the resources",
}

// call compiles a call.
func (c *compiler) call(e *expr) (eval, error) {
	switch e.text {
	case "is", "as", "ofType":
		if len(e.args) != 1 {
			return nil, c.fail(e, e.text+"() takes one type")
		}
		t, problem := specifierOf(e.args[0])
		if problem != "" {
			return nil, c.fail(e.args[0], problem)
		}
		return c.typeOperator(e, e.text, e.left, t)
	}
	fn, ok := functions[e.text]
	if !ok {
		problem := "function " + quoteName(e.text) + " is not supported"
		if reason := refused[e.text]; reason != "" {
			problem += ": " + reason
		}
		return nil, c.fail(e, problem)
	}
	if n := len(e.args); n < fn.least || n > fn.most {
		return nil, c.fail(e, fmt.Sprintf("%s() takes %d to %d arguments, here are %d", e.text, fn.least, fn.most, n))
	}
	this := &call{}
	for _, arg := range e.args {
		compiled, err := c.compile(arg)
		if err != nil {
			return nil, err
		}
		this.args = append(this.args, compiled)
	}
	if err := c.pattern(e, this); err != nil {
		return nil, err
	}
	if e.left == nil {
		return func(f *frame, scope, out []Item) ([]Item, error) {
			return fn.run(f, this, scope, scope, out)
		}, nil
	}
	input, err := c.compile(e.left)
	if err != nil {
		return nil, err
	}
	return func(f *frame, scope, out []Item) ([]Item, error) {
		in, err := input(f, scope, f.take())
		if err == nil {
			out, err = fn.run(f, this, scope, in, out)
		}
		f.put(in)
		return out, err
	}, nil
}

// pattern compiles the regular expression of a call ahead, if it is a literal.
func (c *compiler) pattern(e *expr, this *call) (err error) {
	if _, ok := patternFunctions[e.text]; !ok || e.args[0].form != literalForm {
		return nil
	}
	source, ok := e.args[0].value.(string)
	if !ok {
		return c.fail(e.args[0], "expected a string")
	}
	if this.pattern, err = compilePattern(e.text, source); err != nil {
		return c.fail(e.args[0], "not a regular expression that is supported (RE2)")
	}
	return nil
}

// one returns the only item of in. ok is false if there is none; several are
// ErrSingleton.
func one(in []Item) (it Item, ok bool, err error) {
	switch len(in) {
	case 0:
		return it, false, nil
	case 1:
		return in[0], true, nil
	}
	return it, false, ErrSingleton
}

// argument evaluates an argument as a collection and hands it to use.
func (f *frame) argument(c *call, i int, this []Item, use func([]Item) error) error {
	in, err := c.args[i](f, this, f.take())
	if err == nil {
		err = use(in)
	}
	f.put(in)
	return err
}

// forEach evaluates body for each item of in, which is then $this at $index.
func (f *frame) forEach(in []Item, body func(this []Item) (bool, error)) error {
	before := f.index
	defer func() { f.index = before }()
	for i := range in {
		if err := f.step(); err != nil {
			return err
		}
		f.index = i
		if more, err := body(in[i : i+1]); err != nil || !more {
			return err
		}
	}
	return nil
}
