package fhirpath

import "strings"

// order compares two single items for < and its kin. known is false where the
// answer is empty: temporals that agree as far as both are precise, and an element
// that is a date with a string.
func (f *frame) order(a, b Item) (order int, known bool, err error) {
	s, isTemporal := a.temporal()
	t, alsoTemporal := b.temporal()
	if isTemporal != alsoTemporal { // four digits beside a string are no year
		isTemporal = isTemporal && !(a.guessed() && s.precision == toYear)
		alsoTemporal = alsoTemporal && !(b.guessed() && t.precision == toYear)
	}
	switch {
	case isTemporal && alsoTemporal:
		order, known, ok := s.compare(t)
		if !ok {
			return 0, false, ErrOperand
		}
		return order, known, nil
	case isTemporal != alsoTemporal:
		date, text := b, a
		if isTemporal {
			date, text = a, b
		}
		_, ok := text.system().(string)
		if ok && (date.value == nil || text.guessed()) {
			return 0, false, nil
		}
		return 0, false, ErrOperand
	}
	x, y := a.system(), b.system()
	if x, ok := x.(string); ok {
		if y, ok := y.(string); ok {
			return strings.Compare(x, y), true, nil
		}
		return 0, false, ErrOperand
	}
	p, ok1 := toDecimal(x)
	q, ok2 := toDecimal(y)
	if ok1 && ok2 {
		return p.cmp(q), true, nil
	}
	u, ok1 := toQuantity(x)
	v, ok2 := toQuantity(y)
	if ok1 && ok2 {
		order, known = u.compare(v)
		return order, known, nil
	}
	return 0, false, ErrOperand
}
