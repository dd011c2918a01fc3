package ucum

// Mul returns the unit of the product of a value in a and a value in b: nothing but
// the values' product is to be computed beside it. Its code has each symbol once, in
// the order of their bytes, first those above the line, then those below: cm and cm
// give cm2, kg/m3 and mL give kg.mL/m3. Symbols are not converted; Convert or
// Canonical do that. Annotations are dropped, unless the other unit is 1.
//
// ok is false where UCUM has no product: for temperatures on a scale other than K
// and for logarithmic units (§22), unless the other unit is 1; and where the product
// is beyond the limits of this package.
func Mul(a, b Unit) (product Unit, ok bool) {
	if a.Code() == "1" {
		return b, true
	}
	return combine(a, b, 1)
}

// Div returns the unit of a value in a divided by a value in b, under the rules of
// Mul: g and m give g/m, 1 and s give 1/s, m and m give 1.
func Div(a, b Unit) (quotient Unit, ok bool) {
	return combine(a, b, -1)
}

func combine(a, b Unit, sign int) (Unit, bool) {
	if b.Code() == "1" {
		return a, true
	}
	x, y := a.definition(), b.definition()
	if x.special || y.special {
		return Unit{}, false
	}
	u, err := Parse(x.term.times(y.term, sign).code())
	return u, err == nil
}
