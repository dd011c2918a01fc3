package fhirpath

import (
	"fmt"
	"maps"
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
	args      []eval
	criterion test     // the first argument of where, all and exists, which is no args[0] then
	pattern   *pattern // of a literal pattern
}

// functions are all that are supported.
var functions = func() map[string]function {
	all := map[string]function{}
	for _, some := range []map[string]function{
		filterFunctions, subsetFunctions, stringFunctions, patternFunctions, conversionFunctions,
		mathFunctions, elementFunctions, clockFunctions, reflectionFunctions, referenceFunctions, terminologyFunctions,
		narrativeFunctions, boundaryFunctions, encodeFunctions, componentFunctions, differenceFunctions,
		aggregationFunctions,
	} {
		maps.Copy(all, some)
	}
	return all
}()

// refused are functions that exist, with the reason why Compile refuses them.
var refused = map[string]string{
	"elementDefinition": "it needs the definitions of profiles",
	"slice":             "it needs the definitions of profiles",
}

// call compiles a call.
func (c *compiler) call(e *expr) (eval, error) {
	switch e.text {
	case "as", "ofType", "is":
		if len(e.args) != 1 {
			return nil, c.fail(e, e.text+"() takes one type")
		}
		t, err := c.specifierOf(e.args[0])
		if err != nil {
			return nil, err
		}
		return c.asOperator(e.left, t)
	case "sort":
		return c.sort(e)
	case "defineVariable":
		return c.defineVariable(e)
	case "resolve":
		c.needs.Resolver = true
	case "memberOf", "subsumes", "subsumedBy":
		c.needs.Terminology = true
	}
	fn, ok := functions[e.text]
	if !ok {
		problem := "function " + quoteName(e.text) + " is not supported"
		if reason := refused[e.text]; reason != "" {
			problem += ": " + reason
		}
		return nil, c.fail(e, problem)
	}
	input, err := c.receiver(e.left)
	if err != nil {
		return nil, err
	}
	this, err := c.arguments(e, fn.least, fn.most)
	if err != nil {
		return nil, err
	}
	if input == nil {
		return func(f *frame, scope, out []Item) ([]Item, error) {
			return fn.run(f, this, scope, scope, out)
		}, nil
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

// receiver compiles what a function is called on, nil for $this. It comes before
// the arguments, which see what it defines.
func (c *compiler) receiver(e *expr) (eval, error) {
	if e == nil {
		return nil, nil
	}
	return c.compile(e)
}

// arguments compiles the arguments of a call. What they define by defineVariable
// ends with each.
func (c *compiler) arguments(e *expr, least, most int) (*call, error) {
	if n := len(e.args); n < least || n > most {
		wants := fmt.Sprintf("%d arguments", most)
		switch {
		case most > maxArguments:
			wants = fmt.Sprintf("%d or more arguments", least)
		case least != most:
			wants = fmt.Sprintf("%d to %d arguments", least, most)
		case most == 1:
			wants = "1 argument"
		}
		return nil, c.fail(e, fmt.Sprintf("%s() takes %s, here are %d", e.text, wants, n))
	}
	this := &call{}
	for i, arg := range e.args {
		var compiled eval
		var err error
		if i == 0 && criteria[e.text] {
			this.criterion, err = c.side(arg, false)
		} else {
			compiled, err = c.operand(arg)
		}
		if err != nil {
			return nil, err
		}
		this.args = append(this.args, compiled)
	}
	return this, c.pattern(e, this)
}

// criteria are the functions whose first argument is a criterion.
var criteria = map[string]bool{"where": true, "all": true, "exists": true}

// maxArguments is what a function takes that takes any number.
const maxArguments = 100

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
