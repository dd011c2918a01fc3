package fhirpath

// unary compiles the signs.
func (c *compiler) unary(e *expr) (eval, error) {
	operand, err := c.compile(e.left)
	if err != nil {
		return nil, err
	}
	return func(f *frame, this, out []Item) ([]Item, error) {
		it, ok, err := f.single(operand, this)
		if err != nil || !ok {
			return out, err
		}
		switch v := it.system().(type) {
		case int64:
			if e.text == "-" {
				return append(out, Item{value: integerOr(whole(v).neg())}), nil
			}
			return append(out, Item{value: v}), nil
		case decimal:
			if e.text == "-" {
				v = v.neg()
			}
			return append(out, Item{value: v}), nil
		case quantity:
			if e.text == "-" {
				v.value = v.value.neg()
			}
			return append(out, Item{value: v}), nil
		}
		return out, ErrOperand
	}, nil
}

// binary compiles all other operators.
func (c *compiler) binary(e *expr) (eval, error) {
	left, err := c.compile(e.left)
	if err != nil {
		return nil, err
	}
	right, err := c.compile(e.right)
	if err != nil {
		return nil, err
	}
	switch e.text {
	case "and", "or", "xor", "implies":
		return c.logic(e.text, left, right), nil
	case "<", ">", "<=", ">=":
		return ordering(e.text, left, right), nil
	case "+", "-", "*", "/", "div", "mod", "&":
		return arithmetic(e.text, left, right), nil
	}
	combine := collectionOperator(e.text)
	if e.right.form == literalForm {
		return beside(left, []Item{{value: e.right.value}}, combine), nil
	}
	return both(left, right, combine), nil
}

// combination makes a collection of two.
type combination func(f *frame, a, b, out []Item) ([]Item, error)

// both evaluates two operands and combines them as collections.
func both(left, right eval, combine combination) eval {
	return func(f *frame, this, out []Item) ([]Item, error) {
		b, err := right(f, this, f.take())
		if err == nil {
			out, err = f.combine(left, this, b, combine, out)
		}
		f.put(b)
		return out, err
	}
}

// beside is both where the right operand is known already.
func beside(left eval, b []Item, combine combination) eval {
	return func(f *frame, this, out []Item) ([]Item, error) {
		return f.combine(left, this, b, combine, out)
	}
}

func (f *frame) combine(left eval, this, b []Item, with combination, out []Item) ([]Item, error) {
	a, err := left(f, this, f.take())
	if err == nil {
		out, err = with(f, a, b, out)
	}
	f.put(a)
	return out, err
}

func collectionOperator(op string) combination {
	switch op {
	case "|":
		return func(f *frame, a, b, out []Item) ([]Item, error) {
			from := len(out)
			out, err := f.addDistinct(out, from, a)
			if err != nil {
				return out, err
			}
			return f.addDistinct(out, from, b)
		}
	case "in":
		return func(f *frame, a, b, out []Item) ([]Item, error) { return f.membership(a, b, out) }
	case "contains":
		return func(f *frame, a, b, out []Item) ([]Item, error) { return f.membership(b, a, out) }
	}
	same, negated := (*frame).equalAll, op[0] == '!'
	if op == "~" || op == "!~" {
		same = (*frame).equivalentAll
	}
	return func(f *frame, a, b, out []Item) ([]Item, error) {
		t, err := same(f, a, b)
		if negated {
			t = t.not()
		}
		return t.appendTo(out), err
	}
}

// membership is element in list.
func (f *frame) membership(element, list, out []Item) ([]Item, error) {
	switch len(element) {
	case 0:
		return out, nil
	case 1:
		found, err := f.within(element[0], list)
		return truthOf(found).appendTo(out), err
	}
	return out, ErrSingleton
}

// within reports whether list has an item equal to it.
func (f *frame) within(it Item, list []Item) (bool, error) {
	for i := range list {
		if t, err := f.equal(it, list[i]); err != nil || t == yes {
			return t == yes, err
		}
	}
	return false, nil
}

// addDistinct appends the items of more that out does not have from an index on.
func (f *frame) addDistinct(out []Item, from int, more []Item) ([]Item, error) {
	for _, it := range more {
		found, err := f.within(it, out[from:])
		if err != nil {
			return out, err
		}
		if !found {
			out = append(out, it)
		}
	}
	return out, nil
}

func ordering(op string, left, right eval) eval {
	return func(f *frame, this, out []Item) ([]Item, error) {
		a, ok, err := f.single(left, this)
		if err != nil || !ok {
			return out, err
		}
		b, ok, err := f.single(right, this)
		if err != nil || !ok {
			return out, err
		}
		order, known, err := f.order(a, b)
		if err != nil || !known {
			return out, err
		}
		holds := order == 0 && len(op) == 2 || order < 0 && op[0] == '<' || order > 0 && op[0] == '>'
		return truthOf(holds).appendTo(out), nil
	}
}

// single evaluates to one item. ok is false if there is none; several are
// ErrSingleton.
func (f *frame) single(e eval, this []Item) (it Item, ok bool, err error) {
	in, err := e(f, this, f.take())
	switch {
	case err != nil:
	case len(in) == 1:
		it, ok = in[0], true
		err = f.charge(it.weight())
	case len(in) > 1:
		err = ErrSingleton
	}
	f.put(in)
	return it, ok, err
}

// integer evaluates to one integer.
func (f *frame) integer(e eval, this []Item) (i int64, ok bool, err error) {
	it, ok, err := f.single(e, this)
	if err != nil || !ok {
		return 0, false, err
	}
	if i, ok = it.system().(int64); !ok {
		return 0, false, ErrOperand
	}
	return i, true, nil
}

// text evaluates to one string.
func (f *frame) text(e eval, this []Item) (s string, ok bool, err error) {
	it, ok, err := f.single(e, this)
	if err != nil || !ok {
		return "", false, err
	}
	return it.text()
}

// text returns the item as a string operand; ok is false if it has no value.
func (it Item) text() (s string, ok bool, err error) {
	if s, ok = it.value.(string); ok {
		return s, true, nil
	}
	switch {
	case !it.hasValue():
		return "", false, nil
	case it.value == nil && it.node.Kind() == String:
		return it.node.Text(), true, nil
	}
	return "", false, ErrOperand
}
