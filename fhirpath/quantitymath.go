package fhirpath

import "github.com/carillon-fhir/carillon/fhirpath/ucum"

// calculateQuantity computes where at least one operand is a quantity. A number is
// one of unit 1. Units that do not fit give an empty result, as do those that are not
// on a ratio scale (FHIRPath 6.6).
func calculateQuantity(op string, x, y any) (any, error) {
	a, ok1 := toQuantity(x)
	b, ok2 := toQuantity(y)
	if !ok1 || !ok2 {
		return nil, ErrOperand
	}
	var result quantity
	var ok bool
	switch op {
	case "+", "-":
		result, ok = a.plus(b, op == "-")
	case "*", "/":
		result, ok = a.times(b, op == "/")
	default:
		return nil, ErrOperand
	}
	switch {
	case !ok || a.special() || b.special():
		return nil, nil
	case !result.value.bounded():
		return nil, ErrLimit
	}
	return result, nil
}

// plus adds two quantities of one dimension, in the smaller of their units, and in
// calendar words if one of them is. It is not ok if they have no unit in common:
// years and months must be converted explicitly.
func (q quantity) plus(o quantity, negative bool) (sum quantity, ok bool) {
	if negative {
		o.value = o.value.neg()
	}
	if q.unit == o.unit && q.calendar == o.calendar {
		q.value = q.value.add(o.value)
		return q, true
	}
	finer, ok := o.finer(q)
	if !ok {
		return q, false
	}
	from, to := o, q
	if finer {
		from, to = q, o
	}
	value, ok := from.in(to)
	if !ok {
		return q, false
	}
	to.value = to.value.add(decimalOf(value))
	if (q.word() == "") == (o.word() == "") {
		return to, true
	}
	if word := calendarWord(to.unit); word != "" {
		to.unit, to.calendar = word, true
	}
	return to, !indefinite(calendarWord(q.unit)) && !indefinite(calendarWord(o.unit))
}

// times multiplies two quantities, or divides them. It is not ok where UCUM has no
// such product, where a calendar word meets another unit than 1, and for a division by
// zero.
func (q quantity) times(o quantity, quotient bool) (product quantity, ok bool) {
	value := decimal{}
	switch {
	case !quotient:
		value = q.value.mul(o.value)
	case o.value.sign() == 0:
		return q, false
	default:
		value = q.value.quo(o.value)
	}
	switch {
	case o.unit == "1":
		return quantity{value, q.unit, q.calendar}, true
	case q.unit == "1" && !quotient:
		return quantity{value, o.unit, o.calendar}, true
	case q.word() != "" || o.word() != "":
		return q, false
	}
	a, ok1 := q.definite()
	b, ok2 := o.definite()
	if !ok1 || !ok2 {
		return q, false
	}
	unit, ok := ucum.Mul(a, b)
	if quotient {
		unit, ok = ucum.Div(a, b)
	}
	return quantity{value: value, unit: unit.Code()}, ok
}
