package fhirpath

import (
	"math/big"

	"github.com/carillon-fhir/carillon/fhirpath/ucum"
)

// definite returns what the unit means in UCUM. It is not ok for calendar years and
// months, and for what is no UCUM code.
func (q quantity) definite() (ucum.Unit, bool) {
	if indefinite(q.word()) {
		return ucum.Unit{}, false
	}
	return q.mean()
}

// mean is definite, but for years and months it is their mean length.
func (q quantity) mean() (ucum.Unit, bool) {
	code := q.unit
	if word := q.word(); word != "" {
		code = calendarDurations[word].code
	}
	unit, err := ucum.Parse(code)
	return unit, err == nil
}

// special reports whether the unit is not on a ratio scale.
func (q quantity) special() bool {
	unit, ok := q.definite()
	return ok && unit.Special()
}

// in returns q's value in the unit of o.
func (q quantity) in(o quantity) (*big.Rat, bool) {
	from, ok1 := q.definite()
	to, ok2 := o.definite()
	if !ok1 || !ok2 {
		return nil, false
	}
	return ucum.Convert(q.value.rat(), from, to)
}

// to returns q in another unit, a UCUM code or a calendar word. Between the two, q is
// first converted to what the other unit corresponds to among those of its own kind
// (FHIRPath, Time-valued unit conversions).
func (q quantity) to(unit string) (quantity, bool) {
	target := quantity{unit: unit}
	if word := calendarUnit(unit); word != "" {
		target = quantity{unit: word, calendar: true}
	}
	if q.unit == target.unit && q.calendar == target.calendar {
		return q, true
	}
	from, to := q.word(), target.word()
	if from != "" && to == "" {
		to = calendarWord(unit)
	}
	if from != "" && to != "" {
		value := new(big.Rat).Mul(q.value.rat(), calendarFactor(from, to))
		target.value = decimalOf(value)
		return target, true
	}
	if from != "" { // to a unit of time that has no calendar word
		q, _ = q.to("s")
	}
	a, ok1 := q.mean()
	b, ok2 := target.mean()
	if !ok1 || !ok2 {
		return q, false
	}
	value, ok := ucum.Convert(q.value.rat(), a, b)
	if !ok {
		return q, false
	}
	target.value = decimalOf(value)
	return target, true
}

// compare orders two quantities. known is false where FHIRPath leaves it open:
// between calendar and definite years, and where units are not of one dimension or
// are no UCUM codes and differ.
func (q quantity) compare(o quantity) (order int, known bool) {
	if q.unit == o.unit && q.calendar == o.calendar {
		return q.value.cmp(o.value), true
	}
	if a, b := q.word(), o.word(); a != "" && b != "" {
		return new(big.Rat).Mul(q.value.rat(), calendarFactor(a, b)).Cmp(o.value.rat()), true
	}
	converted, ok := q.in(o)
	if !ok {
		return 0, false
	}
	return converted.Cmp(o.value.rat()), true
}

// equivalent compares in the larger of the two units, as decimals are. It is unknown
// where units are not of one dimension.
func (q quantity) equivalent(o quantity) truth {
	if q.unit != o.unit || q.calendar != o.calendar {
		finer, ok := q.finer(o)
		switch {
		case !ok:
			return unknown
		case finer:
			q, o = o, q
		}
		if o, ok = o.to(q.unit); !ok {
			return unknown
		}
	}
	return truthOf(q.value.equivalent(o.value))
}

// finer reports whether q's unit is the smaller one, the more granular. It is not ok
// if they are not of one dimension.
func (q quantity) finer(o quantity) (finer, ok bool) {
	a, ok1 := q.mean()
	b, ok2 := o.mean()
	if !ok1 || !ok2 || !a.Comparable(b) {
		return false, false
	}
	one, _ := ucum.Convert(big.NewRat(1, 1), a, b)
	zero, _ := ucum.Convert(new(big.Rat), a, b) // is not 0 between scales of temperature
	return one.Sub(one, zero).Cmp(big.NewRat(1, 1)) < 0, true
}

// rat is d as a fraction.
func (d decimal) rat() *big.Rat { return new(big.Rat).SetFrac(d.coefficient(), power10(d.scale)) }

// decimalOf is a fraction as a decimal, rounded behind the point where it has no
// end.
func decimalOf(r *big.Rat) decimal {
	const places = 28
	if n, exact := r.FloatPrec(); exact && n <= maxDigits {
		return fixed(r, n)
	}
	return fixed(r, places)
}

func fixed(r *big.Rat, places int) decimal {
	d, _ := parseDecimal(r.FloatString(places)) // digits, a point and digits
	return d
}

// unitPredicates tell about units (FHIRPath 3.0, 6.2).
var unitPredicates = map[string]predicate{
	"comparable": {1, 1, func(f *frame, c *call, this, in []Item) (result truth, err error) {
		err = f.argument(c, 0, this, func(other []Item) error {
			if len(in) != 1 || len(other) != 1 {
				return nil
			}
			a, ok1 := toQuantity(in[0].system())
			b, ok2 := toQuantity(other[0].system())
			if ok1 && ok2 {
				_, known := a.compare(b)
				result = truthOf(known)
			}
			return f.step()
		})
		return result, err
	}},
}
