package fhirpath

import "reflect"

// aggregationFunctions make one item of many (FHIRPath 3.0, 7). Items of different
// types are ErrOperand: unlike for operators, an Integer is not taken for a Decimal
// then, nor a Date for a DateTime.
var aggregationFunctions = map[string]function{
	"sum": {0, 0, sum},
	"avg": {0, 0, average},
	"min": {0, 0, extreme(low)},
	"max": {0, 0, extreme(high)},
}

// alike holds that all items are of one type.
func (f *frame) alike(in []Item) error {
	var first any
	for i, it := range in {
		if err := f.charge(it.weight()); err != nil {
			return err
		}
		var kind any = reflect.TypeOf(it.system())
		if t, ok := it.temporal(); ok {
			kind = t.kind
		}
		switch {
		case i == 0:
			first = kind
		case kind != first:
			return ErrOperand
		}
	}
	return nil
}

// sum adds numbers or quantities. It is empty where + is, as for a sum beyond an
// Integer.
func sum(f *frame, _ *call, _, in, out []Item) ([]Item, error) {
	total, err := f.addUp(in, func(v any) any { return v })
	if err != nil || total == nil {
		return out, err
	}
	return append(out, Item{value: total}), nil
}

// average is a Decimal or a quantity.
func average(f *frame, _ *call, _, in, out []Item) ([]Item, error) {
	total, err := f.addUp(in, func(v any) any {
		if d, ok := toDecimal(v); ok {
			return d
		}
		return v
	})
	if err != nil || total == nil {
		return out, err
	}
	mean, err := toFraction(total, func(d decimal) decimal {
		return d.quo(whole(int64(len(in)))).fractional()
	})
	return append(out, Item{value: mean}), err
}

// addUp adds the converted values. Nil stands for an empty result.
func (f *frame) addUp(in []Item, convert func(any) any) (total any, err error) {
	if err := f.alike(in); err != nil {
		return nil, err
	}
	for i, it := range in {
		v := convert(it.system())
		if _, ok := toQuantity(v); !ok {
			return nil, ErrOperand
		}
		if i == 0 {
			total = v
			continue
		}
		if total, err = f.calculate("+", Item{value: total}, Item{value: v}); err != nil || total == nil {
			return nil, err
		}
	}
	return total, nil
}

// extreme makes min or max, which compare like < and give the first of equal items.
// They are empty if a comparison is.
func extreme(e end) func(*frame, *call, []Item, []Item, []Item) ([]Item, error) {
	return func(f *frame, _ *call, _, in, out []Item) ([]Item, error) {
		if err := f.alike(in); err != nil || len(in) == 0 {
			return out, err
		}
		best := in[0]
		for _, it := range in { // the first too, since some types have no order
			order, known, err := f.order(it, best)
			if err != nil || !known {
				return out, err
			}
			if order == int(e) {
				best = it
			}
		}
		return append(out, best), nil
	}
}
