package fhirpath

// logic compiles the boolean operators. The right side is not evaluated where the
// left side decides.
func (c *compiler) logic(op string, left, right eval) eval {
	union := c.options.BooleanUnion
	return func(f *frame, this, out []Item) ([]Item, error) {
		a, err := f.boolean(left, this, union)
		if err != nil {
			return out, err
		}
		switch {
		case op == "and" && a == no:
			return no.appendTo(out), nil
		case op == "or" && a == yes, op == "implies" && a == no:
			return yes.appendTo(out), nil
		}
		b, err := f.boolean(right, this, union)
		if err != nil {
			return out, err
		}
		switch op {
		case "and":
			a = a.and(b)
		case "or":
			a = a.or(b)
		case "xor":
			a = a.xor(b)
		default:
			a = a.implies(b)
		}
		return a.appendTo(out), nil
	}
}

// boolean evaluates where a boolean is wanted: a single item that is none counts
// as true (FHIRPath, Singleton Evaluation of Collections).
func (f *frame) boolean(e eval, this []Item, union bool) (truth, error) {
	in, err := e(f, this, f.take())
	defer func() { f.put(in) }()
	switch {
	case err != nil || len(in) == 0:
		return unknown, err
	case len(in) == 1:
		if value, ok := in[0].Bool(); ok {
			return truthOf(value), nil
		}
		return yes, nil
	case !union:
		return unknown, ErrSingleton
	}
	any := no
	for _, it := range in {
		value, ok := it.Bool()
		if !ok {
			return unknown, ErrSingleton
		}
		any = any.or(truthOf(value))
	}
	return any, nil
}
