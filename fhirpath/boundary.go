package fhirpath

import "math/big"

// boundaryFunctions tell between which values one lies that is known to some
// precision only (FHIRPath 3.0, 5.10). A Quantity is bounded in its value, which FHIR
// adds to the specification.
var boundaryFunctions = map[string]function{
	"lowBoundary":  {0, 1, boundary(low)},
	"highBoundary": {0, 1, boundary(high)},
	"precision":    {0, 0, precisionOf},
}

// end is one end of the range of values that a value may stand for.
type end int8

const (
	low  end = -1
	high end = 1
)

// The digits behind the point of the boundary of a Decimal: if none are asked for,
// and at most.
const (
	defaultDigits = 8
	mostDigits    = 31
)

// boundary makes lowBoundary or highBoundary. The argument counts digits. Where no
// value of the type has that many the result is empty.
func boundary(e end) func(*frame, *call, []Item, []Item, []Item) ([]Item, error) {
	return func(f *frame, c *call, this, in, out []Item) ([]Item, error) {
		it, ok, err := one(in)
		if err != nil || !ok {
			return out, err
		}
		digits, given := int64(0), len(c.args) == 1
		if given {
			if digits, ok, err = f.integer(c.args[0], this); err != nil || !ok {
				return out, err
			}
		}
		if err := f.charge(it.weight()); err != nil {
			return out, err
		}
		if t, isTemporal := it.temporal(); isTemporal {
			if !given {
				digits = t.fullDigits()
			}
			if t, ok = t.boundary(e, digits); !ok {
				return out, nil
			}
			return append(out, Item{value: t}), nil
		}
		if !given {
			digits = defaultDigits
		}
		v := it.system()
		if q, isQuantity := v.(quantity); isQuantity {
			if q.value, ok = q.value.boundary(e, digits); !ok {
				return out, nil
			}
			return append(out, Item{value: q}), nil
		}
		d, ok := toDecimal(v)
		if !ok {
			return out, ErrOperand
		}
		if d, ok = d.boundary(e, digits); !ok {
			return out, nil
		}
		return append(out, Item{value: d}), nil
	}
}

// boundary is half a unit of d's last digit away from d. ok is false if digits is
// out of range.
//
// Failure policy: where digits leaves no room for the boundary, the one nearer to
// zero is cut and the other is rounded, so that 1.587.highBoundary(2) is 1.59 and
// 0.0034.highBoundary(1) is 0.0: this is what the official suite wants, though the
// latter lies below the value.
func (d decimal) boundary(e end, digits int64) (decimal, bool) {
	if digits < 0 || digits > mostDigits {
		return d, false
	}
	places := int(digits)
	d = d.add(decimal{small: 5 * int64(e), scale: d.scale + 1})
	switch {
	case d.scale <= places:
		return newDecimal(d.rescaled(places), places), true
	case d.sign() == int(e):
		return d.round(places), true
	}
	unit := power10(d.scale - places)
	return newDecimal(new(big.Int).Quo(d.coefficient(), unit), places), true
}
