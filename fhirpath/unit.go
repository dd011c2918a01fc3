package fhirpath

import (
	"math/big"

	"github.com/carillon-fhir/carillon/fhirpath/ucum"
)

// definiteUnits are the UCUM codes of the calendar words that have one length.
// Years and months have none: 1 year is not comparable with 1 'a'.
var definiteUnits = map[string]string{"week": "wk", "day": "d", "hour": "h", "minute": "min", "second": "s", "millisecond": "ms"}

// definite returns what the unit means in UCUM. It is not ok for calendar years and
// months, and for what is no UCUM code.
func (q quantity) definite() (ucum.Unit, bool) {
	code := q.unit
	if word := q.word(); word != "" {
		if code = definiteUnits[word]; code == "" {
			return ucum.Unit{}, false
		}
	}
	unit, err := ucum.Parse(code)
	return unit, err == nil
}

// word returns the calendar word that the unit is, "" if it is none.
func (q quantity) word() string {
	if q.calendar {
		return q.unit
	}
	return calendarUnit(q.unit)
}

// compare orders two quantities. known is false where FHIRPath leaves it open:
// between calendar and definite years, and where units are not of one dimension or
// are no UCUM codes and differ.
func (q quantity) compare(o quantity) (order int, known bool) {
	if q.unit == o.unit && q.calendar == o.calendar {
		return q.value.cmp(o.value), true
	}
	months := map[string]int64{"year": 12, "month": 1}
	if a, b := months[q.word()], months[o.word()]; a != 0 && b != 0 {
		return q.value.mul(whole(a)).cmp(o.value.mul(whole(b))), true
	}
	converted, ok := q.in(o)
	if !ok {
		return 0, false
	}
	return converted.Cmp(o.value.rat()), true
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

// comparable reports whether two quantities can be compared at all.
func (q quantity) comparable(o quantity) bool {
	_, known := q.compare(o)
	return known
}

// equivalent compares at the precision of the less precise quantity. Calendar years
// and months are here as long as those of UCUM.
func (q quantity) equivalent(o quantity) bool {
	q, o = q.mean(), o.mean()
	if q.unit == o.unit {
		places := min(q.value.places(), o.value.places())
		return q.value.round(places).cmp(o.value.round(places)) == 0
	}
	if q.grain(o) < 0 {
		q, o = o, q
	}
	converted, ok := o.in(q)
	if !ok {
		return false
	}
	places := q.value.places()
	return q.value.round(places).cmp(decimalOf(converted).round(places)) == 0
}

// grain compares the sizes of the last digits of two quantities.
func (q quantity) grain(o quantity) int {
	last := func(q quantity) quantity {
		q.value = decimal{small: 1, scale: q.value.places()}
		return q
	}
	order, _ := last(q).compare(last(o))
	return order
}

// mean is q with a calendar word turned into the UCUM code of its mean length.
func (q quantity) mean() quantity {
	word := q.word()
	if word == "" {
		return q
	}
	q.calendar = false
	switch word {
	case "year":
		q.unit = "a"
	case "month":
		q.unit = "mo"
	default:
		q.unit = definiteUnits[word]
	}
	return q
}

// plus adds two quantities of one dimension, in the smaller of their units. It is
// not ok if they have none in common.
func (q quantity) plus(o quantity, negative bool) (sum quantity, ok bool) {
	if negative {
		o.value = o.value.neg()
	}
	if q.unit == o.unit && q.calendar == o.calendar {
		q.value = q.value.add(o.value)
		return q, true
	}
	one := quantity{value: whole(1), unit: o.unit, calendar: o.calendar}
	scale, ok := one.in(q)
	if !ok {
		return q, false
	}
	from, to := o, q
	if scale.Cmp(big.NewRat(1, 1)) < 0 { // o's unit is the smaller
		from, to = q, o
	}
	value, ok := from.in(to)
	if !ok {
		return q, false
	}
	to.value = to.value.add(decimalOf(value))
	return to, true
}

// times multiplies two quantities, or divides them. It is not ok where UCUM has no
// such product, and for a division by zero.
func (q quantity) times(o quantity, quotient bool) (product quantity, ok bool) {
	a, ok1 := q.definite()
	b, ok2 := o.definite()
	if !ok1 || !ok2 || quotient && o.value.sign() == 0 {
		return q, false
	}
	unit, ok := ucum.Mul(a, b)
	value := q.value.mul(o.value)
	if quotient {
		unit, ok = ucum.Div(a, b)
		value = q.value.quo(o.value)
	}
	return quantity{value: value, unit: unit.Code()}, ok
}

// to returns q in another unit, a UCUM code or a calendar word.
func (q quantity) to(unit string) (quantity, bool) {
	target := quantity{unit: unit}
	if word := calendarUnit(unit); word != "" {
		target = quantity{unit: word, calendar: true}
	}
	if q.unit == target.unit && q.calendar == target.calendar {
		return q, true
	}
	months := map[string]int64{"year": 12, "month": 1}
	if a, b := months[q.word()], months[target.word()]; a != 0 && b != 0 {
		target.value = q.value.mul(whole(a)).quo(whole(b))
		return target, true
	}
	value, ok := q.in(target)
	if !ok {
		return q, false
	}
	target.value = decimalOf(value)
	return target, true
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

// unitPredicates are FHIR's addition for quantities.
var unitPredicates = map[string]predicate{
	"comparable": {1, 1, func(f *frame, c *call, this, in []Item) (truth, error) {
		it, ok, err := one(in)
		if err != nil || !ok {
			return unknown, err
		}
		other, ok, err := f.single(c.args[0], this)
		if err != nil || !ok {
			return unknown, err
		}
		a, ok1 := it.system().(quantity)
		b, ok2 := other.system().(quantity)
		if !ok1 || !ok2 {
			return unknown, ErrOperand
		}
		return truthOf(a.comparable(b)), f.step()
	}},
}
