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
		v := it.system()
		if e.text == "+" {
			switch v.(type) {
			case int64, long, decimal, quantity:
				return append(out, Item{value: v}), nil
			}
			return out, ErrOperand
		}
		switch v := v.(type) {
		case int64, long, decimal:
			d, _ := toDecimal(v)
			if negative := as(v, v, d.neg()); negative != nil {
				out = append(out, Item{value: negative})
			}
			return out, nil
		case quantity:
			v.value = v.value.neg()
			return append(out, Item{value: v}), nil
		}
		return out, ErrOperand
	}, nil
}

// binary compiles the operators that do not give a boolean.
func (c *compiler) binary(e *expr) (eval, error) {
	left, err := c.operand(e.left)
	if err != nil {
		return nil, err
	}
	right, err := c.operand(e.right)
	if err != nil {
		return nil, err
	}
	if e.text == "|" {
		return union(left, right), nil
	}
	return arithmetic(e.text, left, right), nil
}

// operand compiles an operand: what it defines by defineVariable ends with it.
func (c *compiler) operand(e *expr) (eval, error) {
	defer c.leave(c.enter())
	return c.compile(e)
}

func union(left, right eval) eval {
	return func(f *frame, this, out []Item) ([]Item, error) {
		from := len(out)
		in, err := left(f, this, f.take())
		if err == nil {
			in, err = right(f, this, in)
		}
		if err == nil {
			out, err = f.addDistinct(out, from, in)
		}
		f.put(in)
		return out, err
	}
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
	switch v := it.system().(type) {
	case int64:
		return v, true, nil
	case long:
		return int64(v), true, nil
	}
	return 0, false, ErrOperand
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
