package fhirpath

// precisionOf is precision(): the digits behind the point of a number, and all
// digits of a date, dateTime or time (FHIRPath 3.0, 5.10). It has none of a Quantity.
func precisionOf(f *frame, _ *call, _, in, out []Item) ([]Item, error) {
	it, ok, err := one(in)
	if err != nil || !ok {
		return out, err
	}
	if err := f.charge(it.weight()); err != nil {
		return out, err
	}
	if t, ok := it.temporal(); ok {
		return append(out, Item{value: t.digitCount()}), nil
	}
	d, ok := toDecimal(it.system())
	if !ok {
		return out, ErrOperand
	}
	return append(out, Item{value: int64(d.scale)}), nil
}
