package fhirpath

// mathFunctions are those of FHIRPath 5.7 that are exact on decimals. The others
// (exp, ln, log, sqrt) would need binary floats and are not supported.
var mathFunctions = map[string]function{
	"abs": calculation(func(v any) (any, error) {
		if q, ok := v.(quantity); ok {
			q.value = magnitude(q.value)
			return q, nil
		}
		return keep(v, magnitude)
	}),
	"ceiling":  calculation(func(v any) (any, error) { return toWhole(v, decimal.ceiling) }),
	"floor":    calculation(func(v any) (any, error) { return toWhole(v, decimal.floor) }),
	"truncate": calculation(func(v any) (any, error) { return toWhole(v, decimal.truncate) }),
	"round": {0, 1, func(f *frame, c *call, this, in, out []Item) ([]Item, error) {
		places := int64(0)
		if len(c.args) == 1 {
			var ok bool
			var err error
			if places, ok, err = f.integer(c.args[0], this); err != nil || !ok {
				return out, err
			}
		}
		if places < 0 {
			return out, ErrOperand
		}
		return calculation(func(v any) (any, error) {
			return keep(v, func(d decimal) decimal { return d.round(int(min(places, maxDigits))) })
		}).run(f, c, this, in, out)
	}},
}

func magnitude(d decimal) decimal {
	if d.sign() < 0 {
		return d.neg()
	}
	return d
}

func calculation(of func(any) (any, error)) function {
	return function{0, 0, func(f *frame, _ *call, _, in, out []Item) ([]Item, error) {
		it, ok, err := one(in)
		if err != nil || !ok {
			return out, err
		}
		v, err := of(it.system())
		if err != nil {
			return out, err
		}
		return append(out, Item{value: v}), f.charge(it.weight())
	}}
}

// keep applies a function that keeps the type of a number.
func keep(v any, of func(decimal) decimal) (any, error) {
	d, ok := toDecimal(v)
	if !ok {
		return nil, ErrOperand
	}
	if _, ok := v.(int64); ok {
		return integerOr(of(d)), nil
	}
	return of(d), nil
}

// toWhole applies a function that gives an Integer.
func toWhole(v any, of func(decimal) decimal) (any, error) {
	d, ok := toDecimal(v)
	if !ok {
		return nil, ErrOperand
	}
	return integerOr(of(d)), nil
}
