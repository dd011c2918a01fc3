package fhirpath

import "slices"

// sortKey is one key of sort: an expression for each item, and its direction.
type sortKey struct {
	of         eval
	descending bool
	negated    bool // a minus before it turns the values round, strings too, but not those that are empty
}

// sort compiles sort(key, key desc, -key …). Without keys the items themselves are
// compared.
func (c *compiler) sort(e *expr) (eval, error) {
	input, err := c.input(e.left)
	if err != nil {
		return nil, err
	}
	var keys []sortKey
	for _, arg := range e.args {
		key := sortKey{}
		if arg.form == directionForm {
			key.descending = arg.text == "desc"
			arg = arg.left
		}
		if arg.form == unaryForm && arg.text == "-" {
			key.negated = true
			arg = arg.left
		}
		if key.of, err = c.operand(arg); err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	if keys == nil {
		keys = []sortKey{{of: dollar("this")}}
	}
	return func(f *frame, this, out []Item) ([]Item, error) {
		in, err := input(f, this, f.take())
		if err == nil {
			out, err = f.sort(in, keys, out)
		}
		f.put(in)
		return out, err
	}, nil
}

// sort appends the items in the order of their keys; items whose keys are equal
// stay as they are. An empty key is lower than all others.
func (f *frame) sort(in []Item, keys []sortKey, out []Item) ([]Item, error) {
	type row struct {
		item Item
		keys []Item // a zero Item for none
	}
	rows := make([]row, len(in))
	err := f.forEach(in, func(this []Item) (bool, error) {
		r := row{item: this[0]}
		for _, key := range keys {
			it, _, err := f.single(key.of, this)
			if err != nil {
				return false, err
			}
			r.keys = append(r.keys, it)
		}
		rows[f.index] = r
		return true, nil
	})
	if err != nil {
		return out, err
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		for i, key := range keys {
			order := 0
			if err == nil {
				order, err = f.rank(a.keys[i], b.keys[i], key.negated)
			}
			if key.descending {
				order = -order
			}
			if order != 0 {
				return order
			}
		}
		return 0
	})
	for _, r := range rows {
		out = append(out, r.item)
	}
	return out, err
}

// rank orders two keys; what has no order, such as dates of different precision,
// is left as it is.
func (f *frame) rank(a, b Item, negated bool) (order int, err error) {
	if err := f.charge(a.weight() + b.weight()); err != nil {
		return 0, err
	}
	switch none, other := a.absent(), b.absent(); {
	case none && other:
		return 0, nil
	case none:
		return -1, nil
	case other:
		return 1, nil
	}
	order, known, err := f.order(a, b)
	switch {
	case !known:
		return 0, err
	case negated:
		return -order, err
	}
	return order, err
}

func (it Item) absent() bool { return it.value == nil && !it.node.Exists() }
