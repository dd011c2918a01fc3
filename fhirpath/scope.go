package fhirpath

import "slices"

// definition is a variable that defineVariable defined, and where an evaluation
// keeps its value.
type definition struct {
	name string
	slot int
}

// enter begins a part of an expression out of which no definition leads: an
// operand, an argument or an index. leave ends it.
func (c *compiler) enter() (outside int) { return len(c.scope) }

func (c *compiler) leave(outside int) { c.scope = c.scope[:outside] }

// defined returns the slot of a variable that can be seen here.
func (c *compiler) defined(name string) (slot int, ok bool) {
	i := slices.IndexFunc(c.scope, func(d definition) bool { return d.name == name })
	if i < 0 {
		return 0, false
	}
	return c.scope[i].slot, true
}

// defineVariable compiles input.defineVariable(name, value): what follows in the
// same chain sees %name. Its name is a literal, so that an unknown variable is
// found when the expression is compiled.
func (c *compiler) defineVariable(e *expr) (eval, error) {
	input, err := c.input(e.left)
	if err != nil {
		return nil, err
	}
	this, err := c.arguments(e, 1, 2)
	if err != nil {
		return nil, err
	}
	name, ok := e.args[0].value.(string)
	if !ok {
		return nil, c.fail(e.args[0], "expected the name as a string")
	}
	if _, exists := c.defined(name); exists || c.known(name) {
		return nil, c.fail(e.args[0], "there is a variable %"+quoteName(name)+" already")
	}
	slot := c.slots
	c.slots++
	c.scope = append(c.scope, definition{name, slot})
	return func(f *frame, scope, out []Item) ([]Item, error) {
		from := len(out)
		out, err := input(f, scope, out)
		if err != nil {
			return out, err
		}
		in := slices.Clone(out[from:])
		f.defined[slot] = in
		if len(this.args) == 2 {
			f.defined[slot], err = this.args[1](f, in, nil)
		}
		return out, err
	}, nil
}

// trace shows its input to whoever set Env.Trace.
func trace(f *frame, c *call, this, in, out []Item) ([]Item, error) {
	name, _, err := f.text(c.args[0], this)
	if err != nil {
		return out, err
	}
	if f.env.Trace != nil {
		shown := slices.Clone(in)
		if len(c.args) == 2 {
			shown = nil
			err = f.forEach(in, func(this []Item) (_ bool, err error) {
				shown, err = c.args[1](f, this, shown)
				return true, err
			})
			if err != nil {
				return out, err
			}
		}
		f.env.Trace(name, shown)
	}
	return append(out, in...), f.charge(len(in))
}
