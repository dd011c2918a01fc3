package fhirpath

// walk appends what is found by following steps from an item. It calls itself
// only for the items of arrays, so no deeper than there are steps.
func (f *frame) walk(it *Item, steps []*step, out []Item) ([]Item, error) {
	var at Item
	for len(steps) > 0 {
		if it.value != nil {
			return it.part(steps, out), f.step()
		}
		value, half, typ, scanned := f.member(it, steps[0])
		steps = steps[1:]
		if err := f.charge(1 + scanned/wide); err != nil {
			return out, err
		}
		if arrays(value, half) {
			return f.walkEach(value, half, typ, steps, out)
		}
		var ok bool
		if at, ok = f.element(value, half, typ); !ok {
			return out, nil
		}
		it = &at
	}
	return append(out, *it), f.step()
}

// walkEach goes on from each item of an array.
func (f *frame) walkEach(value, half Node, typ *structure, steps []*step, out []Item) (_ []Item, err error) {
	values, halves := value.first(), half.first()
	for values.doc != nil || halves.doc != nil {
		if it, ok := f.element(values, halves, typ); !ok {
		} else if len(steps) == 0 {
			out, err = append(out, it), f.step()
		} else {
			out, err = f.walk(&it, steps, out)
		}
		if err != nil {
			return out, err
		}
		values, halves = value.after(values), half.after(halves)
	}
	return out, nil
}

// elements calls yield with every item of an element: of the array, or the one
// value, a primitive with its other half.
func (f *frame) elements(value, half Node, typ *structure, yield func(Item) error) error {
	if !arrays(value, half) {
		if it, ok := f.element(value, half, typ); ok {
			return yield(it)
		}
		return nil
	}
	values, halves := value.first(), half.first()
	for values.Exists() || halves.Exists() {
		if it, ok := f.element(values, halves, typ); ok {
			if err := yield(it); err != nil {
				return err
			}
		}
		values, halves = value.after(values), half.after(halves)
	}
	return nil
}

// arrays reports whether an element stands in an array. A half that does while its
// value does not is none of it, or it would hide the value.
func arrays(value, half Node) bool {
	return value.Kind() == Array || half.Kind() == Array && !value.Exists()
}

// element makes an item of a value and its other half, which what is complex does not
// have. A resource's type is the one that it says.
func (f *frame) element(value, half Node, typ *structure) (Item, bool) {
	kind := value.Kind()
	hasValue := kind != Absent && kind != Null
	switch {
	case kind == Object || half.Kind() != Object:
		if kind == Object && (typ == nil || typ.open) {
			f.steps += value.lookup() - 1 // counts with the next step
			if own := f.model.resource(value); own != nil {
				typ = own
			}
		}
		return Item{node: value, typ: typ}, hasValue
	case hasValue:
		return Item{node: value, typ: typ, more: half.i}, true
	}
	return Item{node: half, typ: typ, more: half.i}, true
}

// first returns an array's first element, after the one behind e.
func (n Node) first() Node {
	if n.Kind() != Array || n.i+1 == n.entry().next {
		return Node{}
	}
	return Node{n.doc, n.i + 1}
}

func (n Node) after(e Node) Node {
	if !e.Exists() || e.entry().next == n.entry().next {
		return Node{}
	}
	return Node{e.doc, e.entry().next}
}

// part appends what a computed value has under a name: a quantity its value and
// unit, a type its name and namespace.
func (it *Item) part(steps []*step, out []Item) []Item {
	if len(steps) != 1 {
		return out
	}
	switch v := it.value.(type) {
	case quantity:
		switch steps[0].name {
		case "value":
			return append(out, Item{value: v.value})
		case "unit", "code":
			return append(out, Item{value: v.unit})
		}
	case typeInfo:
		switch steps[0].name {
		case "name":
			return append(out, Item{value: v.name})
		case "namespace":
			return append(out, Item{value: v.namespace})
		case "baseType":
			return append(out, Item{value: v.base})
		}
	}
	return out
}
