package fhirpath

// existenceFunctions answer questions about a collection as a whole (FHIRPath
// 5.1).
var existenceFunctions = map[string]function{
	"empty": {0, 0, func(_ *frame, _ *call, _, in, out []Item) ([]Item, error) {
		return truthOf(len(in) == 0).appendTo(out), nil
	}},
	"not": {0, 0, func(_ *frame, _ *call, _, in, out []Item) ([]Item, error) {
		it, ok, err := one(in)
		if err != nil || !ok {
			return out, err
		}
		value, isBool := it.Bool()
		return truthOf(isBool && !value).appendTo(out), nil
	}},
	"count": {0, 0, func(_ *frame, _ *call, _, in, out []Item) ([]Item, error) {
		return append(out, Item{value: int64(len(in))}), nil
	}},
	"isDistinct": {0, 0, func(f *frame, _ *call, _, in, out []Item) ([]Item, error) {
		for i := range in {
			if found, err := f.within(in[i], in[:i]); err != nil || found {
				return no.appendTo(out), err
			}
		}
		return yes.appendTo(out), nil
	}},
	"allTrue":  {0, 0, quantifier(yes, no)},
	"allFalse": {0, 0, quantifier(no, no)},
	"anyTrue":  {0, 0, quantifier(yes, yes)},
	"anyFalse": {0, 0, quantifier(no, yes)},
	"subsetOf": {1, 1, func(f *frame, c *call, this, in, out []Item) ([]Item, error) {
		err := f.argument(c, 0, this, func(other []Item) (err error) {
			out, err = f.contained(in, other, out)
			return err
		})
		return out, err
	}},
	"supersetOf": {1, 1, func(f *frame, c *call, this, in, out []Item) ([]Item, error) {
		err := f.argument(c, 0, this, func(other []Item) (err error) {
			out, err = f.contained(other, in, out)
			return err
		})
		return out, err
	}},
}

// quantifier makes a function of booleans: any item that is wanted decides if
// found is yes, any that is not decides otherwise.
func quantifier(wanted, found truth) func(*frame, *call, []Item, []Item, []Item) ([]Item, error) {
	return func(f *frame, _ *call, _, in, out []Item) ([]Item, error) {
		result := found.not()
		for _, it := range in {
			value, ok := it.Bool()
			if !ok {
				return out, ErrOperand
			}
			if (truthOf(value) == wanted) == (found == yes) {
				result = found
			}
		}
		return result.appendTo(out), f.charge(len(in))
	}
}

// contained reports whether all items of some are in list.
func (f *frame) contained(some, list, out []Item) ([]Item, error) {
	for _, it := range some {
		if found, err := f.within(it, list); err != nil || !found {
			return no.appendTo(out), err
		}
	}
	return yes.appendTo(out), nil
}
