package fhirpath

// mathFunctions are those of FHIRPath 5.7. Abs, ceiling, floor, round and truncate
// take quantities too, of which they keep the unit, as in FHIRPath 3.0. A result
// that can't be represented is empty.
var mathFunctions = map[string]function{
	"abs":      {0, 0, absolute},
	"ceiling":  calculation(1, func(v any) (any, error) { return toWhole(v, decimal.ceiling) }),
	"floor":    calculation(1, func(v any) (any, error) { return toWhole(v, decimal.floor) }),
	"truncate": calculation(1, func(v any) (any, error) { return toWhole(v, decimal.truncate) }),
	"round":    {0, 1, round},
	"sqrt":     calculation(rootWork, approximation(decimal.squareRoot)),
	"exp":      calculation(logarithmWork, approximation(decimal.exponential)),
	"ln":       calculation(logarithmWork, approximation(decimal.naturalLogarithm)),
	"log":      {1, 1, logarithmOf},
	"power":    {1, 1, powerOf},
}

// The steps that are charged for what takes so much longer than other functions.
const (
	rootWork      = 32
	logarithmWork = 128
)

func magnitude(d decimal) decimal {
	if d.sign() < 0 {
		return d.neg()
	}
	return d
}

// calculation makes a function of one number. Nil stands for an empty result.
func calculation(work int, of func(any) (any, error)) function {
	return function{0, 0, func(f *frame, _ *call, _, in, out []Item) ([]Item, error) {
		it, ok, err := one(in)
		if err != nil || !ok {
			return out, err
		}
		if err := f.charge(work + it.weight()); err != nil {
			return out, err
		}
		v, err := of(it.system())
		if err != nil || v == nil {
			return out, err
		}
		return append(out, Item{value: v}), nil
	}}
}

// absolute is abs(), which keeps the type of a number.
func absolute(f *frame, c *call, this, in, out []Item) ([]Item, error) {
	return calculation(1, func(v any) (any, error) {
		d, ok := toDecimal(v)
		switch {
		case !ok:
			return toFraction(v, magnitude)
		case d.sign() < 0:
			return f.calculate("*", Item{value: v}, Item{value: int64(-1)})
		}
		return v, nil
	}).run(f, c, this, in, out)
}

// toWhole applies a function that gives an Integer, or a whole quantity. What is
// beyond an Integer is empty.
func toWhole(v any, of func(decimal) decimal) (any, error) {
	d, ok := toDecimal(v)
	if !ok {
		return toFraction(v, of)
	}
	if i, ok := integerOr(of(d)).(int64); ok {
		return i, nil
	}
	return nil, nil
}

// toFraction applies a function that gives a Decimal, or a quantity.
func toFraction(v any, of func(decimal) decimal) (any, error) {
	if q, ok := v.(quantity); ok {
		q.value = of(q.value)
		return q, nil
	}
	d, ok := toDecimal(v)
	if !ok {
		return nil, ErrOperand
	}
	return of(d), nil
}

// approximation makes a calculation of a function of decimals, which is not ok where
// it has no value.
func approximation(of func(decimal) (decimal, bool)) func(any) (any, error) {
	return func(v any) (any, error) {
		d, ok := toDecimal(v)
		if !ok {
			return nil, ErrOperand
		}
		if d, ok = of(d); !ok {
			return nil, nil
		}
		return d, nil
	}
}

// round rounds half away from zero. An Integer becomes a Decimal.
func round(f *frame, c *call, this, in, out []Item) ([]Item, error) {
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
	return calculation(1, func(v any) (any, error) {
		return toFraction(v, func(d decimal) decimal { return d.round(int(min(places, maxDigits))) })
	}).run(f, c, this, in, out)
}

// logarithmOf is log(). Neither number may be zero or below.
func logarithmOf(f *frame, c *call, this, in, out []Item) ([]Item, error) {
	base, ok, err := f.single(c.args[0], this)
	if err != nil || !ok {
		return out, err
	}
	b, ok := toDecimal(base.system())
	if !ok || b.sign() <= 0 {
		return out, ErrOperand
	}
	return calculation(2*logarithmWork, func(v any) (any, error) {
		if d, ok := toDecimal(v); ok && d.sign() <= 0 {
			return nil, ErrOperand
		}
		return approximation(func(d decimal) (decimal, bool) { return d.logarithmTo(b) })(v)
	}).run(f, c, this, in, out)
}

// powerOf is power(). That of two Integers is an Integer if it is within one, as
// FHIRPath 2.0 has it, else a Decimal, as 3.0 has it.
func powerOf(f *frame, c *call, this, in, out []Item) ([]Item, error) {
	exponent, ok, err := f.single(c.args[0], this)
	if err != nil || !ok {
		return out, err
	}
	y, ok := toDecimal(exponent.system())
	if !ok {
		return out, ErrOperand
	}
	_, integral := exponent.system().(int64)
	return calculation(2*logarithmWork, func(v any) (any, error) {
		p, err := approximation(func(d decimal) (decimal, bool) { return d.power(y) })(v)
		if _, ok := v.(int64); err != nil || p == nil || !integral || !ok {
			return p, err
		}
		if i, ok := integerOr(p.(decimal).trimmed()).(int64); ok {
			return i, nil
		}
		return p, nil
	}).run(f, c, this, in, out)
}
