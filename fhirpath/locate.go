package fhirpath

import "slices"

// located is run with the place of e in its errors.
func (c *compiler) located(e *expr, run eval) eval {
	source := c.source
	return func(f *frame, this, out []Item) ([]Item, error) {
		out, err := run(f, this, out)
		if err != nil {
			err = e.locate(err, source)
		}
		return out, err
	}
}

// locatedTest is located for what only decides. It is nil if t is.
func (c *compiler) locatedTest(e *expr, t test) test {
	if t == nil {
		return nil
	}
	source := c.source
	return func(f *frame, this []Item) (truth, error) {
		holds, err := t(f, this)
		if err != nil {
			err = e.locate(err, source)
		}
		return holds, err
	}
}

// locate adds the place of e to an error of this package that has none yet. Those of
// the host and of the context are left as they are.
func (e *expr) locate(err error, source string) error {
	if slices.Contains(placeless, err) {
		return &EvaluationError{Expression: source, Offset: e.at, Err: err}
	}
	return err
}

var placeless = []error{
	ErrLimit, ErrNotBoolean, ErrSingleton, ErrOperand, ErrUnknownType, ErrNoResolver, ErrNoTerminology, ErrProfile, ErrModifier,
}
