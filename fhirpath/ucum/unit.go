package ucum

import "math/big"

// Unit is the meaning of a UCUM code. It is immutable and safe for concurrent use.
// The zero Unit is the unity, 1. Whether two Units mean the same is asked with
// Comparable and Canonical, not with ==.
type Unit struct{ d *definition }

// definition is a code with its meaning. It never changes.
type definition struct {
	code string
	term powers // the prefixed symbols and numbers that the code multiplies
	meaning
	baseCode string // of meaning.base: the same for all that is comparable
}

var unity = &definition{code: "1", meaning: meaning{factor: big.NewRat(1, 1)}, baseCode: "1"}

func (u Unit) definition() *definition {
	if u.d == nil {
		return unity
	}
	return u.d
}

// Code returns the code as it was parsed, annotations included, or for a product the
// code that Mul and Div describe.
func (u Unit) Code() string { return u.definition().code }

// Comparable tells whether values in u and other can be converted into one another
// (UCUM §17, "commensurable"): they measure the same dimension, and if they contain
// arbitrary or special units, the same ones.
func (u Unit) Comparable(other Unit) bool {
	return u.definition().baseCode == other.definition().baseCode
}

// Special tells whether u is not on a ratio scale (UCUM §21), as temperatures other
// than K and logarithms are not, so that values in it can be neither added nor
// multiplied.
func (u Unit) Special() bool { return u.definition().special }

// Canonical returns value, which is in u, in base units (m, s, g, rad, K, C, cd and
// the units that are comparable with themselves alone), and the code of these.
// Quantities are equal if and only if both results are. The value is the caller's.
func (u Unit) Canonical(value *big.Rat) (*big.Rat, string) {
	d := u.definition()
	return d.toBase(value), d.baseCode
}

// Convert returns how much value, which is in from, is in to. The result is exact
// and the caller's; value is not changed. ok is false if the units are not
// Comparable.
func Convert(value *big.Rat, from, to Unit) (result *big.Rat, ok bool) {
	if !from.Comparable(to) {
		return nil, false
	}
	return to.definition().fromBase(from.definition().toBase(value)), true
}
