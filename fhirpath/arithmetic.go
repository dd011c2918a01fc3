package fhirpath

// arithmetic compiles + - * / div mod and &. An operand that is empty makes the
// result empty, except for &.
func arithmetic(op string, left, right eval) eval {
	return func(f *frame, this, out []Item) ([]Item, error) {
		if err := f.step(); err != nil {
			return out, err
		}
		a, ok1, err := f.single(left, this)
		if err != nil {
			return out, err
		}
		b, ok2, err := f.single(right, this)
		if err != nil {
			return out, err
		}
		if op == "&" {
			return f.concatenate(a, ok1, b, ok2, out)
		}
		if !ok1 || !ok2 {
			return out, nil
		}
		value, err := f.calculate(op, a, b)
		if err != nil || value == nil {
			return out, err
		}
		return append(out, Item{value: value}), nil
	}
}

func (f *frame) concatenate(a Item, ok1 bool, b Item, ok2 bool, out []Item) ([]Item, error) {
	var s, t string
	var err error
	if ok1 {
		if s, _, err = a.text(); err != nil {
			return out, err
		}
	}
	if ok2 {
		if t, _, err = b.text(); err != nil {
			return out, err
		}
	}
	return f.appendText(out, s+t)
}

// appendText adds a string that was built, and charges for it.
func (f *frame) appendText(out []Item, s string) ([]Item, error) {
	if len(s) > maxText {
		return out, ErrLimit
	}
	return append(out, Item{value: s}), f.charge(1 + len(s)/64)
}

// calculate returns nil for an empty result.
func (f *frame) calculate(op string, a, b Item) (any, error) {
	if t, ok := a.temporal(); ok && (op == "+" || op == "-") {
		return shift(t, op, b.system())
	}
	x, y := a.system(), b.system()
	if s, ok := x.(string); ok && op == "+" {
		t, ok := y.(string)
		switch {
		case !ok:
			return nil, ErrOperand
		case len(s)+len(t) > maxText:
			return nil, ErrLimit
		}
		return s + t, f.charge((len(s) + len(t)) / 64)
	}
	p, ok1 := toDecimal(x)
	q, ok2 := toDecimal(y)
	if !ok1 || !ok2 {
		return calculateQuantity(op, x, y)
	}
	d, ok := calculateDecimal(op, p, q)
	switch {
	case !ok:
		return nil, nil
	case !d.bounded():
		return nil, ErrLimit
	case op == "/":
		return d, f.step()
	}
	return as(x, y, d), f.step()
}

// as returns a result in the type of its operands, which is the wider of both. It
// is nil for what is beyond that type: an overflow is empty (FHIRPath 6.6).
func as(x, y any, d decimal) any {
	_, long1 := x.(long)
	_, long2 := y.(long)
	_, decimal1 := x.(decimal)
	_, decimal2 := y.(decimal)
	switch {
	case decimal1 || decimal2:
		return d
	case d.large != nil || d.scale != 0:
		return nil
	case long1 || long2:
		return long(d.small)
	case d.small == int64(int32(d.small)):
		return d.small
	}
	return nil
}

// shift moves a date or time by a duration.
func shift(t temporal, op string, by any) (any, error) {
	q, ok := by.(quantity)
	if !ok {
		return nil, ErrOperand
	}
	sign := int64(1)
	if op == "-" {
		sign = -1
	}
	sum, ok, err := t.add(q, sign)
	if err != nil || !ok {
		return nil, err
	}
	return sum, nil
}

// calculateDecimal is not ok where the result is empty: a division by zero.
func calculateDecimal(op string, p, q decimal) (d decimal, ok bool) {
	switch op {
	case "+":
		return p.add(q), true
	case "-":
		return p.add(q.neg()), true
	case "*":
		return p.mul(q), true
	}
	if q.sign() == 0 {
		return d, false
	}
	if op == "/" {
		return p.quo(q), true
	}
	quotient, remainder := p.quoRem(q)
	if op == "div" {
		return quotient, true
	}
	return remainder, true
}

// integerOr returns an Integer if d is one, within 32 bits, else the decimal.
func integerOr(d decimal) any {
	if d.large == nil && d.scale == 0 && d.small == int64(int32(d.small)) {
		return d.small
	}
	return d
}
