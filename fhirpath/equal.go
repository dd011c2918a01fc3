package fhirpath

import (
	"bytes"
	"slices"
)

// equalAll is the operator =: item by item, in order. It is unknown if a side is
// empty or a pair can't be decided.
func (f *frame) equalAll(a, b []Item) (truth, error) {
	if len(a) == 0 || len(b) == 0 {
		return unknown, nil
	}
	if len(a) != len(b) {
		return no, nil
	}
	result := yes
	for i := range a {
		t, err := f.equal(a[i], b[i])
		if err != nil || t == no {
			return no, err
		}
		result = result.and(t)
	}
	return result, nil
}

// equal compares two items by value. Elements that are JSON objects are compared
// deeply: the order of members is of no account, decimals are equal by value.
func (f *frame) equal(a, b Item) (truth, error) {
	if err := f.charge(min(a.weight(), b.weight())); err != nil {
		return no, err
	}
	if t, done := equalText(a, b); done {
		return t, nil
	}
	if a.value == nil && b.value == nil {
		if !a.hasValue() || !b.hasValue() {
			return truthOf(a.node == b.node), nil
		}
		if a.node.Kind() == Object || b.node.Kind() == Object {
			same, err := f.deepEqual(a.node, b.node)
			return truthOf(same), err
		}
	}
	if err := f.charge(a.weight() + b.weight() - 2); err != nil { // to be converted, both are read as a whole
		return no, err
	}
	if s, ok := a.temporal(); ok {
		if t, ok := b.temporal(); ok {
			order, known, ok := s.compare(t)
			if ok && !known {
				return unknown, nil
			}
			return truthOf(ok && order == 0), nil
		}
	}
	return equalSystem(a.system(), b.system())
}

// equalText answers where two strings are compared, which is nearly always,
// without a copy of either.
func equalText(a, b Item) (t truth, done bool) {
	if a.value != nil && b.value == nil {
		a, b = b, a
	}
	if a.value != nil || a.node.Kind() != String || !a.hasValue() {
		return no, false
	}
	if b.value == nil {
		if b.node.Kind() != String || !b.hasValue() {
			return no, false
		}
		if !a.mayBeTemporal() && !b.mayBeTemporal() {
			return truthOf(bytes.Equal(a.node.Raw(), b.node.Raw()) || a.node.Text() == b.node.Text()), true
		}
		return yes, bytes.Equal(a.node.Raw(), b.node.Raw()) && a.typ == b.typ
	}
	s, ok := b.value.(string)
	return truthOf(ok && (a.typ == nil || !a.mayBeTemporal()) && a.node.Is(s)), ok // a date is no text
}

// mayBeTemporal reports whether the text of a string element may have to be read as
// a date or time to be compared.
func (it Item) mayBeTemporal() bool {
	if it.typ == nil {
		return true
	}
	switch it.typ.system {
	case systemDate, systemDateTime, systemTime:
		return true
	}
	return false
}

func equalSystem(a, b any) (truth, error) {
	switch x := a.(type) {
	case nil:
		return no, nil
	case bool, string, typeInfo:
		return truthOf(a == b), nil
	case temporal:
		y, ok := b.(temporal)
		if !ok {
			return no, nil
		}
		order, known, ok := x.compare(y)
		if ok && !known {
			return unknown, nil
		}
		return truthOf(ok && order == 0), nil
	case quantity:
		y, ok := toQuantity(b)
		if !ok {
			return no, nil
		}
		return equalQuantity(x, y), nil
	}
	if y, ok := b.(quantity); ok {
		x, ok := toQuantity(a)
		if !ok {
			return no, nil
		}
		return equalQuantity(x, y), nil
	}
	x, _ := toDecimal(a)
	y, ok := toDecimal(b)
	return truthOf(ok && x.cmp(y) == 0), nil
}

func equalQuantity(a, b quantity) truth {
	order, known := a.compare(b)
	if !known {
		return unknown
	}
	return truthOf(order == 0)
}

// toDecimal is the implicit conversion of numbers, toQuantity that of numbers to
// quantities of unit 1.
func toDecimal(v any) (decimal, bool) {
	switch v := v.(type) {
	case int64:
		return whole(v), true
	case long:
		return whole(int64(v)), true
	case decimal:
		return v, true
	}
	return decimal{}, false
}

func toQuantity(v any) (quantity, bool) {
	if q, ok := v.(quantity); ok {
		return q, true
	}
	d, ok := toDecimal(v)
	return quantity{value: d, unit: "1"}, ok
}

// deepEqual compares JSON. Its recursion ends at MaxDepth, which Parse holds.
func (f *frame) deepEqual(a, b Node) (bool, error) {
	if a == b {
		return true, f.step()
	}
	if a.Kind() != Object {
		if err := f.charge(min(Item{node: a}.weight(), Item{node: b}.weight())); err != nil {
			return false, err
		}
	}
	if a.Kind() != b.Kind() {
		return false, nil
	}
	switch a.Kind() {
	case Number:
		x, ok1 := parseDecimal(a.Text())
		y, ok2 := parseDecimal(b.Text())
		if !ok1 || !ok2 {
			return bytes.Equal(a.Raw(), b.Raw()), nil
		}
		return x.cmp(y) == 0, nil
	case String:
		return bytes.Equal(a.Raw(), b.Raw()) || a.Text() == b.Text(), nil
	case Array:
		return f.deepEqualElements(a, b)
	case Object:
		members, lookup := 0, b.lookup()
		for name, x := range a.Members() {
			if err := f.charge(lookup); err != nil {
				return false, err
			}
			members++
			if same, err := f.deepEqual(x, b.Get(name)); err != nil || !same {
				return false, err
			}
		}
		for range b.Members() {
			members--
		}
		return members == 0, nil
	}
	return bytes.Equal(a.Raw(), b.Raw()), nil
}

func (f *frame) deepEqualElements(a, b Node) (bool, error) {
	x, y := slices.Collect(a.Elements()), slices.Collect(b.Elements())
	if len(x) != len(y) {
		return false, nil
	}
	for i := range x {
		if same, err := f.deepEqual(x[i], y[i]); err != nil || !same {
			return false, err
		}
	}
	return true, nil
}
